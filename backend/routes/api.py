"""The requests that every backend must answer: checking a token and signing URLs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from backend.access.rights import Grant, Right
from backend.access.token_check import Granted, check_key, needs
from backend.routes.addresses import Addresses
from backend.routes.bodies import body_of, request_body_schema
from backend.routes.contract import (
    Presigned,
    PresignedMany,
    PresignManyRequest,
    PresignRequest,
    Valid,
    is_content_type,
)
from backend.routes.description import refusals
from backend.routes.error_responses import ApiRefusal
from backend.settings import BackendSettings
from storage import Access, StorageBackend, check_path


class ApiRoutes:
    """The API under the configured paths."""

    def __init__(self, settings: BackendSettings, storage: StorageBackend, addresses: Addresses) -> None:
        self._settings = settings
        self._storage = storage
        self._addresses = addresses

    def router(self) -> APIRouter:
        """Return the routes."""
        router, endpoints = APIRouter(), self._settings.endpoints
        presign = route_path(endpoints.presign_endpoint)
        router.add_api_route(route_path(endpoints.validate_endpoint), self.validate, methods=["GET"])
        router.add_api_route(
            presign,
            self.presign,
            methods=["POST"],
            dependencies=[needs(Right.UPLOAD)],
            response_model_exclude_none=True,
            responses=refusals(400, 413, 503, 507),
            openapi_extra=request_body_schema(PresignRequest),
        )
        router.add_api_route(
            "/api/s3/presign",
            self.presign_many,
            methods=["POST"],
            dependencies=[needs(Right.UPLOAD)],
            response_model_exclude_none=True,
            responses=refusals(400, 413, 503, 507),
            openapi_extra=request_body_schema(PresignManyRequest),
        )
        return router

    async def validate(self) -> Valid:
        """Say that the token is good."""
        return Valid(valid=True)

    async def presign(
        self, request: Request, grant: Granted, wanted: Annotated[PresignRequest, Depends(body_of(PresignRequest))]
    ) -> Presigned:
        """Give a URL to which one file may be sent once its token was looked at here:
        the store never sees the token.
        """
        return await self._presigned(request, grant, wanted)

    async def presign_many(
        self,
        request: Request,
        grant: Granted,
        wanted: Annotated[PresignManyRequest, Depends(body_of(PresignManyRequest))],
    ) -> PresignedMany:
        """Give URLs for several files, or for none of them."""
        return PresignedMany(files=[await self._presigned(request, grant, file) for file in wanted.files])

    async def _presigned(self, request: Request, grant: Grant, wanted: PresignRequest) -> Presigned:
        check_key(grant, wanted.key)
        check_target(wanted.key, wanted.contentType)
        url = await self._storage.get_presigned_url(
            wanted.key,
            Access.WRITE,
            expires_s=self._settings.url_ttl_s,
            content_type=wanted.contentType,
            size_bytes=wanted.sizeBytes,
        )
        return Presigned(
            key=wanted.key,
            signedUrl=self._addresses.reachable(request, url),
            downloadUrl=self._addresses.download(request, wanted.key),
            headers=dict(self._storage.put_headers(wanted.key, wanted.contentType)) or None,
        )


def check_target(key: str, content_type: str) -> None:
    """See that an object may be stored under this key and with this type. Raises InvalidPathError, ApiRefusal."""
    check_path(key)
    if not is_content_type(content_type):
        raise ApiRefusal(400, "InvalidContentType", f"{content_type!r} is not a content type, such as video/mp2t.")


def route_path(endpoint: str) -> str:
    """Return the path of one of the configured endpoints."""
    return "/" + endpoint.lstrip("/")
