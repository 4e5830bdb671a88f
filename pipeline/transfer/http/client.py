"""Asks the customer's backend, which has the token."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from config import BackendApi
from pipeline.printable import printable
from pipeline.transfer.http.capabilities import NOTHING, BackendCapabilities, parse_capabilities
from pipeline.transfer.http.exchange import Http, NoResponseError, Response
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.redaction import origin_of, redact
from pipeline.transfer.http.refusal import Refusal, RefusedError, Server, is_safe_address, is_web_address, refused
from pipeline.transfer.http.refusal_texts import InvalidResponse
from pipeline.transfer.http.retry import RetryDecision, after_upload
from pipeline.transfer.http.server_responses import backend_refusal, is_page, json_fields
from pipeline.transfer.http.signed import SignedPart, SignedUpload, headers_in
from pipeline.transfer.http.validation import key_problem

BACKEND_TIMEOUT_S = 30.0
VALIDATE_TIMEOUT_S = 10.0
CAPABILITIES = "/api/s3/capabilities"
PRESIGN_MANY = "/api/s3/presign"
MULTIPART = "/api/s3/multipart"
_LASTING = frozenset(
    status
    for status in range(200, 600)
    if after_upload(Refusal(server=Server.BACKEND, status=status)) is RetryDecision.GIVE_UP
)
"""Answers that would be the same if a question were asked again."""

_GOOD = (200, 201, 202, 204)
"""What backends answer when all is well and there is little to say."""

_LOGGED_BODY = 300
_MAX_REDACTED = 1 << 16
_MOST_TEXT = 1 << 14
"""No key, no name of an upload and no address is longer."""


@dataclass(frozen=True, kw_only=True)
class MultipartUpload:
    """A file that the store takes in parts. The URL loses its query before it is kept."""

    key: str
    upload_id: str
    download_url: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class UploadedPart:
    """A part that the store has."""

    number: int
    size_bytes: int
    etag: str


def read_timeout_s(size_bytes: int) -> float:
    """Return how long the store may take to answer after the last byte of a file was sent."""
    megabytes = size_bytes / (1 << 20)
    if megabytes < 10:
        return 30.0
    return 120.0 if megabytes < 100 else 300.0


class BackendClient:
    """Speaks to the customer's backend; `note` takes lines for the log.

    Every method raises RefusedError or Cancelled.
    """

    def __init__(self, api: BackendApi, http: Http, note: Callable[[str], None], login: Login | None = None) -> None:
        self._api = api
        self._http = http
        self._note = note
        self._login = login or Login(api.token)
        self.origin = origin_of(api.url)
        self.clock_ahead_s = 0.0

    def validate(self) -> str:
        """Find out whether the backend accepts the token; return why that can't be told, empty where it does."""
        endpoint = self._api.validate_endpoint
        response = self._ask(
            "GET", endpoint, None, read_timeout_s=VALIDATE_TIMEOUT_S, accepted=_LASTING - {HTTPStatus.FORBIDDEN}
        )
        if response.status in _GOOD and not is_page(response):
            return ""
        return token_untested(endpoint, "a web page" if is_page(response) else f"status {response.status}")

    def capabilities(self) -> BackendCapabilities:
        """Ask what the backend offers beyond the three endpoints; one that doesn't give a good answer offers nothing.

        Leaves in `clock_ahead_s` how far this computer's clock is ahead of the backend's.
        """
        response = self._ask("GET", CAPABILITIES, None, accepted=_LASTING)
        if response.server_time is not None:
            self.clock_ahead_s = time.time() - response.server_time
        return parse_capabilities(response.body) if response.status == HTTPStatus.OK else NOTHING

    def presign(self, key: str, content_type: str, size_bytes: int | None = None) -> SignedUpload:
        """Ask for a URL for one object of this content type; the size is sent only if the server wants it."""
        response = self._ask(
            "POST", self._api.presign_endpoint, _wanted(key, content_type, size_bytes), accepted=(200, 201)
        )
        return self._presigned(self._fields(response))

    def presign_many(self, files: Sequence[tuple[str, str, int | None]]) -> list[SignedUpload]:
        """Ask for URLs for several objects, each with key, content type and size as for one; for all or for none."""
        response = self._ask("POST", PRESIGN_MANY, {"files": [_wanted(*file) for file in files]}, accepted=(200, 201))
        said = self._fields(response).get("files")
        if not isinstance(said, list) or len(said) != len(files) or not all(isinstance(one, dict) for one in said):
            raise refused(self._invalid(InvalidResponse.FIELDS_MISSING))
        return [self._presigned(one) for one in said]

    def begin_parts(self, key: str, content_type: str, size_bytes: int) -> MultipartUpload:
        """Begin a file that goes up in parts."""
        response = self._ask(
            "POST", MULTIPART, {"key": key, "contentType": content_type, "sizeBytes": size_bytes}, accepted=(200, 201)
        )
        said = self._fields(response)
        key, upload_id = self._texts(said, "key", "uploadId")
        return MultipartUpload(key=self._key(key), upload_id=upload_id, download_url=self._public_address(said))

    def sign_part(self, upload: MultipartUpload, number: int, size_bytes: int) -> SignedPart:
        """Ask for a URL to which one part may be sent."""
        wanted = {"key": upload.key, "uploadId": upload.upload_id, "partNumber": number, "sizeBytes": size_bytes}
        response = self._ask("POST", f"{MULTIPART}/part", wanted, accepted=(200, 201))
        said = self._fields(response)
        return SignedPart(
            signed_url=self._signed_address(self._texts(said, "signedUrl")[0]), headers=self._headers(said)
        )

    def parts(self, upload: MultipartUpload) -> list[UploadedPart] | None:
        """Return the parts that the store has, None where it knows no such upload any more."""
        try:
            response = self._ask("GET", f"{MULTIPART}?{_named(upload)}", None, accepted=(200,))
        except RefusedError as error:
            if _no_such_upload(error):
                return None
            raise
        listed = json_fields(response.body).get("parts")
        if not isinstance(listed, list):
            raise refused(self._invalid(InvalidResponse.FIELDS_MISSING))
        found = []
        for part in listed:
            fields = part if isinstance(part, dict) else {}
            number, size, etag = fields.get("partNumber"), fields.get("sizeBytes"), fields.get("etag")
            if type(number) is not int or type(size) is not int or not isinstance(etag, str):
                raise refused(self._invalid(InvalidResponse.FIELDS_MISSING))
            found.append(UploadedPart(number=number, size_bytes=size, etag=etag))
        return found

    def complete_parts(self, upload: MultipartUpload, etags: Mapping[int, str], size_bytes: int) -> str | None:
        """Join the parts and return the object's ETag; None where the store knows no such upload any more."""
        parts = [{"partNumber": number, "etag": etags[number]} for number in sorted(etags)]
        wanted = {"key": upload.key, "uploadId": upload.upload_id, "parts": parts}
        try:
            response = self._ask(
                "POST", f"{MULTIPART}/complete", wanted, accepted=(200, 201), read_timeout_s=read_timeout_s(size_bytes)
            )
        except RefusedError as error:
            if _no_such_upload(error):
                return None
            raise
        fields = json_fields(response.body)
        stored, etag = fields.get("sizeBytes"), fields.get("etag")
        if stored != size_bytes:
            raise refused(self._invalid(InvalidResponse.OTHER_SIZE))
        return etag.strip('"') if isinstance(etag, str) else ""

    def abort_parts(self, upload: MultipartUpload) -> None:
        """Let the store forget the parts of a file."""
        self._ask("DELETE", f"{MULTIPART}?{_named(upload)}", None, accepted=(200, 204, 404))

    def record(self, fields: Mapping[str, Any]) -> None:
        """Send the file record."""
        if is_page(self._ask("POST", self._api.record_endpoint, fields, accepted=_GOOD)):
            raise refused(self._invalid(InvalidResponse.NOT_JSON))

    def _ask(
        self,
        method: str,
        endpoint: str,
        content: Mapping[str, Any] | None,
        *,
        accepted: Container[int],
        read_timeout_s: float = BACKEND_TIMEOUT_S,
    ) -> Response:
        token, generation = self._login.current()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        body = b"" if content is None else json.dumps(content).encode()
        url = self._api.full_url(endpoint)
        request = f"{method} {url} {self._excerpt(body)}".rstrip()
        started = time.monotonic()
        try:
            response = self._http.send(method, url, headers=headers, body=body, read_timeout_s=read_timeout_s)
        except NoResponseError as error:
            self._note(f"{request} -> no answer after {passed(started)}: {error.detail}")
            raise refused(
                Refusal(server=Server.BACKEND, origin=self.origin, no_response=error.reason, about=error.about)
            ) from error
        self._note(f"{request} -> {response.status} in {passed(started)}")
        if response.status in accepted:
            return response
        self._note(f"the backend said: {self._excerpt(response.body)}{request_named(response)}")
        raise refused(backend_refusal(response, self.origin, generation, self._login.tokens))

    def _excerpt(self, body: bytes) -> str:
        """Return the beginning of a body for the log. Secrets go first: half of one would not be known as one."""
        return redact(body[:_MAX_REDACTED].decode("utf-8", "replace"), self._login.tokens)[:_LOGGED_BODY]

    def _presigned(self, said: Mapping[str, Any]) -> SignedUpload:
        key, signed_url = self._texts(said, "key", "signedUrl")
        return SignedUpload(
            key=self._key(key),
            signed_url=self._signed_address(signed_url),
            download_url=self._public_address(said),
            headers=self._headers(said),
        )

    def _headers(self, said: Mapping[str, Any]) -> dict[str, str]:
        found = headers_in(said.get("headers"))
        if found is None:
            raise refused(self._invalid(InvalidResponse.BAD_HEADERS))
        return found

    def _fields(self, response: Response) -> dict[str, Any]:
        """Return the fields of an answer that must be JSON."""
        try:
            json.loads(response.body)
        except (ValueError, RecursionError) as error:
            raise refused(self._invalid(InvalidResponse.NOT_JSON)) from error
        return json_fields(response.body)

    def _texts(self, said: Mapping[str, Any], *names: str) -> list[str]:
        """Return fields that an answer must have."""
        found = [value for name in names if isinstance(value := said.get(name), str) and 0 < len(value) <= _MOST_TEXT]
        if len(found) != len(names):
            raise refused(self._invalid(InvalidResponse.FIELDS_MISSING))
        return found

    def _signed_address(self, url: str) -> str:
        if not is_safe_address(url):
            raise refused(self._invalid(InvalidResponse.BAD_SIGNED_URL))
        return url

    def _public_address(self, said: Mapping[str, Any]) -> str:
        """Return where players find an object, empty where the backend says nothing of use."""
        url = said.get("downloadUrl")
        if isinstance(url, str) and len(url) <= _MOST_TEXT and is_web_address(url) and printable(url) == url:
            return url
        if url:
            self._note("the backend's downloadUrl is not an address")
        return ""

    def _key(self, key: str) -> str:
        if key_problem(key):
            raise refused(self._invalid(InvalidResponse.BAD_KEY))
        return key

    def _invalid(self, invalid: InvalidResponse) -> Refusal:
        self._note(f"the backend's answer can't be used: {invalid.value}")
        return Refusal(server=Server.BACKEND, origin=self.origin, invalid=invalid)


def token_untested(endpoint: str, said: str) -> str:
    """Return the line for an editor whose token could not be tried out; `said` is what the backend answered."""
    return (
        "Whether the token is valid is not known before the first file is sent: "
        f"the backend does not answer {endpoint} ({said})."
    )


def _wanted(key: str, content_type: str, size_bytes: int | None) -> dict[str, object]:
    """Return what is asked for one object."""
    return {"key": key, "contentType": content_type, **({} if size_bytes is None else {"sizeBytes": size_bytes})}


def _named(upload: MultipartUpload) -> str:
    return urlencode({"key": upload.key, "uploadId": upload.upload_id}, quote_via=quote)


def _no_such_upload(error: RefusedError) -> bool:
    return error.refusal.status == HTTPStatus.NOT_FOUND and error.refusal.code == "NoSuchUpload"


def request_named(response: Response) -> str:
    """Return what is added to a line of the log so that the request can be found in the server's own."""
    return f" (request {response.request_id})" if response.request_id else ""


def passed(started: float) -> str:
    """Return how long ago something was begun, as the log has it."""
    return f"{(time.monotonic() - started) * 1000:.0f} ms"
