"""The three questions of the uploader: is my token good, where may I put this file, take note of this video."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import quote

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.answers import ApiRefusal
from backend.records import FileRecords
from backend.settings import BackendSettings
from backend.signing import UrlSigner
from storage import InvalidPathError, check_path

MAX_BODY_BYTES = 1 << 20
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+( ?; ?[\w.+-]+=[\w.+\"-]+)*", re.ASCII)
_Body = TypeVar("_Body", bound=BaseModel)


class _Strict(BaseModel):
    """Takes the fields of the contract and no others, so that a client that sends more is found out here."""

    model_config = ConfigDict(extra="forbid", strict=True)


class PresignRequest(_Strict):
    """What a client asks a signed URL for."""

    key: str
    contentType: str


class RecordKeys(_Strict):
    """Where a video's files are; null for what was not made."""

    hls: str | None
    mp4: str | None = None
    transcript: str | None = None


class RecordMetadata(_Strict):
    """What is known of a video; `duration` in seconds."""

    duration: float | None = None
    qualities: list[str] = []


class RecordRequest(_Strict):
    """One finished video."""

    name: str = Field(min_length=1)
    type: str
    language: str
    parentFolder: str | None = None
    sessionId: str | None = None
    s3Keys: RecordKeys
    metadata: RecordMetadata


class ApiRoutes:
    """The API under the configured paths. Every request needs the bearer token."""

    def __init__(self, settings: BackendSettings, signer: UrlSigner, records: FileRecords, clock: Callable[[], float]) -> None:
        self._settings = settings
        self._signer = signer
        self._records = records
        self._clock = clock

    def router(self) -> APIRouter:
        """Return the routes."""
        router, endpoints = APIRouter(), self._settings.endpoints
        router.add_api_route(_path(endpoints.validate_endpoint), self.validate, methods=["GET"])
        router.add_api_route(_path(endpoints.presign_endpoint), self.presign, methods=["POST"])
        router.add_api_route(_path(endpoints.record_endpoint), self.add_record, methods=["POST"])
        router.add_api_route(_path(endpoints.record_endpoint), self.list_records, methods=["GET"])
        return router

    async def validate(self, request: Request) -> Response:
        """Say that the token is good."""
        self._require_token(request)
        return JSONResponse({"valid": True})

    async def presign(self, request: Request) -> Response:
        """Give a URL to which one file may be sent once its token was looked at here: the store never sees the token."""
        self._require_token(request)
        wanted = await _read(request, PresignRequest)
        try:
            check_path(wanted.key)
        except InvalidPathError as error:
            raise ApiRefusal(400, "InvalidKey", str(error)) from error
        if not _CONTENT_TYPE.fullmatch(wanted.contentType):
            raise ApiRefusal(400, "InvalidContentType", f"{wanted.contentType!r} is not a content type, such as video/mp2t.")
        expires = int(self._clock()) + self._settings.url_ttl_s
        query = self._signer.query(method="PUT", key=wanted.key, content_type=wanted.contentType, expires=expires)
        here = str(request.base_url).rstrip("/")
        place = f"/objects/{quote(wanted.key)}"
        public = self._settings.public_base_url or here
        return JSONResponse({"key": wanted.key, "signedUrl": f"{here}{place}?{query}", "downloadUrl": f"{public}{place}"})

    async def add_record(self, request: Request) -> Response:
        """Keep a file record; answer with it, its id and its time."""
        self._require_token(request)
        record = await _read(request, RecordRequest)
        kept = await asyncio.to_thread(self._records.add, record.model_dump())
        return JSONResponse(kept, status_code=201)

    async def list_records(self, request: Request) -> Response:
        """List all file records, oldest first."""
        self._require_token(request)
        return JSONResponse({"files": await asyncio.to_thread(self._records.all)})

    def _require_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        # Header texts are latin-1 (RFC 9110), the token is whatever the settings say.
        good = hmac.compare_digest(token.strip().encode("latin-1"), self._settings.token.encode())
        if scheme.lower() != "bearer" or not good:
            raise ApiRefusal(401, "Unauthorized", "The token is missing or wrong: use the one with which this backend was started.")


async def _read(request: Request, model: type[_Body]) -> _Body:
    """Return the request's body as a model. Raises ApiRefusal."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise ApiRefusal(413, "TooLarge", "The request is too large.")
    try:
        return model.model_validate_json(bytes(body))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the body"
        raise ApiRefusal(400, "InvalidRequest", f"{field}: {first['msg']}.") from error


def _path(endpoint: str) -> str:
    return "/" + endpoint.lstrip("/")
