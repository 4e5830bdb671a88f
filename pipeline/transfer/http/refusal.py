"""What a backend or a store answers when it does not do what it was asked, and how to say that to an editor. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from pipeline.errors import AuthenticationError, TransferError
from pipeline.printable import printable
from pipeline.transfer.http.exchange import NoResponseReason
from pipeline.transfer.http.refusal_texts import (
    BACKEND_NO_RESPONSE,
    CODES,
    CREDENTIALS,
    INVALID_RESPONSES,
    ON_THE_WAY,
    QUOTA,
    STORE_NO_RESPONSE,
    InvalidResponse,
)
from pipeline.transfer.http.server_message import quoted
from pipeline.transfer.http.validation import takes_plain_http


class Server(str, Enum):
    """Who was asked."""

    BACKEND = "backend"
    STORE = "store"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One request that came to nothing: no response (`no_response` says why), a `status` other than success,
    or an invalid response.

    `origin` is the server's scheme, host and port; `about` names the proxy or the setting that is to blame.
    `code` and `message` come from a store's XML or a backend's JSON, the message as it may be shown.
    `checksum` is the checksum of an empty file that the signed URL has, where it has one.
    `login` says which token was refused, as `Login.generation` counts them. `request_id` is the server's own name for
    the request.
    """

    server: Server
    origin: str = ""
    no_response: NoResponseReason | None = None
    about: str = ""
    status: int = 0
    invalid: InvalidResponse | None = None
    code: str = ""
    message: str = ""
    checksum: str = ""
    retry_after_s: float = 0.0
    login: int = 0
    request_id: str = ""

    @property
    def too_busy(self) -> bool:
        """Whether fewer requests at a time may fare better: the server says so, or the line can't carry them."""
        line = (NoResponseReason.TIMED_OUT, NoResponseReason.BROKEN_OFF)
        return self.status in (408, 429, 503, 504, 522, 524) or self.code == "SlowDown" or self.no_response in line

    @property
    def concerns_every_file(self) -> bool:
        """Whether no other file would fare better: the token, a full storage, a wrong clock,
        the backend's own credentials, one key for all.
        """
        token = self.server is Server.BACKEND and self.status == 401
        return (
            token
            or self.no_response in _SETTLED
            or self.status == 507
            or self.code in _FOR_ALL
            or self.wrong_checksum
            or self.invalid is InvalidResponse.SAME_KEY
        )

    @property
    def wrong_checksum(self) -> bool:
        """Whether the store compares the file with the checksum of an empty one, which the URL has."""
        codes = _CHECKSUM_CODES if self.checksum.startswith("x-amz-checksum-") else _NOT_UNDERSTOOD
        return bool(self.checksum) and self.code in codes

    @property
    def unknown_session(self) -> bool:
        """Whether the backend does not know the session, in whichever words."""
        asked = self.server is Server.BACKEND and self.status in (400, 404, 410, 422)
        return asked and "session" in f"{self.code} {self.message}".lower()

    @property
    def expired_url(self) -> bool:
        """Whether the store says that the signed URL, and nothing else, is too old."""
        return self.code == "ExpiredToken" or (self.code == "AccessDenied" and "expired" in self.message.lower())

    @property
    def wants_md5(self) -> bool:
        """Whether the store refuses the file for want of a Content-MD5 header, in whichever words."""
        words = f"{self.code} {self.message}".lower().replace("-", "")
        digests = ("BadDigest", "InvalidDigest")
        return self.server is Server.STORE and self.status == 400 and self.code not in digests and "contentmd5" in words

    @property
    def denied(self) -> bool:
        """Whether the store does not let the signed URL in, for whatever reason."""
        return self.server is Server.STORE and self.status == 403 and self.code == "AccessDenied"


_SETTLED = (
    NoResponseReason.CERTIFICATES_MISSING,
    NoResponseReason.PROXY_ADDRESS,
    NoResponseReason.PROXY_LOGIN,
    NoResponseReason.PROXY_DENIED,
)
"""What would be the same for the next file to the same server."""


_FOR_ALL = ("QuotaExceeded", "RequestTimeTooSkewed", *CREDENTIALS)
_NOT_UNDERSTOOD = ("InvalidRequest", "InvalidArgument", "NotImplemented")
_CHECKSUM_CODES = ("BadDigest", "InvalidDigest", "XAmzContentChecksumMismatch", *_NOT_UNDERSTOOD)
"""How stores refuse a checksum that is not the file's, or that they don't know."""


class RefusedError(TransferError):
    """A request came to nothing; the text is for the editor."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(sentence(refusal))


class TokenRefusedError(RefusedError, AuthenticationError):
    """The backend does not accept the token."""


def refused(refusal: Refusal) -> RefusedError:
    """Return the error that stands for a refusal."""
    token = refusal.server is Server.BACKEND and refusal.status == 401
    return TokenRefusedError(refusal) if token else RefusedError(refusal)


def is_web_address(url: str) -> bool:
    """Say whether an address names a server that can be asked."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def is_safe_address(url: str) -> bool:
    """Say whether what is sent to an address, or read there, is safe on the way: https, or a host of the own network.

    Signs that no address has are none of a safe one either.
    """
    return (
        is_web_address(url)
        and printable(url) == url
        and (url[:6].lower() == "https:" or takes_plain_http(urlsplit(url).hostname or "", token=False))
    )


def sentence(refusal: Refusal) -> str:
    """Say in one plain sentence what happened and what to do; what the server itself says comes after it."""
    backend = refusal.server is Server.BACKEND
    ours = _backend_sentence(refusal) if backend else _store_sentence(refusal)
    theirs = quoted(refusal.message, refusal.status)
    said = f"{ours} The {'backend' if backend else 'storage'} says: {theirs}." if theirs else ours
    if refusal.request_id and refusal.status in _IN_ITS_LOG:
        return f"{said} In the server's log this is request {refusal.request_id}."
    return said


_IN_ITS_LOG = frozenset(range(500, 600)) - {507}
"""Refusals of which the server's log knows more than the answer says."""


def _backend_sentence(refusal: Refusal) -> str:
    origin, status = refusal.origin, refusal.status
    if refusal.no_response is not None:
        return _no_response_sentence(refusal, BACKEND_NO_RESPONSE)
    if refusal.invalid is not None:
        return INVALID_RESPONSES[refusal.invalid].format(origin=origin)
    if refusal.unknown_session:
        return "Session ID not found. Verify the session exists in the admin panel."
    if status == 401:
        return "The authentication token is invalid or expired. Please get a new token from the admin panel."
    if status == 403:
        return "This token is not allowed to upload. Please get one that is from the admin panel."
    if status == 404:
        return (
            f"The backend at {origin} does not know the address that was asked for. "
            "Verify the URL and the endpoint settings."
        )
    if status == 507 or refusal.code == "QuotaExceeded":
        return QUOTA
    if status == 413:
        return (
            f"The backend at {origin} does not take so large a file. "
            "Choose fewer or lower qualities, or ask its administrator."
        )
    if 300 <= status < 400:
        return (
            f"The backend at {origin} sends the program on to another address. "
            "Verify that the URL is exact, with https://."
        )
    if status >= 500:
        return (
            f"The backend at {origin} has a problem of its own (status {status}). "
            "Try again later or ask its administrator."
        )
    return (
        f"The backend at {origin} did not accept the request (status {status}). "
        "Check the destination and the session ID."
    )


def _no_response_sentence(refusal: Refusal, sentences: Mapping[NoResponseReason, str]) -> str:
    text = "" if refusal.no_response is None else sentences.get(refusal.no_response) or ON_THE_WAY[refusal.no_response]
    if refusal.no_response is NoResponseReason.CERTIFICATE and refusal.about:
        text += (
            " If the proxy at {about} looks into encrypted connections, let REQUESTS_CA_BUNDLE name its certificates."
        )
    return text.format(origin=refusal.origin, about=refusal.about)


def _store_sentence(refusal: Refusal) -> str:
    origin, status = refusal.origin, refusal.status
    if refusal.no_response is not None:
        return _no_response_sentence(refusal, STORE_NO_RESPONSE)
    if refusal.invalid is not None:
        return INVALID_RESPONSES[refusal.invalid].format(origin=origin)
    if refusal.wrong_checksum:
        return (
            f"The backend signs the checksum of an empty file into its upload addresses ({refusal.checksum})."
            " Ask its administrator to set requestChecksumCalculation"
            " (in Python request_checksum_calculation) to WHEN_REQUIRED in its S3 library."
        )
    if refusal.code in CODES:
        return CODES[refusal.code]
    if refusal.expired_url:
        return (
            "The upload address expired before it could be used. "
            "Set the date and time of this computer, then start again."
        )
    if status == 507:
        return QUOTA
    if status == 412:
        return (
            f"The storage at {origin} replaces no file (status 412), and has another one there. "
            "Choose another destination, or ask the administrator of the backend to let uploads replace files."
        )
    if 300 <= status < 400:
        return f"The storage at {origin} sends the program on to another address. Ask the administrator of the backend."
    reason = f"status {status}, {refusal.code}" if refusal.code else f"status {status}"
    if status >= 500 or status in (408, 429):
        return f"The storage at {origin} is busy or has a problem ({reason}). Try again later."
    return f"The storage at {origin} refused the file ({reason}). Ask the administrator of the backend."
