"""What a backend or a store answers when it does not do what it was asked, and how to say that to an editor. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

from pipeline.errors import AuthenticationError, TransferError
from pipeline.transfer.http.exchange import NoResponseReason
from pipeline.transfer.http.server_message import quoted


class Server(str, Enum):
    """Who was asked."""

    BACKEND = "backend"
    STORE = "store"


class InvalidResponse(str, Enum):
    """What is wrong with an answer that says that all is well."""

    NOT_JSON = "not JSON"
    FIELDS_MISSING = "fields missing"
    BAD_SIGNED_URL = "bad signed URL"
    OTHER_SIZE = "other size"
    BAD_HEADERS = "bad headers"
    NOT_CONFIRMED = "not confirmed"


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One request that came to nothing: no response (`no_response` says why), a `status` other than success,
    or an invalid response.

    `origin` is the server's scheme, host and port; `about` names the proxy or the setting that is to blame.
    `code` and `message` come from a store's XML or a backend's JSON, the message as it may be shown.
    `checksum` is the checksum of an empty file that the signed URL has, where it has one.
    `login` says which token was refused, as `Login.generation` counts them.
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

    @property
    def too_busy(self) -> bool:
        """Whether fewer requests at a time may fare better: the server says so, or the line can't carry them."""
        line = (NoResponseReason.TIMED_OUT, NoResponseReason.BROKEN_OFF)
        return self.status in (408, 429, 503, 504, 522, 524) or self.code == "SlowDown" or self.no_response in line

    @property
    def concerns_every_file(self) -> bool:
        """Whether no other file would fare better: the token, a full storage, a wrong clock,
        the backend's own credentials.
        """
        token = self.server is Server.BACKEND and self.status == 401
        return (
            token or self.no_response in _SETTLED or self.status == 507 or self.code in _FOR_ALL or self.wrong_checksum
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


_CREDENTIALS = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId")
"""Of the keys with which the backend signs (Amazon S3, error responses)."""

_FOR_ALL = ("QuotaExceeded", "RequestTimeTooSkewed", *_CREDENTIALS)
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


def sentence(refusal: Refusal) -> str:
    """Say in one plain sentence what happened and what to do; what the server itself says comes after it."""
    backend = refusal.server is Server.BACKEND
    ours = _backend_sentence(refusal) if backend else _store_sentence(refusal)
    theirs = quoted(refusal.message, refusal.status)
    return f"{ours} The {'backend' if backend else 'storage'} says: {theirs}." if theirs else ours


_ON_THE_WAY = {
    NoResponseReason.CERTIFICATES_MISSING: (
        "{about}, where no certificates can be read. Correct that setting or remove it, then start again."
    ),
    NoResponseReason.NOT_TLS: (
        "The server at {origin} does not answer in https. "
        "Verify the port, or try http:// where it runs on this machine."
    ),
    NoResponseReason.PROXY_ADDRESS: (
        "The proxy address {about} can't be used. Correct HTTPS_PROXY or ALL_PROXY: "
        "http://proxy:8080 or socks5://proxy:1080."
    ),
    NoResponseReason.PROXY_UNREACHABLE: (
        "Cannot connect to the proxy at {about}, which HTTPS_PROXY or the system's settings name."
        " Correct them, or ask whoever runs the network."
    ),
    NoResponseReason.PROXY_LOGIN: (
        "The proxy at {about} asks for a name and a password."
        " Put them into HTTPS_PROXY, as in http://name:password@proxy:8080, or ask whoever runs the network."
    ),
    NoResponseReason.PROXY_DENIED: (
        "The proxy at {about} does not let this program reach {origin}. "
        "Ask whoever runs the network to allow that address."
    ),
    NoResponseReason.PROXY_FAILED: (
        "The proxy at {about} can't reach {origin}. "
        "Verify that the address is correct, or ask whoever runs the network."
    ),
}
"""What lies between this computer and either server."""

_BACKEND_NO_RESPONSE = {
    NoResponseReason.UNREACHABLE: (
        "Cannot connect to the backend at {origin}. Verify that the URL is correct and check your internet connection."
    ),
    NoResponseReason.TIMED_OUT: "The backend at {origin} did not answer in time. Try again in a moment.",
    NoResponseReason.BROKEN_OFF: (
        "The connection to the backend at {origin} broke off. Check your internet connection and try again."
    ),
    NoResponseReason.CERTIFICATE: (
        "The certificate of the backend at {origin} can't be trusted. Verify the URL, or ask its administrator."
    ),
    NoResponseReason.TOO_LARGE: (
        "The backend at {origin} answered with more than the program reads. Verify the URL, or ask its administrator."
    ),
    NoResponseReason.BAD_ADDRESS: (
        "The address of the backend or the token can't be used. Check BACKEND_URL and AUTH_TOKEN."
    ),
}
_STORE_NO_RESPONSE = {
    NoResponseReason.UNREACHABLE: (
        "Cannot connect to the storage at {origin}. Check your internet connection and try again."
    ),
    NoResponseReason.TIMED_OUT: (
        "The storage at {origin} did not answer in time. Check your internet connection and try again."
    ),
    NoResponseReason.BROKEN_OFF: "Network error. Check your internet connection and try again.",
    NoResponseReason.CERTIFICATE: (
        "The certificate of the storage at {origin} can't be trusted. Ask the administrator of the backend."
    ),
    NoResponseReason.TOO_LARGE: (
        "The storage at {origin} answered with more than was asked for. Ask the administrator of the backend."
    ),
    NoResponseReason.BAD_ADDRESS: "The backend gave an upload address that can't be used. Ask its administrator.",
}
_INVALID_RESPONSES = {
    InvalidResponse.NOT_JSON: (
        "The backend at {origin} answered with something that is not JSON. "
        "Verify that the URL is the one of the backend."
    ),
    InvalidResponse.FIELDS_MISSING: (
        "The backend at {origin} left out key or signedUrl in its answer. Ask its administrator."
    ),
    InvalidResponse.OTHER_SIZE: (
        "The backend at {origin} stored another number of bytes than were sent. Start again, or ask its administrator."
    ),
    InvalidResponse.BAD_HEADERS: (
        "The backend at {origin} gave headers for the upload that can't be sent. Ask its administrator."
    ),
    InvalidResponse.NOT_CONFIRMED: (
        "The storage at {origin} did not confirm that it has the file, and it can't be read back:"
        " a proxy or a login page may have answered."
        " Check your internet connection, or ask the administrator of the backend."
    ),
    InvalidResponse.BAD_SIGNED_URL: (
        "The backend at {origin} gave an upload address that does not start with https://. Ask its administrator."
    ),
}
_QUOTA = "S3 storage quota exceeded. Contact administrator."
_CODES = {
    "SignatureDoesNotMatch": (
        "The storage does not accept the signature of the upload address. Ask the administrator of the backend."
    ),
    "RequestTimeTooSkewed": (
        "The clock of this computer or of the backend is wrong. Set the date and time, then start again."
    ),
    "EntityTooLarge": "The file is larger than the storage takes in one piece. Choose fewer or lower qualities.",
    "QuotaExceeded": _QUOTA,
    "BadDigest": (
        "The file arrived at the storage damaged, time and again. Check your internet connection and try again."
    ),
    **dict.fromkeys(
        _CREDENTIALS, "The credentials with which the backend signs have expired or are wrong. Ask its administrator."
    ),
    "NoSuchBucket": "The storage has no such bucket. Ask the administrator of the backend.",
}


def _backend_sentence(refusal: Refusal) -> str:
    origin, status = refusal.origin, refusal.status
    if refusal.no_response is not None:
        return _no_response_sentence(refusal, _BACKEND_NO_RESPONSE)
    if refusal.invalid is not None:
        return _INVALID_RESPONSES[refusal.invalid].format(origin=origin)
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
        return _QUOTA
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
    text = "" if refusal.no_response is None else sentences.get(refusal.no_response) or _ON_THE_WAY[refusal.no_response]
    if refusal.no_response is NoResponseReason.CERTIFICATE and refusal.about:
        text += (
            " If the proxy at {about} looks into encrypted connections, let REQUESTS_CA_BUNDLE name its certificates."
        )
    return text.format(origin=refusal.origin, about=refusal.about)


def _store_sentence(refusal: Refusal) -> str:
    origin, status = refusal.origin, refusal.status
    if refusal.no_response is not None:
        return _no_response_sentence(refusal, _STORE_NO_RESPONSE)
    if refusal.invalid is not None:
        return _INVALID_RESPONSES[refusal.invalid].format(origin=origin)
    if refusal.wrong_checksum:
        return (
            f"The backend signs the checksum of an empty file into its upload addresses ({refusal.checksum})."
            " Ask its administrator to set requestChecksumCalculation"
            " (in Python request_checksum_calculation) to WHEN_REQUIRED in its S3 library."
        )
    if refusal.code in _CODES:
        return _CODES[refusal.code]
    if refusal.expired_url:
        return (
            "The upload address expired before it could be used. "
            "Set the date and time of this computer, then start again."
        )
    if status == 507:
        return _QUOTA
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
