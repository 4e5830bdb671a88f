"""Takes secrets out of text before it is written down: the token, what a signed URL carries, passwords in addresses."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from pipeline.printable import printable

_CREDENTIALS = re.compile(r"(?<=://)[^/\s@]+@")
_URL_QUERY = re.compile(r"(https?://[^\s?'\"<>]*)\?[^\s'\"<>]*", re.IGNORECASE)
# HTTP libraries name a path with its query and without its server in the text of their exceptions.
_BARE_QUERY = re.compile(r"\?[^\s'\"<>]*=[^\s'\"<>]*")


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """Return `text` without `secrets`, without the query of any URL and without passwords in addresses."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "***")
    text = _CREDENTIALS.sub("***@", text)
    text = _URL_QUERY.sub(r"\1?…", text)
    return _BARE_QUERY.sub("?…", text)


def without_query(url: str) -> str:
    """Return a URL as it may be kept on disk."""
    return url.partition("#")[0].partition("?")[0]


def origin_of(url: str) -> str:
    """Return the origin of a URL (RFC 6454), its scheme, host and port: what may be shown and logged."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an unreadable address"
    return printable(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}")
