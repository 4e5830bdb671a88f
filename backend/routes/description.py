"""The interface as an OpenAPI document: what the routes themselves don't say of their bodies, answers and refusals."""

from __future__ import annotations

from typing import Any, TypeAlias

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from backend.routes.contract import (
    CompleteRequest,
    MultipartRequest,
    PartRequest,
    PresignManyRequest,
    PresignRequest,
    QuotaRefusalBody,
    RecordRequest,
    RefusalBody,
    ViewerUrlRequest,
)
from backend.routes.key_schema import key_schema
from storage import StorageSettings

Responses: TypeAlias = dict[int | str, dict[str, Any]]

_BODIES: tuple[type[BaseModel], ...] = (
    PresignRequest,
    PresignManyRequest,
    MultipartRequest,
    PartRequest,
    CompleteRequest,
    RecordRequest,
    ViewerUrlRequest,
)
_REFERENCE = "#/components/schemas/{model}"
_TEXTS = {
    400: "The request is not as it must be.",
    401: "The token is missing or wrong.",
    403: "The token is not for this.",
    404: "There is no such thing.",
    409: "Another object is in the way.",
    413: "The request is too large.",
    416: "The file has no such range.",
    500: "What is kept is damaged.",
    502: "The store refuses this backend.",
    503: "The storage can't be used now.",
    507: "The storage is full.",
}
_UNSAID = "Successful Response"
"""FastAPI's description of an answer that has none: that of its body says more."""

_ABOUT = (
    "Requests under `/api` carry `Authorization: Bearer <token>`; signed URLs and what players read need none."
    " A refusal of the API is JSON with `error` and `message`, one of `/objects` is XML as S3 writes it."
)


def refusals(*statuses: int) -> Responses:
    """Return what the document says of these refusals, in JSON."""
    return {
        status: {"description": _TEXTS[status], "model": QuotaRefusalBody if status == 507 else RefusalBody}
        for status in statuses
    }


NO_CONTENT: Responses = {204: {"description": "Done, or there was nothing to do."}}

_XML: dict[str, Any] = {
    "application/xml": {"schema": {"type": "string", "description": "`Error` with `Code` and `Message`."}}
}
_ETAG = {"ETag": {"description": "The entity tag.", "schema": {"type": "string"}}}
_BYTES: dict[str, Any] = {"*/*": {}}


def _in_xml(texts: dict[int, str]) -> Responses:
    return {status: {"description": text, "content": _XML} for status, text in texts.items()}


OBJECT_TAKEN: Responses = {
    200: {"description": "Stored.", "headers": _ETAG},
    **_in_xml(
        {
            400: "InvalidURI, BadDigest, InvalidDigest, InvalidPart, IncompleteBody or EntityTooLarge.",
            403: "AccessDenied or SignatureDoesNotMatch.",
            404: "NoSuchUpload.",
            409: "KeyConflict: another object is in the way.",
            411: "MissingContentLength.",
            503: "ServiceUnavailable: the storage can't be used now.",
            507: "QuotaExceeded or InsufficientStorage.",
        }
    ),
}
OBJECT_GIVEN: Responses = {
    200: {"description": "The object.", "headers": _ETAG, "content": _BYTES},
    206: {"description": "The part that Range asked for.", "headers": _ETAG, "content": _BYTES},
    304: {"description": "The object is the one that If-None-Match names."},
    **_in_xml(
        {
            400: "InvalidURI.",
            403: "AccessDenied: the address has expired.",
            404: "NoSuchKey.",
            416: "InvalidRange.",
            503: "ServiceUnavailable: the storage can't be used now.",
        }
    ),
}
OBJECT_RANGES: Responses = {
    200: {"description": "The file.", "content": _BYTES},
    206: {"description": "The part that Range asked for.", "content": _BYTES},
}
OBJECT_NAMED: Responses = {status: {**said, "content": {}} for status, said in OBJECT_GIVEN.items()}


def openapi_document(app: FastAPI, storage: StorageSettings) -> dict[str, Any]:
    """Return the OpenAPI document of all of an app's routes, with the keys that a storage takes."""
    document = get_openapi(title=app.title, version=app.version, description=_ABOUT, routes=app.routes)
    schemas = document["components"]["schemas"]
    for model in _BODIES:
        schema = model.model_json_schema(ref_template=_REFERENCE)
        schemas.update(schema.pop("$defs", {}))
        schemas[model.__name__] = schema
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"] = _answers(operation["responses"], schemas)
    _describe_keys(document, of_all=key_schema()["pattern"], schema=key_schema(storage))
    return document


def _describe_keys(node: Any, *, of_all: str, schema: dict[str, Any]) -> None:  # noqa: ANN401  # any JSON
    """Put what is true of the keys of this storage in place of what is true of those of all."""
    if isinstance(node, dict) and node.get("pattern") == of_all:
        node.update(schema)
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        _describe_keys(inner, of_all=of_all, schema=schema)


def _answers(responses: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return an operation's answers by status, without FastAPI's own to a wrong request, which is never given here."""
    kept = {status: responses[status] for status in sorted(responses) if status != "422"}
    for answer in kept.values():
        reference = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref")
        if reference and answer["description"] == _UNSAID:
            answer["description"] = schemas[reference.rpartition("/")[2]]["description"]
    return kept
