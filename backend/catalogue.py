"""What this backend can do, and what is stored: pages of objects, single ones, manifests."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from backend.addresses import Addresses
from backend.contract import (
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
from backend.description import NO_CONTENT, Responses, refusals
from backend.error_responses import ApiRefusal
from backend.objects import ObjectResponse
from backend.ranges import BodyRange
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
        router = APIRouter()
        router.add_api_route("/api/s3/capabilities", self.capabilities, methods=["GET"])
        router.add_api_route(
            "/api/s3/objects",
            self.list_objects,
            methods=["GET"],
            response_model=Objects,
            responses=refusals(400, 503),
        )
        router.add_api_route("/api/s3/object", self.find_object, methods=["GET"], responses=refusals(400, 404, 503))
        router.add_api_route(
            "/api/s3/object",
            self.delete_object,
            methods=["DELETE"],
            status_code=204,
            response_class=Response,
            responses={**NO_CONTENT, **refusals(400, 503)},
        )
        manifest: Responses = {
            200: {"description": "The manifest as it is stored.", "content": {"application/json": {}}}
        }
        router.add_api_route(
            "/api/s3/manifest",
            self.manifest,
            methods=["GET"],
            response_class=Response,
            responses={**manifest, **refusals(404, 503)},
        )
        return router

    async def capabilities(self) -> Capabilities:
        """Say what this backend has beyond the three requests that every one has."""
        return Capabilities(
            version=1,
            bucket=self._bucket,
            presignMany=MAX_PRESIGN,
            declaredSize=True,
            contentMd5=True,
            maxPutBytes=MAX_PUT_BYTES,
            multipart=MultipartLimits(partBytes=PART_BYTES, minPartBytes=MIN_PART_BYTES, maxParts=MAX_PARTS),
            list=True,
            read=True,
            delete=True,
            manifest=True,
            deleteRecord=True,
        )

    async def list_objects(
        self, prefix: str = "", after: str = "", limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE
    ) -> Response:
        """List objects by the UTF-8 bytes of their keys; `after` is the last key of the page before."""
        found: list[ListedObject] = []
        following: str | None = None
        try:
            async for stored in self._storage.list_objects(prefix, after=after):
                if len(found) == limit:
                    following = found[-1].key
                    break
                found.append(ListedObject(etag=stored.etag or None, **_described(stored)))
        except InvalidPathError:
            pass  # no key can begin like this, so none does
        # as text: a thousand objects would be checked and turned into JSON one by one
        return Response(Objects(objects=found, next=following).model_dump_json(), media_type="application/json")

    async def find_object(self, request: Request, key: Key) -> FoundObject:
        """Say what is stored under a key and where to read it."""
        stored = await self._storage.find(key)
        url = await self._storage.get_presigned_url(key, Access.READ, expires_s=self._url_ttl_s)
        return FoundObject(etag=stored.etag, url=self._addresses.reachable(request, url), **_described(stored))

    async def delete_object(self, key: Key) -> Response:
        """Delete an object; one that is not there is fine."""
        await self._storage.delete(key)
        return Response(status_code=204)

    async def manifest(self, prefix: str = "") -> Response:
        """Give the manifest that is stored under a prefix, which may end with a slash or not."""
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
