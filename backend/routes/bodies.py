"""Reads the body of a request to the API: bounded, as JSON, and as the contract has it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from fastapi import Request
from pydantic import BaseModel, ValidationError

from backend.routes.error_responses import ApiRefusal
from backend.serving.noted_requests import KEYS

MAX_BODY_BYTES = 1 << 20
"""The largest body that is collected: ten thousand parts of an upload fit."""

_Body = TypeVar("_Body", bound=BaseModel)


def body_of(model: type[_Body], *, max_bytes: int = MAX_BODY_BYTES) -> Callable[[Request], Awaitable[_Body]]:
    """Return a FastAPI dependency that reads the body as `model`; one of more than `max_bytes` is refused.

    It comes after the token's: strangers send nothing.
    """

    async def validated(request: Request) -> _Body:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise ApiRefusal(413, "TooLarge", f"The request has more than {max_bytes} bytes.")
        try:
            read = model.model_validate_json(bytes(body))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "the body"
            raise ApiRefusal(400, "InvalidRequest", f"{field}: {first['msg']}.") from error
        setattr(request.state, KEYS, _keys(read))
        return read

    return validated


def _keys(body: BaseModel) -> tuple[str, ...]:
    """Return the keys of the objects that a request is about, for its line in the log."""
    named = [one.key for one in getattr(body, "files", (body,)) if hasattr(one, "key")]
    record = getattr(body, "s3Keys", None)
    return tuple(named if record is None else filter(None, (record.hls, record.mp4)))


def request_body_schema(model: type[BaseModel]) -> dict[str, Any]:
    """Return what the OpenAPI document says of a body read by `body_of`."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}
