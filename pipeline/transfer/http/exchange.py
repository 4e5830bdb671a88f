"""One HTTP request and its answer, as the engine speaks of them.

The library behind it is known to connections.py only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class NoResponseReason(str, Enum):
    """Why a request got no answer."""

    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed out"
    BROKEN_OFF = "broken off"
    CERTIFICATE = "certificate"
    CERTIFICATES_MISSING = "certificates missing"
    NOT_TLS = "not TLS"
    BAD_ADDRESS = "bad address"
    TOO_LARGE = "too large"
    PROXY_ADDRESS = "bad address of the proxy"
    PROXY_UNREACHABLE = "proxy unreachable"
    PROXY_LOGIN = "proxy asks for a password"
    PROXY_DENIED = "proxy refuses"
    PROXY_FAILED = "proxy can't reach the server"

    @property
    def of_proxy(self) -> bool:
        """Whether a proxy on the way is what does not let through."""
        return self.name.startswith("PROXY")

    @property
    def not_reached(self) -> bool:
        """Whether the server surely got nothing, and may be reached later."""
        return self in (NoResponseReason.UNREACHABLE, NoResponseReason.PROXY_UNREACHABLE, NoResponseReason.PROXY_FAILED)


class NoResponseError(Exception):
    """A request was not answered.

    `detail` is for the log, after redaction; `about` names the proxy or the setting that is to blame.
    """

    def __init__(self, reason: NoResponseReason, detail: str, *, about: str = "") -> None:
        self.reason = reason
        self.detail = detail
        self.about = about
        super().__init__(reason.value)


@dataclass(frozen=True, kw_only=True)
class Response:
    """What a server said; `retry_after_s` is how long it asks to be left alone, 0 where it says nothing.

    `etag` is without its quotes, empty where there is none; `server_time` is the server's own clock (seconds since
    1970). `encryption` is how a store has encrypted an object, as its header says it (`aws:kms`), or `customer` for a
    customer's own key. `request_id` is how the server calls the request in its own log, empty where it doesn't say.
    """

    status: int
    body: bytes = b""
    retry_after_s: float = 0.0
    etag: str = ""
    server_time: float | None = None
    content_type: str = ""
    encryption: str = ""
    request_id: str = ""


@dataclass(frozen=True, kw_only=True)
class BodyLimit:
    """How large an answer may be, decoded; `cut` says that the beginning of a larger one is of use."""

    most_bytes: int = 16 << 20
    cut: bool = False


ANSWER = BodyLimit()
"""Four times what a backend has to say at once: the list of 1000 objects, or of 10,000 parts."""


class Body(Protocol):
    """What is sent: of known length, so that it never goes out in chunks (stores answer with 411 or 501)."""

    def __len__(self) -> int: ...

    def read(self, size: int = -1) -> bytes | memoryview:
        """Return the next bytes, b"" at the end."""
        ...


class Http(Protocol):
    """Sends one request at a time and follows no redirect."""

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: bytes | Body,
        read_timeout_s: float,
        limit: BodyLimit = ANSWER,
    ) -> Response:
        """Return the answer, whatever its status; of one that refuses, the beginning.

        Raises NoResponseError, Cancelled, or what `body` raises.
        """
        ...
