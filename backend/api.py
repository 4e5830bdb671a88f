"""The requests that every backend must answer: checking a token, signing URLs, storing and listing file records."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from backend.addresses import Addresses
from backend.bodies import body_of, request_body_schema
from backend.contract import (
    MAX_PAGE,
    KeptRecord,
    Presigned,
    PresignedMany,
    PresignManyRequest,
    PresignRequest,
    RecordRequest,
    Records,
    Valid,
    is_content_type,
)
from backend.description import refusals
from backend.error_responses import ApiRefusal
from backend.records import FileRecords
from backend.settings import BackendSettings
from storage import Access, StorageBackend, check_path


class ApiRoutes:
    """The API under the configured paths."""

    def __init__(
        self, settings: BackendSettings, storage: StorageBackend, records: FileRecords, addresses: Addresses
    ) -> None:
        self._settings = settings
        self._storage = storage
        self._records = records
        self._addresses = addresses

    def router(self) -> APIRouter:
        """Return the routes."""
        router, endpoints = APIRouter(), self._settings.endpoints
        presign, records = _path(endpoints.presign_endpoint), _path(endpoints.record_endpoint)
        router.add_api_route(_path(endpoints.validate_endpoint), self.validate, methods=["GET"])
        router.add_api_route(
            presign,
            self.presign,
            methods=["POST"],
            response_model_exclude_none=True,
            responses=refusals(400, 413, 503, 507),
            openapi_extra=request_body_schema(PresignRequest),
        )
        router.add_api_route(
            "/api/s3/presign",
            self.presign_many,
            methods=["POST"],
            response_model_exclude_none=True,
            responses=refusals(400, 413, 503, 507),
            openapi_extra=request_body_schema(PresignManyRequest),
        )
        router.add_api_route(
            records,
            self.add_record,
            methods=["POST"],
            status_code=201,
            responses={
                200: {"model": KeptRecord, "description": "The video had a record: this one took its place."},
                **refusals(400, 413, 503),
            },
            openapi_extra=request_body_schema(RecordRequest),
        )
        router.add_api_route(records, self.list_records, methods=["GET"], responses=refusals(400, 404, 503))
        router.add_api_route(f"{records}/{{record_id}}", self.get_record, methods=["GET"], responses=refusals(404, 503))
        return router

    async def validate(self) -> Valid:
        """Say that the token is good."""
        return Valid(valid=True)

    async def presign(
        self, request: Request, wanted: Annotated[PresignRequest, Depends(body_of(PresignRequest))]
    ) -> Presigned:
        """Give a URL to which one file may be sent once its token was looked at here:
        the store never sees the token.
        """
        return await self._presigned(request, wanted)

    async def presign_many(
        self, request: Request, wanted: Annotated[PresignManyRequest, Depends(body_of(PresignManyRequest))]
    ) -> PresignedMany:
        """Give URLs for several files, or for none of them."""
        return PresignedMany(files=[await self._presigned(request, file) for file in wanted.files])

    async def _presigned(self, request: Request, wanted: PresignRequest) -> Presigned:
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
            headers=dict(self._storage.put_headers) or None,
        )

    async def add_record(
        self, response: Response, record: Annotated[RecordRequest, Depends(body_of(RecordRequest))]
    ) -> KeptRecord:
        """Keep a file record, in place of the one that the video had; answer with it, its id and its time."""
        kept, updated = await asyncio.to_thread(self._records.add, record.model_dump())
        if updated:
            response.status_code = 200
        return KeptRecord.model_validate(kept)

    async def list_records(
        self, after: str | None = None, limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE
    ) -> Records:
        """List file records, oldest first; `after` is the id of the last one of the page before."""
        try:
            files, more = await asyncio.to_thread(lambda: self._records.page(after=after, limit=limit))
        except KeyError as error:
            raise ApiRefusal(404, "NotFound", "No file record has the id that is given as 'after'.") from error
        kept = [KeptRecord.model_validate(record) for record in files]
        return Records(files=kept, next=kept[-1].id if more else None)

    async def get_record(self, record_id: str) -> KeptRecord:
        """Give one file record."""
        record = await asyncio.to_thread(self._records.get, record_id)
        if record is None:
            raise ApiRefusal(404, "NotFound", "No file record has this id.")
        return KeptRecord.model_validate(record)


def check_target(key: str, content_type: str) -> None:
    """See that an object may be stored under this key and with this type. Raises InvalidPathError, ApiRefusal."""
    check_path(key)
    if not is_content_type(content_type):
        raise ApiRefusal(400, "InvalidContentType", f"{content_type!r} is not a content type, such as video/mp2t.")


def _path(endpoint: str) -> str:
    return "/" + endpoint.lstrip("/")
