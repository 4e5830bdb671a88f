"""How the backend says no: JSON where the program asks it, XML as S3 writes it where files are sent."""

from __future__ import annotations

from xml.sax.saxutils import escape

from fastapi import Request
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException


class ApiRefusal(Exception):
    """A request to the API that can't be done: `error` is a short code, `message` a sentence."""

    def __init__(self, status: int, error: str, message: str) -> None:
        self.status = status
        self.error = error
        self.message = message
        super().__init__(message)


class ObjectRefusal(Exception):
    """A request for an object that can't be done; `code` is the one that S3 uses (Amazon S3 API, "Error responses")."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.headers: dict[str, str] = {}
        super().__init__(message)


async def answer_api_refusal(_: Request, error: Exception) -> Response:
    """Write an ApiRefusal as JSON."""
    assert isinstance(error, ApiRefusal)
    headers = {"WWW-Authenticate": "Bearer"} if error.status == 401 else None
    return JSONResponse({"error": error.error, "message": error.message}, status_code=error.status, headers=headers)


async def answer_object_refusal(request: Request, error: Exception) -> Response:
    """Write an ObjectRefusal as XML."""
    assert isinstance(error, ObjectRefusal)
    text = f"<Error><Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"
    body = "" if request.method == "HEAD" else '<?xml version="1.0" encoding="UTF-8"?>\n' + text
    return Response(body, status_code=error.status, media_type="application/xml", headers=error.headers)


async def answer_other(_: Request, error: Exception) -> Response:
    """Write what the framework itself refuses, such as an unknown path."""
    assert isinstance(error, HTTPException)
    content = {"error": "NotFound" if error.status_code == 404 else "Refused", "message": f"{error.detail}."}
    return JSONResponse(content, status_code=error.status_code, headers=error.headers)
