"""What a server says in its own words about a refusal, as it may be shown to an editor. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pipeline.transfer.http.redaction import redact

MOST = 200
"""How many characters are shown: a sentence or two."""

_MAX_READ = 4096
_TAG = re.compile(r"<[^>]*>")
_FIELDS = ("message", "detail", "error_description", "error", "title", "errors", "msg")
"""Where backends put a sentence: mostly `message`; FastAPI, RFC 9457 `detail`; OAuth `error_description`."""


def words_in(said: Mapping[str, Any]) -> str:
    """Return the sentence in an answer of JSON, empty where there is none. One word alone is a code."""
    for name in _FIELDS:
        found = _sentence_in(said.get(name))
        if " " in found.strip():
            return found
    return ""


def _sentence_in(value: object) -> str:
    if isinstance(value, list) and value:
        value = value[0]
    if isinstance(value, dict):
        return words_in(value)
    return value if isinstance(value, str) else ""


def fit_to_show(text: str, secrets: Sequence[str] = ()) -> str:
    """Return a server's words without secrets, tags and signs that a terminal obeys, in one line."""
    plain = _TAG.sub(" ", redact(text, secrets)[:_MAX_READ])
    return " ".join("".join(sign if sign.isprintable() else " " for sign in plain).split())


def quoted(words: str, status: int) -> str:
    """Return a server's words in quotation marks, cut to a length and without their full stop: the sentence that they
    stand in has its own; empty where they only repeat the status.
    """
    words = words.rstrip(". ")
    if not words or words.strip("! ").lower() in _PHRASES.get(status, ""):
        return ""
    return f"“{words if len(words) <= MOST else words[: MOST - 1].rstrip() + '…'}”"


_PHRASES = {status.value: status.phrase.lower() for status in HTTPStatus}
