"""The backend's error responses: JSON in the API, XML as S3 writes it for objects."""

from __future__ import annotations

from collections.abc import Mapping
from xml.sax.saxutils import escape

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from backend.state.sqlite_file import SqliteFileError
from storage import (
    IncompleteObjectError,
    InvalidPartError,
    InvalidPathError,
    ObjectNotFoundError,
    PathConflictError,
    SizeUnknownError,
    StorageError,
    StorageFullError,
    StorageQuotaExceededError,
    UploadNotFoundError,
)

_API: dict[type[StorageError], tuple[int, str]] = {
    InvalidPathError: (400, "InvalidKey"),
    InvalidPartError: (409, "InvalidPart"),
    SizeUnknownError: (400, "SizeNeeded"),
    ObjectNotFoundError: (404, "NotFound"),
    UploadNotFoundError: (404, "NoSuchUpload"),
    PathConflictError: (409, "Conflict"),
    StorageQuotaExceededError: (507, "QuotaExceeded"),
    StorageFullError: (507, "InsufficientStorage"),
}
_OBJECTS: dict[type[StorageError], tuple[int, str]] = {
    InvalidPathError: (400, "InvalidURI"),
    InvalidPartError: (400, "InvalidPart"),
    IncompleteObjectError: (400, "IncompleteBody"),
    ObjectNotFoundError: (404, "NoSuchKey"),
    UploadNotFoundError: (404, "NoSuchUpload"),
    PathConflictError: (409, "KeyConflict"),
    StorageQuotaExceededError: (507, "QuotaExceeded"),
    StorageFullError: (507, "InsufficientStorage"),
}


RETRY_AFTER_S = 5
"""In how many seconds a client may ask for file records again that can't be used now."""


class ApiRefusal(Exception):
    """A request to the API that can't be done: a short code (`error`), a sentence (`message`), and `figures`."""

    def __init__(self, status: int, error: str, message: str, figures: Mapping[str, int | str] | None = None) -> None:
        self.status = status
        self.error = error
        self.message = message
        self.figures = figures or {}
        super().__init__(message)


class ObjectRefusal(Exception):
    """A request for an object that can't be done; `code` is the one that S3 uses (Amazon S3 API, "Error responses")."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.headers: dict[str, str] = {"Cache-Control": "no-store"}  # what is missing now may come
        super().__init__(message)


def object_refusal(error: StorageError) -> ObjectRefusal:
    """Return what a client that sends or fetches a file is told about a storage's error."""
    # 503, and S3's code for it: what the storage itself can't do now may be possible in a while
    status, code = _OBJECTS.get(type(error), (503, "ServiceUnavailable"))
    return ObjectRefusal(status, code, str(error))


def api_refusal(error: StorageError) -> ApiRefusal:
    """Return what a client of the API is told about a storage's error."""
    # 503: what the storage itself can't do now may be possible in a while, and clients try that again.
    status, code = _API.get(type(error), (503, "StorageUnavailable"))
    figures: dict[str, int | str] = {}
    if isinstance(error, StorageQuotaExceededError):
        figures = {
            "maxSizeBytes": error.max_size_bytes,
            "usedBytes": error.used_bytes,
            "wantedBytes": error.wanted_bytes,
        }
        if error.prefix:
            figures["prefix"] = error.prefix
    return ApiRefusal(status, code, str(error), figures)


async def answer_api_refusal(_: Request, error: Exception) -> Response:
    """Write an ApiRefusal as JSON."""
    assert isinstance(error, ApiRefusal)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    content = {"error": error.error, "message": error.message, **error.figures}
    return JSONResponse(content, status_code=error.status, headers=headers)


async def answer_object_refusal(request: Request, error: Exception) -> Response:
    """Write an ObjectRefusal as XML."""
    assert isinstance(error, ObjectRefusal)
    text = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
    body = "" if request.method == "HEAD" else '<?xml version="1.0" encoding="UTF-8"?>\n' + text
    return Response(body, status_code=error.status, media_type="application/xml", headers=error.headers)


async def answer_storage(request: Request, error: Exception) -> Response:
    """Write a storage's error that a route of the API let through."""
    assert isinstance(error, StorageError)
    return await answer_api_refusal(request, api_refusal(error))


async def answer_records(request: Request, error: Exception) -> Response:
    """Write that the file records can't be read or written now."""
    assert isinstance(error, SqliteFileError)
    response = await answer_api_refusal(request, ApiRefusal(503, "RecordsUnavailable", str(error)))
    response.headers["Retry-After"] = str(RETRY_AFTER_S)
    return response


async def answer_invalid(request: Request, error: Exception) -> Response:
    """Write which part of a query is not as it should be."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    return await answer_api_refusal(request, ApiRefusal(400, "InvalidRequest", f"{first['loc'][-1]}: {first['msg']}."))


async def answer_disconnected(_: Request, error: Exception) -> Response:
    """Answer a client that disconnected before it had sent everything."""
    return Response(status_code=400)


async def answer_other(request: Request, error: Exception) -> Response:
    """Write what the framework itself refuses, such as an unknown path."""
    assert isinstance(error, HTTPException)
    content = {"error": "NotFound" if error.status_code == 404 else "Refused", "message": f"{error.detail}."}
    headers = dict(error.headers or {})
    if error.status_code == 405:
        headers["Allow"] = ", ".join(sorted(_methods(request)))
    return JSONResponse(content, status_code=error.status_code, headers=headers)


def _methods(request: Request) -> set[str]:
    """Return the methods that a path has; the framework itself tells those of the first of its routes."""
    asked = {method: {**request.scope, "method": method} for method in ("GET", "HEAD", "POST", "PUT", "DELETE")}
    return {
        method
        for method, scope in asked.items()
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    }
