"""The interface to read: the OpenAPI document, and a page of it that needs no script and no other site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, JSONResponse, Response

from backend.routes.player_page import page_headers
from backend.settings import BackendSettings

_PAGE = Path(__file__).parents[1] / "player" / "reference.html"
_INDENT = "  "


class ReferenceRoutes:
    """/openapi.json and /docs. Nothing here needs the token: it is what anybody can read in the program's source."""

    def __init__(self, settings: BackendSettings, document: dict[str, Any]) -> None:
        self._document = document
        self._page = reference_page(document, base=urlsplit(settings.public_base_url).path.rstrip("/"))

    def router(self) -> APIRouter:
        """Return the routes."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/openapi.json", self.document, methods=["GET"])
        router.add_api_route("/docs", self.page, methods=["GET"])
        return router

    async def document(self) -> Response:
        """Give the OpenAPI document."""
        return JSONResponse(self._document)

    async def page(self) -> Response:
        """Give the page."""
        return HTMLResponse(self._page, headers=page_headers())


def reference_page(document: Mapping[str, Any], *, base: str) -> str:
    """Return an OpenAPI document as an HTML page. `base` is the path before the links to the page's own files."""
    schemas = document["components"]["schemas"]
    operations = "\n".join(
        _operation(method, path, operation, schemas)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    )
    text = Template(_PAGE.read_text(encoding="utf-8"))
    about = escape(document["info"]["description"]).replace("`", "")
    return text.substitute(
        base=escape(base), title=escape(document["info"]["title"]), about=about, operations=operations
    )


def shape(schema: Mapping[str, Any], schemas: Mapping[str, Any], depth: int = 0) -> str:
    """Return a schema as JSON with types in place of values; `?` is behind the name of a field that may be left out."""
    if "$ref" in schema:
        return shape(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    if "anyOf" in schema:
        return " or ".join(shape(choice, schemas, depth) for choice in schema["anyOf"])
    kind = schema.get("type", "anything")
    if kind == "array":
        return f"[{shape(schema['items'], schemas, depth)}, …]"
    if kind != "object":
        return str(kind)
    if "properties" not in schema:  # names that nobody knows beforehand
        return f'{{"…": {shape(schema["additionalProperties"], schemas, depth)}}}'
    needed, inner = schema.get("required", []), _INDENT * (depth + 1)
    fields = []
    for name, field in schema["properties"].items():
        mark = "" if name in needed else "?"
        fields.append(f'{inner}"{name}"{mark}: {shape(field, schemas, depth + 1)}')
    return "{\n" + ",\n".join(fields) + "\n" + _INDENT * depth + "}"


def _operation(method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    lock = "" if "security" in operation else " <small>no token</small>"
    parts = [
        "<section>",
        f"<h2><b>{escape(method.upper())}</b> <code>{escape(path)}</code>{lock}</h2>",
        f"<p>{escape(operation.get('description', ''))}</p>",
        *_parameters(operation.get("parameters", [])),
        *_contents(operation.get("requestBody", {}), schemas),
        "<dl>",
        *_answers(operation["responses"], schemas),
        "</dl>",
        "</section>",
    ]
    return "\n".join(parts)


def _parameters(parameters: list[Mapping[str, Any]]) -> Iterator[str]:
    if parameters:
        named = (
            f"<code>{escape(said['name'])}</code>{'' if said.get('required') else ' (may be left out)'}"
            for said in parameters
        )
        yield f"<p>With {', '.join(named)}</p>"


def _answers(responses: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    for status, answer in responses.items():
        yield f"<dt>{escape(status)}</dt><dd>{escape(answer['description'])}"
        if status.startswith("2"):  # refusals all look alike, as the page says at its top
            yield from _contents(answer, schemas)
        yield "</dd>"


def _contents(said: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    for content in said.get("content", {}).values():
        if "schema" in content:
            yield f"<pre>{escape(shape(content['schema'], schemas))}</pre>"
