"""Signed URLs as a backend gives them, and the headers that belong to them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

_NAME = re.compile(r"[0-9A-Za-z!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_ALGORITHM = "x-amz-sdk-checksum-algorithm"
_EMPTY = {
    "x-amz-checksum-crc32": "AAAAAA==",
    "x-amz-checksum-crc32c": "AAAAAA==",
    "x-amz-checksum-crc64nvme": "AAAAAAAAAAA=",
    "x-amz-checksum-sha1": "2jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    "x-amz-checksum-sha256": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
}
"""The checksums of no bytes, by the names that Amazon S3 gives them."""

_OF_THE_CONNECTION = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "expect", "te", "trailer", "upgrade"}
)
"""Headers that the HTTP library makes itself; SDKs list them among those that they have signed."""


@dataclass(frozen=True, kw_only=True)
class SignedUpload:
    """A signed URL for one object. The URL is a secret, and so may be the headers that belong to it.

    `download_url` is where players find the object, empty where the backend does not say.
    """

    key: str
    signed_url: str = field(repr=False)
    download_url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, kw_only=True)
class SignedPart:
    """A signed URL for one part of an object. The URL is a secret, and so may be the headers that belong to it."""

    signed_url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def headers_in(given: object) -> dict[str, str] | None:
    """Read an answer's `headers`, which some SDKs give as lists of values; None where they can't be sent."""
    if not given:
        return {}
    if not isinstance(given, dict):
        return None
    found = {}
    for name, value in given.items():
        text = ", ".join(map(str, value)) if isinstance(value, list) else value
        if not isinstance(text, str) or not _NAME.fullmatch(name) or not _VALUE.fullmatch(text):
            return None
        if name.lower() not in _OF_THE_CONNECTION:
            found[name] = text
    return found


def checksum_of_nothing(signed: SignedUpload | SignedPart) -> str:
    """Return the checksum of an empty file that a signed URL is bound to, as `name=value`; empty if none.

    SDKs sign it where they are not told what is to be sent (aws/aws-sdk-js-v3#6994); some only name the algorithm.
    """
    try:
        asked = parse_qsl(urlsplit(signed.signed_url).query)
    except ValueError:
        return ""
    given = {name.lower(): value for name, value in (*asked, *signed.headers.items())}
    named = next((name for name in given if name == _ALGORITHM), "")
    found = next((name for name, value in given.items() if _EMPTY.get(name) == value), named)
    return f"{found}={given[found]}" if found else ""


def merged(given: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of a PUT: those that the backend gave, and of ours those that it did not."""
    names = {name.lower() for name in given}
    return {**given, **{name: value for name, value in own.items() if name.lower() not in names}}
