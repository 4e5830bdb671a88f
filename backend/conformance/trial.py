"""One trial of a backend: what the points of the interface share, and what has to be tidied up afterwards."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from backend.conformance.check_client import CheckClient, ServerResponse
from pipeline.transfer.http.exchange import Response
from pipeline.transfer.http.server_responses import is_page

CAPABILITIES = "/api/s3/capabilities"
OBJECT, MULTIPART, PRESIGN_MANY = "/api/s3/object", "/api/s3/multipart", "/api/s3/presign"
TEXT = "text/plain; charset=utf-8"
"""The content type of what the check stores."""

NOT_THERE = (404, 405, 501)
"""What is answered to a request that a backend does not know."""

_GONE = (200, 204, 404)
"""What is answered when something is deleted, or was already."""

STORED = b"HLS Converter was here.\n"


class FaultError(Exception):
    """The backend does not do what docs/backend-api.md says; the text says what."""


class AdviceError(Exception):
    """The backend does what it has to, and could do better; the text says what for."""


class NotOfferedError(Exception):
    """The backend does without something that it need not have; the text says what."""


@dataclass(frozen=True, kw_only=True)
class SignedUrl:
    """A URL to which one object of a type may be sent; `download_url` is empty where the backend does not give one."""

    key: str
    content_type: str
    signed_url: str = field(repr=False)
    download_url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


class BackendTrial:
    """Stores, reads and remembers what it stored. `capabilities` is what the backend says of itself.

    `asks_for_token` says whether it answers the question whether a token is good, `finds_files` whether it says where
    files are read. `records` are the ids of the file records that were sent, empty where the backend gave none.
    """

    def __init__(self, client: CheckClient, prefix: str) -> None:
        self.client = client
        self.folder = f"{prefix.strip('/')}/" * bool(prefix.strip("/")) + f"hls-converter-check-{secrets.token_hex(4)}/"
        self.capabilities: dict[str, Any] = {}
        self.asks_for_token = True
        self.keys: list[str] = []
        self.uploads: list[tuple[str, str]] = []
        self.records: list[str] = []
        self.finds_files = False
        self._asked_for: dict[str, str] = {}

    def presign(self, name: str, content_type: str = TEXT, **more: int) -> ServerResponse:
        """Ask for a signed URL for a file of this trial; `more` is what the request has besides key and contentType."""
        content = {"key": self.folder + name, "contentType": content_type, **more}
        return self.client.ask("POST", self.client.api.presign_endpoint, content=content)

    def signed_url(self, name: str, content_type: str = TEXT, **more: int) -> SignedUrl:
        """Ask for a signed URL and see that there is one. Raises FaultError."""
        response = self.presign(name, content_type, **more)
        expect(response, 200, "the request for a signed URL")
        return self._checked_url(response.fields(), name, content_type)

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
        return [self._checked_url(one, name, TEXT) for one, name in zip(said, sizes, strict=True)]

    def _checked_url(self, said: Mapping[str, Any], name: str, content_type: str) -> SignedUrl:
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
        self.finds_files = self.finds_files or bool(download_url)
        if self._asked_for.setdefault(said["key"], name) != name:
            raise FaultError("two files are given the same key: each would take the place of the other")
        return SignedUrl(
            key=said["key"],
            content_type=content_type,
            signed_url=said["signedUrl"],
            download_url=download_url,
            headers=signed_headers(said),
        )

    def put(self, url: SignedUrl, content: bytes, **headers: str) -> ServerResponse:
        """Send a file of this trial to the store, with the headers that belong to its URL;
        names as in `CheckClient.put`.
        """
        return self.client.put(url.signed_url, content, url.headers, Content_Type=url.content_type, **headers)

    def store(self, name: str, content: bytes = STORED, content_type: str = TEXT) -> SignedUrl:
        """Store a file as the program does. Raises FaultError."""
        url = self.signed_url(name, content_type)
        expect_stored(self.put(url, content), content, f"the PUT of {len(content)} bytes")
        return url

    def found(self, key: str) -> ServerResponse:
        """Ask what is stored under a key."""
        return self.client.ask("GET", OBJECT, query={"key": key})

    def tidy(self) -> list[str]:
        """Remove what was stored where the backend can; return a sentence for each thing that stays."""
        if not self.capabilities and (self.keys or self.records):  # it ended before it asked for them
            self.capabilities = self.client.ask("GET", CAPABILITIES).fields()
        for key, upload_id in self.uploads:
            self.client.ask("DELETE", MULTIPART, query={"key": key, "uploadId": upload_id})
        left = []
        if self.capabilities.get("delete") is True:
            statuses = [
                self.client.ask("DELETE", OBJECT, query={"key": key}).status for key in dict.fromkeys(self.keys)
            ]
            if any(status not in _GONE for status in statuses):
                left.append(f"Not everything under {self.folder} could be removed.")
        elif self.keys:
            left.append(f"What was stored under {self.folder} stays there: the backend can't delete.")
        if self.records and not self._remove_records():
            left.append("The file record 'HLS Converter check' stays: the backend can't remove one.")
        return left

    def _remove_records(self) -> bool:
        """Remove the file records; False where one stays."""
        if self.capabilities.get("deleteRecord") is not True:
            return False
        known = [record for record in dict.fromkeys(self.records) if record]
        statuses = [self.delete_record(record).status for record in known]
        return all(self.records) and all(status in _GONE for status in statuses)

    def delete_record(self, record: str) -> ServerResponse:
        """Remove the file record of an id."""
        return self.client.ask("DELETE", f"{self.client.api.record_endpoint}/{quote(record, safe='')}")


def signed_headers(said: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers that belong to a signed URL. Raises FaultError."""
    given = said.get("headers") or {}
    if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
        raise FaultError("'headers' is not an object of names and texts")
    return given


def expect_stored(response: ServerResponse, content: bytes, what: str) -> None:
    """See that a store's answer to a PUT confirms what was sent. Raises FaultError."""
    if 300 <= response.status < 400:
        region = response.headers.get("x-amz-bucket-region", "")
        raise FaultError(
            f"{what} is answered with a redirect ({response.status}), and the signature is good for one address only: "
            f"sign for the bucket's own region{f' ({region})' if region else ''} and its regional host (in boto3: "
            "region_name, endpoint_url https://s3.REGION.amazonaws.com, and addressing_style virtual)"
        )
    expect(response, 200, what)
    etag = response.headers.get("ETag", "").removeprefix("W/").strip('"').lower()
    if not etag:
        raise FaultError(f"the store's answer to {what} has no ETag")
    if response.body and etag != hashlib.md5(content, usedforsecurity=False).hexdigest():
        page = is_page(Response(status=200, body=response.body, content_type=response.headers.get("Content-Type", "")))
        raise FaultError(
            f"{what} is answered with {'a web page' if page else 'a body'} and an ETag that is not the file's MD5: "
            "that does not confirm that it is stored"
        )


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
