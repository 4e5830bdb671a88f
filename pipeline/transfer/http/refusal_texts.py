"""Why a request came to nothing, in sentences for an editor. Texts only; which of them is said is decided elsewhere."""

from __future__ import annotations

from enum import Enum

from pipeline.transfer.http.exchange import NoResponseReason


class InvalidResponse(str, Enum):
    """What is wrong with an answer that says that all is well."""

    NOT_JSON = "not JSON"
    FIELDS_MISSING = "fields missing"
    BAD_SIGNED_URL = "bad signed URL"
    OTHER_SIZE = "other size"
    BAD_HEADERS = "bad headers"
    NOT_CONFIRMED = "not confirmed"
    BAD_KEY = "bad key"
    SAME_KEY = "same key"


CREDENTIALS = ("ExpiredToken", "InvalidToken", "TokenRefreshRequired", "InvalidAccessKeyId")
"""Of the keys with which the backend signs (Amazon S3, error responses)."""

ON_THE_WAY = {
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

BACKEND_NO_RESPONSE = {
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
STORE_NO_RESPONSE = {
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
INVALID_RESPONSES = {
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
    InvalidResponse.BAD_KEY: (
        "The backend at {origin} gave a key that no storage takes: with control characters, or too long. "
        "Ask its administrator."
    ),
    InvalidResponse.SAME_KEY: (
        "The backend at {origin} stores several files under the same key, where each would replace the one before. "
        "Ask its administrator."
    ),
    InvalidResponse.NOT_CONFIRMED: (
        "The storage at {origin} did not confirm that it has the file, and it can't be read back:"
        " a proxy or a login page may have answered."
        " Check your internet connection, or ask the administrator of the backend."
    ),
    InvalidResponse.BAD_SIGNED_URL: (
        "The backend at {origin} gave an upload address that can't be used: it must start with https://. "
        "Ask its administrator."
    ),
}
_REGION = (
    "The backend signs upload addresses for another server of the storage than the one that has the bucket."
    " Ask its administrator to sign for the bucket's own region, with its regional address"
    " (in Python region_name, endpoint_url and addressing_style)."
)
QUOTA = "S3 storage quota exceeded. Contact administrator."
CODES = {
    "SignatureDoesNotMatch": (
        "The storage does not accept the signature of the upload address. Ask the administrator of the backend."
    ),
    "RequestTimeTooSkewed": (
        "The clock of this computer or of the backend is wrong. Set the date and time, then start again."
    ),
    "EntityTooLarge": "The file is larger than the storage takes in one piece. Choose fewer or lower qualities.",
    "QuotaExceeded": QUOTA,
    "BadDigest": (
        "The file arrived at the storage damaged, time and again. Check your internet connection and try again."
    ),
    **dict.fromkeys(
        CREDENTIALS, "The credentials with which the backend signs have expired or are wrong. Ask its administrator."
    ),
    **dict.fromkeys(
        ("PermanentRedirect", "TemporaryRedirect", "IllegalLocationConstraintException"), _REGION
    ),  # boto/boto3#1982, aws/aws-cli#2424: Amazon's address without a region leads on, and the signature does not
    "NoSuchBucket": "The storage has no such bucket. Ask the administrator of the backend.",
}
