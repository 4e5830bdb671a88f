"""The log of requests: a line each, as text or JSON, for operators and audits. Never a secret, never two lines in one.

Knows neither routes nor storage.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from urllib.parse import parse_qsl, quote, unquote

logger = logging.getLogger("backend.requests")

MOST_CHARACTERS = 2048
"""How much of a path or of keys a line has."""

MOST_KEYS = 20
"""How many keys of a request for many a line has; a last entry says how many more there were."""

PROBES = frozenset({"/live", "/ready", "/health"})
"""Asked every few seconds by whoever watches over the backend: in the log where the answer is a refusal."""

_NAMED = re.compile(r"(?i)\b(signature|token|access_token|x-amz-[a-z-]+|expires|awsaccesskeyid)=[^&\s/]*")
_HMAC = re.compile(r"(?<![0-9A-Za-z])[0-9a-f]{64}(?![0-9A-Za-z])")
_TOKEN = re.compile(r"(?<![\w-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*[0-9])[A-Za-z0-9_-]{43}(?![\w-])")
"""What tokens look like that this program makes (`secrets.token_urlsafe(32)`)."""

_ADDRESS = re.compile(r"^((?:/(?!objects/|api/|watch/)[^/]+)*?/s/)([^/]*)")
"""The path of streams that only those may see who have their address, also where a proxy has left something in front.
"""

_SHOWN = 4
"""How many characters of a secret part of a path are shown, to tell two apart."""

_WORD_SIGNS = "/-._~!$&'()*+,;:@"


@dataclass(frozen=True, kw_only=True)
class RequestLine:
    """One request that was answered, or given up (`status` 499, as nginx has it).

    `address` is the client's, behind a trusted proxy the one that it names; `token` is the token's name, empty where
    none was good; `path` is without its query; `keys` are the objects that it was about, as far as the path does not
    say. Sizes are of the bodies. `route` is the path with names in place of what differs; it is not written.
    """

    time_s: float
    address: str
    token: str
    method: str
    path: str
    keys: tuple[str, ...]
    status: int
    in_bytes: int
    out_bytes: int
    duration_s: float
    request_id: str
    route: str = ""


class RequestLog:
    """Writes lines in one format, `text` or `json`; `secrets` are taken out wherever they stand in a path or a key."""

    def __init__(self, form: str, secrets: Sequence[str]) -> None:
        self._write = _as_json if form == "json" else _as_text
        self._secrets = tuple(secret for secret in secrets if secret)

    def line(self, request: RequestLine) -> str:
        """Return the line without its end, in printable ASCII."""
        return self._write(request, self._shown(request.path), tuple(map(self._shown, request.keys)))

    def add(self, request: RequestLine) -> None:
        """Write a request down, but for a probe that found all well."""
        if request.path not in PROBES or request.status >= 400:
            logger.info("%s", self.line(request))

    def _shown(self, text: str) -> str:
        plain = unquote(text)
        redacted = self._redacted(plain)
        return (self._redacted(text) if redacted == plain else redacted)[:MOST_CHARACTERS]

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        text = _ADDRESS.sub(lambda found: f"{found[1]}{found[2][:_SHOWN]}***", text)
        text = _HMAC.sub("***", _NAMED.sub(r"\1=***", text))
        return _TOKEN.sub(lambda found: f"{found[0][:_SHOWN]}***", text)


def keys_in(query: bytes) -> tuple[str, ...]:
    """Return the key or prefix that a query names; nothing else of a query is of use, and much of it is secret."""
    if b"key=" not in query and b"prefix=" not in query:
        return ()
    fields = parse_qsl(query.decode("latin-1"))
    return tuple(value for name, value in fields if name in ("key", "prefix"))[:1]


def bounded(keys: Sequence[str]) -> tuple[str, ...]:
    """Return the keys of one request, as many as a line takes."""
    shown = tuple(key[:MOST_CHARACTERS] for key in keys[:MOST_KEYS])
    return shown if len(keys) <= MOST_KEYS else (*shown, f"and {len(keys) - MOST_KEYS} more")


def _time(time_s: float) -> str:
    moment = datetime.fromtimestamp(time_s, timezone.utc)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _as_json(request: RequestLine, path: str, keys: tuple[str, ...]) -> str:
    return json.dumps(
        {
            "time": _time(request.time_s),
            "address": request.address,
            "token": request.token or None,
            "method": request.method,
            "path": path,
            "keys": list(keys),
            "status": request.status,
            "in_bytes": request.in_bytes,
            "out_bytes": request.out_bytes,
            "duration_ms": round(request.duration_s * 1000, 1),
            "request_id": request.request_id,
        }
    )


def _as_text(request: RequestLine, path: str, keys: tuple[str, ...]) -> str:
    words = [
        _time(request.time_s),
        _word(request.address) or "-",
        _word(request.token) or "-",
        _word(request.method),
        _word(path),
        str(request.status),
        f"in={request.in_bytes}",
        f"out={request.out_bytes}",
        f"ms={request.duration_s * 1000:.1f}",
        f"id={request.request_id}",
        *(f"key={_word(key)}" for key in keys),
    ]
    return " ".join(words)


def _word(text: str) -> str:
    """Return a text without spaces and without signs that a terminal obeys."""
    return quote(text, safe=_WORD_SIGNS, errors="replace")
