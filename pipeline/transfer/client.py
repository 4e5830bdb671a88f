"""The two servers of an upload: the customer's backend, which has the token, and the store, which never sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from config import BackendApi
from pipeline.transfer.body import FileBody
from pipeline.transfer.exchange import Answer, Http, NoAnswerError, Silence
from pipeline.transfer.refusal import Flaw, Party, Refusal, refused, store_refusal

BACKEND_TIMEOUT_S = 30.0
VALIDATE_TIMEOUT_S = 10.0
STORED = (200, 201, 204)
"""What stores answer to a PUT that worked: S3 says 200, others the other two."""

_LOGGED_BODY = 300


@dataclass(frozen=True, kw_only=True)
class Presigned:
    """Leave to store one object. The signed URL is a secret."""

    key: str
    signed_url: str = field(repr=False)
    download_url: str = field(repr=False)


def read_timeout_s(size_bytes: int) -> float:
    """Return how long the store may take to answer after the last byte of a file was sent."""
    megabytes = size_bytes / (1 << 20)
    if megabytes < 10:
        return 30.0
    return 120.0 if megabytes < 100 else 300.0


class BackendClient:
    """Speaks to the customer's backend; `note` takes lines for the log. Every method raises RefusedError or Cancelled."""

    def __init__(self, api: BackendApi, http: Http, note: Callable[[str], None]) -> None:
        self._api = api
        self._http = http
        self._note = note
        self._place = place_of(api.url)

    def validate(self) -> None:
        """Find out whether the backend is there and accepts the token."""
        self._ask("GET", self._api.validate_endpoint, None, read_timeout_s=VALIDATE_TIMEOUT_S, accepted=(200,))

    def presign(self, key: str, content_type: str) -> Presigned:
        """Ask for a URL to which one object of this content type may be sent."""
        answer = self._ask("POST", self._api.presign_endpoint, {"key": key, "contentType": content_type}, accepted=(200, 201))
        try:
            said = json.loads(answer.body)
        except ValueError as error:
            raise refused(self._flawed(Flaw.NOT_JSON)) from error
        said = said if isinstance(said, dict) else {}
        fields = [value for name in ("key", "signedUrl", "downloadUrl") if isinstance(value := said.get(name), str) and value]
        if len(fields) != 3:
            raise refused(self._flawed(Flaw.FIELDS_MISSING))
        presigned = Presigned(key=fields[0], signed_url=fields[1], download_url=fields[2])
        if not _is_web_address(presigned.signed_url):
            raise refused(self._flawed(Flaw.BAD_SIGNED_URL))
        return presigned

    def record(self, fields: Mapping[str, Any]) -> None:
        """Send the file record."""
        self._ask("POST", self._api.record_endpoint, fields, accepted=(200, 201, 202, 204))

    def _ask(
        self,
        method: str,
        endpoint: str,
        content: Mapping[str, Any] | None,
        *,
        accepted: tuple[int, ...],
        read_timeout_s: float = BACKEND_TIMEOUT_S,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self._api.token}", "Content-Type": "application/json"}
        body = b"" if content is None else json.dumps(content).encode()
        request = f"{method} {self._api.full_url(endpoint)} {body.decode()}".rstrip()
        started = time.monotonic()
        try:
            answer = self._http.send(method, self._api.full_url(endpoint), headers=headers, body=body, read_timeout_s=read_timeout_s)
        except NoAnswerError as error:
            self._note(f"{request} -> no answer after {_passed(started)}: {error.detail}")
            raise refused(Refusal(party=Party.BACKEND, place=self._place, silence=error.silence)) from error
        self._note(f"{request} -> {answer.status} in {_passed(started)}")
        if answer.status in accepted:
            return answer
        self._note(f"the backend said: {answer.body[:_LOGGED_BODY].decode('utf-8', 'replace')}")
        raise refused(
            Refusal(party=Party.BACKEND, place=self._place, status=answer.status, retry_after_s=answer.retry_after_s),
        )

    def _flawed(self, flaw: Flaw) -> Refusal:
        self._note(f"the backend's answer can't be used: {flaw.value}")
        return Refusal(party=Party.BACKEND, place=self._place, flaw=flaw)


class StoreClient:
    """Sends files to the store; `note` takes lines for the log. Knows no token."""

    def __init__(self, http: Http, note: Callable[[str], None]) -> None:
        self._http = http
        self._note = note

    def put(self, presigned: Presigned, content_type: str, body: FileBody) -> None:
        """Store one object. Raises RefusedError, Cancelled, or TransferError when the file changes meanwhile."""
        place = place_of(presigned.signed_url)
        size = len(body)
        request = f"PUT {presigned.key} ({size} bytes, {content_type}) to {place}"
        headers = {"Content-Type": content_type}
        started = time.monotonic()
        try:
            answer = self._http.send("PUT", presigned.signed_url, headers=headers, body=body, read_timeout_s=read_timeout_s(size))
        except NoAnswerError as error:
            self._note(f"{request} -> no answer after {_passed(started)}: {error.detail}")
            raise refused(Refusal(party=Party.STORE, place=place, silence=error.silence)) from error
        self._note(f"{request} -> {answer.status} in {_passed(started)}")
        if answer.status not in STORED:
            refusal = store_refusal(answer, place)
            self._note(f"the store said: {refusal.code or 'nothing more'} {refusal.message}".rstrip())
            raise refused(refusal)
        if not body.sent_whole:
            self._note("the store answered before it had the whole file")
            raise refused(Refusal(party=Party.STORE, place=place, silence=Silence.BROKEN_OFF))
        body.check_unchanged()


def place_of(url: str) -> str:
    """Return scheme, server and port of an address: what may be shown and logged."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an unreadable address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def _passed(started: float) -> str:
    return f"{(time.monotonic() - started) * 1000:.0f} ms"
