"""What this backend can do, and what is stored: pages of objects, single ones, manifests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from backend.access.rights import Right
from backend.access.token_check import Granted, check_key, needs
from backend.routes.addresses import Addresses
from backend.routes.contract import (
    MAX_PAGE,
    MAX_PRESIGN,
    PART_BYTES,
    Capabilities,
    FoundObject,
    Key,
    ListedObject,
    MultipartLimits,
    Objects,
)
from backend.routes.description import NO_CONTENT, Responses, refusals
from backend.routes.error_responses import ApiRefusal
from backend.routes.objects import ObjectResponse
from backend.routes.ranges import BodyRange
from pipeline.timestamps import utc_text
from storage import (
    MAX_PARTS,
    MAX_PUT_BYTES,
    MIN_PART_BYTES,
    Access,
    InvalidPathError,
    ObjectNotFoundError,
    StorageBackend,
    StoragePathBuilder,
    StoredObject,
)


class CatalogueRoutes:
    """The requests under /api/s3 that look at what is there."""

    def __init__(self, storage: StorageBackend, addresses: Addresses, *, bucket: str | None, url_ttl_s: int) -> None:
        self._storage = storage
        self._addresses = addresses
        self._bucket = bucket
        self._url_ttl_s = url_ttl_s

    def router(self) -> APIRouter:
        """Return the routes."""
        router, reading = APIRouter(), [needs(Right.READ)]
        router.add_api_route("/api/s3/capabilities", self.capabilities, methods=["GET"])
        router.add_api_route(
            "/api/s3/objects",
            self.list_objects,
            methods=["GET"],
            response_model=Objects,
            dependencies=reading,
            responses=refusals(400),
        )
        router.add_api_route(
            "/api/s3/object", self.find_object, methods=["GET"], dependencies=reading, responses=refusals(400, 404)
        )
        router.add_api_route(
            "/api/s3/object",
            self.delete_object,
            methods=["DELETE"],
            status_code=204,
            response_class=Response,
            dependencies=[needs(Right.DELETE)],
            responses={**NO_CONTENT, **refusals(400)},
        )
        manifest: Responses = {
            200: {"description": "The manifest as it is stored.", "content": {"application/json": {}}}
        }
        router.add_api_route(
            "/api/s3/manifest",
            self.manifest,
            methods=["GET"],
            response_class=Response,
            dependencies=reading,
            responses={**manifest, **refusals(404)},
        )
        return router

    async def capabilities(self, grant: Granted) -> Capabilities:
        """Say what this backend has beyond the three requests that every one has, for the holder of the token."""
        reads = Right.READ in grant.rights
        return Capabilities(
            version=1,
            bucket=self._bucket,
            presignMany=MAX_PRESIGN,
            declaredSize=True,
            contentMd5=True,
            maxPutBytes=MAX_PUT_BYTES,
            multipart=MultipartLimits(partBytes=PART_BYTES, minPartBytes=MIN_PART_BYTES, maxParts=MAX_PARTS),
            list=reads,
            read=reads,
            delete=Right.DELETE in grant.rights,
            manifest=reads,
            deleteRecord=Right.DELETE in grant.rights,
            viewerUrls=reads,
        )

    async def list_objects(
        self,
        grant: Granted,
        prefix: str = "",
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
    ) -> Response:
        """List the objects that the token is for by the UTF-8 bytes of their keys; `after` is the last key of the page
        before.
        """
        found: list[ListedObject] = []
        following: str | None = None
        places = grant.listed(prefix)
        if not places:  # an empty list would say that nothing is stored there
            check_key(grant, prefix)
        try:
            async for stored in self._below(places, after):
                if len(found) == limit:
                    following = found[-1].key
                    break
                found.append(ListedObject(etag=stored.etag or None, **_described(stored)))
        except InvalidPathError:
            pass  # no key can begin like this, so none does
        # as text: a thousand objects would be checked and turned into JSON one by one
        return Response(Objects(objects=found, next=following).model_dump_json(), media_type="application/json")

    async def _below(self, places: list[str], after: str) -> AsyncIterator[StoredObject]:
        for place in places:
            async for stored in self._storage.list_objects(place, after=after):
                yield stored

    async def find_object(self, request: Request, grant: Granted, key: Key) -> FoundObject:
        """Say what is stored under a key and where to read it."""
        check_key(grant, key)
        stored = await self._storage.find(key)
        url = await self._storage.get_presigned_url(key, Access.READ, expires_s=self._url_ttl_s)
        return FoundObject(etag=stored.etag or None, url=self._addresses.reachable(request, url), **_described(stored))

    async def delete_object(self, grant: Granted, key: Key) -> Response:
        """Delete an object; one that is not there is fine."""
        check_key(grant, key)
        await self._storage.delete(key)
        return Response(status_code=204)

    async def manifest(self, grant: Granted, prefix: str = "") -> Response:
        """Give the manifest that is stored under a prefix, which may end with a slash or not."""
        check_key(grant, f"{prefix.rstrip('/')}/")
        try:
            opened = await self._storage.open(StoragePathBuilder(prefix).manifest)
        except (ObjectNotFoundError, InvalidPathError) as error:
            raise ApiRefusal(404, "NotFound", f"No manifest is stored under {prefix!r}.") from error
        size_bytes = opened.info.size_bytes
        headers = {"Content-Type": "application/json", "Content-Length": str(size_bytes), "Cache-Control": "no-cache"}
        return ObjectResponse(opened, BodyRange(start=0, stop=size_bytes), status_code=200, headers=headers)


def _described(stored: StoredObject) -> dict[str, Any]:
    return {
        "key": stored.path,
        "sizeBytes": stored.size_bytes,
        "md5": stored.md5,
        "lastModified": utc_text(int(stored.modified_s)),
    }
