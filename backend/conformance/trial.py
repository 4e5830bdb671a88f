"""One trial of a backend: what the points of the interface share, and what has to be tidied up afterwards."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from backend.conformance.check_client import CheckClient, ServerResponse

OBJECT, MULTIPART, PRESIGN_MANY = "/api/s3/object", "/api/s3/multipart", "/api/s3/presign"
TEXT = "text/plain; charset=utf-8"
"""The content type of what the check stores."""

NOT_THERE = (404, 405, 501)
"""What is answered to a request that a backend does not know."""

STORED = b"HLS Converter was here.\n"


class FaultError(Exception):
    """The backend does not do what docs/backend-api.md says; the text says what."""


class NotOfferedError(Exception):
    """The backend does without something that it need not have; the text says what."""


@dataclass(frozen=True, kw_only=True)
class SignedUrl:
    """A URL to which one object may be sent; `download_url` is empty where the backend does not give one."""

    key: str
    signed_url: str = field(repr=False)
    download_url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class BackendTrial:
    """Stores, reads and remembers what it stored. `capabilities` is what the backend says of itself.

    `asks_for_token` says whether it answers the question whether a token is good.
    """

    def __init__(self, client: CheckClient, prefix: str) -> None:
        self.client = client
        self.folder = f"{prefix.strip('/')}/" * bool(prefix.strip("/")) + f"hls-converter-check-{secrets.token_hex(4)}/"
        self.capabilities: dict[str, Any] = {}
        self.asks_for_token = True
        self.keys: list[str] = []
        self.uploads: list[tuple[str, str]] = []
        self.records = 0

    def presign(self, name: str, **more: int) -> ServerResponse:
        """Ask for a signed URL for a file of this trial; `more` is what the request has besides key and contentType."""
        content = {"key": self.folder + name, "contentType": TEXT, **more}
        return self.client.ask("POST", self.client.api.presign_endpoint, content=content)

    def signed_url(self, name: str, **more: int) -> SignedUrl:
        """Ask for a signed URL and see that there is one. Raises FaultError."""
        response = self.presign(name, **more)
        expect(response, 200, "the request for a signed URL")
        return self._checked_url(response.fields())

    def signed_urls(self, sizes: Mapping[str, int | None]) -> list[SignedUrl]:
        """Ask for several signed URLs at once, with the files' sizes by name, and see that they are there.

        Raises FaultError.
        """
        files = [{"key": self.folder + name, "contentType": TEXT, "sizeBytes": size} for name, size in sizes.items()]
        wanted = [{name: value for name, value in file.items() if value is not None} for file in files]
        response = self.client.ask("POST", PRESIGN_MANY, content={"files": wanted})
        expect(response, 200, "the request for several signed URLs")
        said = response.fields().get("files")
        if not isinstance(said, list) or len(said) != len(sizes) or not all(isinstance(one, dict) for one in said):
            raise FaultError(f"the answer to a request for {len(sizes)} signed URLs does not have 'files' with as many")
        return [self._checked_url(one) for one in said]

    def _checked_url(self, said: Mapping[str, Any]) -> SignedUrl:
        for field_name in ("key", "signedUrl"):
            if not isinstance(said.get(field_name), str) or not said[field_name]:
                raise FaultError(f"the answer has no text {field_name!r}")
        download_url = said.get("downloadUrl") or ""
        for field_name, url in (
            ("signedUrl", said["signedUrl"]),
            *([("downloadUrl", str(download_url))] if download_url else []),
        ):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise FaultError(f"{field_name!r} is not a whole web address")
        self.keys.append(said["key"])
        return SignedUrl(
            key=said["key"], signed_url=said["signedUrl"], download_url=download_url, headers=signed_headers(said)
        )

    def put(self, url: SignedUrl, content: bytes, **headers: str) -> ServerResponse:
        """Send a file of this trial to the store, with the headers that belong to its URL;
        names as in `CheckClient.put`.
        """
        return self.client.put(url.signed_url, content, url.headers, Content_Type=TEXT, **headers)

    def store(self, name: str, content: bytes = STORED, **more: int) -> SignedUrl:
        """Store a file as the program does. Raises FaultError."""
        url = self.signed_url(name, **more)
        response = self.put(url, content)
        expect(response, 200, f"the PUT of {len(content)} bytes")
        if not response.headers.get("ETag"):
            raise FaultError("the store's answer to the PUT has no ETag")
        return url

    def found(self, key: str) -> ServerResponse:
        """Ask what is stored under a key."""
        return self.client.ask("GET", OBJECT, query={"key": key})

    def tidy(self) -> list[str]:
        """Remove what was stored where the backend can; return a sentence for each thing that stays."""
        for key, upload_id in self.uploads:
            self.client.ask("DELETE", MULTIPART, query={"key": key, "uploadId": upload_id})
        left = []
        if self.capabilities.get("delete") is True:
            statuses = [
                self.client.ask("DELETE", OBJECT, query={"key": key}).status for key in dict.fromkeys(self.keys)
            ]
            if any(status != 204 for status in statuses):
                left.append(f"Not everything under {self.folder} could be removed.")
        elif self.keys:
            left.append(f"What was stored under {self.folder} stays there: the backend can't delete.")
        if self.records:
            left.append("The file record 'HLS Converter check' stays: there is no request to remove one.")
        return left


def signed_headers(said: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that belong to a signed URL. Raises FaultError."""
    given = said.get("headers") or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise FaultError("'headers' is not an object of names and texts")
    return given


def expect(response: ServerResponse, status: int, what: str) -> None:
    """See that an answer has this status. Raises FaultError."""
    if response.status != status:
        code = response.fields().get("error") or response.store_code()
        detail = f" {code}" if isinstance(code, str) and code else ""
        raise FaultError(f"{what} is answered with {response.status}{detail} in place of {status}")


def expect_refusal(response: ServerResponse, status: int, error: str, what: str) -> None:
    """See that an answer is the backend's refusal with this status and code. Raises FaultError."""
    expect(response, status, what)
    said = response.fields()
    if said.get("error") != error or not isinstance(said.get("message"), str):
        raise FaultError(f'{what} is refused without {{"error": "{error}", "message": …}}')
