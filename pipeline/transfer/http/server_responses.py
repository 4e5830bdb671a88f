"""Reads what a backend or a store answers: a refusal, an error that says 200, a page, or JSON. Pure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from typing import Any

from pipeline.transfer.http.exchange import Response
from pipeline.transfer.http.refusal import Refusal, Server
from pipeline.transfer.http.server_message import MOST, fit_to_show, words_in

_MAX_XML = 1 << 16


def store_refusal(response: Response, origin: str) -> Refusal:
    """Read a store's answer: S3 says what is the matter in XML, whatever the status."""
    text = response.body[:_MAX_XML].decode("utf-8", "replace")
    return Refusal(
        server=Server.STORE,
        origin=origin,
        status=response.status,
        code=fit_to_show(_element("Code", text))[:MOST],
        message=fit_to_show(_element("Message", text)),
        retry_after_s=response.retry_after_s,
        request_id=response.request_id,
    )


def backend_refusal(response: Response, origin: str, login: int, secrets: Sequence[str] = ()) -> Refusal:
    """Read a backend's answer: it says what is the matter in JSON, as far as it says anything.

    `secrets` are taken out of that.
    """
    said = json_fields(response.body[:_MAX_XML])
    code = said.get("error") or said.get("code")
    return Refusal(
        server=Server.BACKEND,
        origin=origin,
        status=response.status,
        code=fit_to_show(code, secrets)[:MOST] if isinstance(code, str) else "",
        message=fit_to_show(words_in(said), secrets),
        retry_after_s=response.retry_after_s,
        request_id=response.request_id,
        login=login,
    )


def says_error(response: Response) -> bool:
    """Whether a store's answer is an error whatever its status says:
    S3 may find out too late to change the status (200).
    """
    return response.body[:_MAX_XML].lstrip().startswith(b"<") and b"<Error" in response.body[:_MAX_XML]


def is_page(response: Response) -> bool:
    """Say whether an answer is a web page, which no backend and no store means to give."""
    begins = response.body[:_MAX_XML].lstrip(b"\xef\xbb\xbf \t\r\n")[:14].lower()
    return response.content_type.lower().startswith("text/html") or begins.startswith((b"<!doctype html", b"<html"))


def json_fields(body: bytes) -> dict[str, Any]:
    """Return the fields of a JSON object, none where it is something else."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _element(name: str, xml: str) -> str:
    """Return an element's text. A pattern is enough for S3's flat errors, and no document can harm it."""
    found = re.search(rf"<{name}>([^<]*)</{name}>", xml)
    return html.unescape(found.group(1)).strip() if found else ""
