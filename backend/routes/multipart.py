"""Large files in parts: begin, a URL for each part, what has arrived, put together, give up."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from backend.access.rights import Right
from backend.access.token_check import Granted, check_key, needs
from backend.routes.addresses import Addresses
from backend.routes.api import check_target
from backend.routes.bodies import body_of, request_body_schema
from backend.routes.contract import (
    Completed,
    CompleteRequest,
    Key,
    MultipartBegun,
    MultipartRequest,
    Part,
    PartPresigned,
    PartRequest,
    Parts,
    UploadId,
)
from backend.routes.description import NO_CONTENT, refusals
from storage import StorageBackend, StoredPart

PATH = "/api/s3/multipart"


class MultipartRoutes:
    """The requests under /api/s3/multipart."""

    def __init__(self, storage: StorageBackend, addresses: Addresses, *, url_ttl_s: int) -> None:
        self._storage = storage
        self._addresses = addresses
        self._url_ttl_s = url_ttl_s

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(dependencies=[needs(Right.UPLOAD)])
        asked = refusals(400, 413, 503, 507)
        missing = refusals(400, 404, 409, 413, 503, 507)
        router.add_api_route(
            PATH, self.begin, methods=["POST"], responses=asked, openapi_extra=request_body_schema(MultipartRequest)
        )
        router.add_api_route(
            f"{PATH}/part",
            self.presign_part,
            methods=["POST"],
            responses=missing,
            openapi_extra=request_body_schema(PartRequest),
        )
        router.add_api_route(PATH, self.list_parts, methods=["GET"], responses=refusals(400, 404, 503))
        router.add_api_route(
            f"{PATH}/complete",
            self.complete,
            methods=["POST"],
            responses=refusals(400, 404, 409, 413, 503, 507),
            openapi_extra=request_body_schema(CompleteRequest),
        )
        router.add_api_route(
            PATH,
            self.abort,
            methods=["DELETE"],
            status_code=204,
            response_class=Response,
            responses={**NO_CONTENT, **refusals(400, 503)},
        )
        return router

    async def begin(
        self, request: Request, grant: Granted, wanted: Annotated[MultipartRequest, Depends(body_of(MultipartRequest))]
    ) -> MultipartBegun:
        """Begin an upload in parts."""
        check_key(grant, wanted.key)
        check_target(wanted.key, wanted.contentType)
        await self._storage.check_room(wanted.key, wanted.sizeBytes)
        upload_id = await self._storage.begin_parts(wanted.key, content_type=wanted.contentType)
        return MultipartBegun(
            key=wanted.key, uploadId=upload_id, downloadUrl=self._addresses.download(request, wanted.key)
        )

    async def presign_part(
        self, request: Request, grant: Granted, wanted: Annotated[PartRequest, Depends(body_of(PartRequest))]
    ) -> PartPresigned:
        """Give a URL to which one part may be sent, without a Content-Type."""
        check_key(grant, wanted.key)
        url = await self._storage.get_presigned_part_url(
            wanted.key, wanted.uploadId, wanted.partNumber, expires_s=self._url_ttl_s, size_bytes=wanted.sizeBytes
        )
        return PartPresigned(signedUrl=self._addresses.reachable(request, url))

    async def list_parts(self, grant: Granted, key: Key, uploadId: Annotated[UploadId, Query()]) -> Parts:
        """List the parts that have arrived, by their numbers."""
        check_key(grant, key)
        parts = await self._storage.list_parts(key, uploadId)
        return Parts(parts=[Part(partNumber=part.number, sizeBytes=part.size_bytes, etag=part.etag) for part in parts])

    async def complete(
        self, grant: Granted, wanted: Annotated[CompleteRequest, Depends(body_of(CompleteRequest))]
    ) -> Completed:
        """Make the object of its parts."""
        check_key(grant, wanted.key)
        parts = [StoredPart(number=part.partNumber, size_bytes=0, etag=part.etag.strip('"')) for part in wanted.parts]
        stored = await self._storage.complete_parts(wanted.key, wanted.uploadId, parts)
        return Completed(key=wanted.key, sizeBytes=stored.size_bytes, etag=stored.etag)

    async def abort(self, grant: Granted, key: Key, uploadId: Annotated[UploadId, Query()]) -> Response:
        """Give up an upload in parts and remove what has arrived; one that is not there is fine."""
        check_key(grant, key)
        await self._storage.abort_parts(key, uploadId)
        return Response(status_code=204)
