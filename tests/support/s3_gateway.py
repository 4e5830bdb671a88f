"""An HTTP server in front of a real S3 server that takes the conditions of writes as other stores do.

It checks no signature: a condition is part of what is signed, so whoever changes one signs anew.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timezone
from email.utils import format_datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from threaded_servers import serving

from storage import S3Settings

METADATA = "x-amz-meta-"


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An answer in place of the store's own; `first` is called before, and the object is `stored` or not."""

    code: str
    status: int
    stored: bool = False
    first: Callable[[], None] = field(default=lambda: None)


class Gateway(ThreadingHTTPServer):
    """The server.

    `conditions` is "quoted" (entity tags in quotes alone, as HTTP has them), "ignored" or "refused". `answers` wait for
    the next PUTs of what is no `write-check-`. `requests` are method, key and condition of what came. While it is
    `down` it hangs up on everybody; while it is `busy` a HEAD is answered with 503.
    """

    daemon_threads = False

    def __init__(self, place: S3Settings, conditions: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.conditions = conditions
        self.answers: deque[Answer] = deque()
        self.requests: list[tuple[str, str, str]] = []
        self.lock = threading.Lock()
        self.down = False
        self.busy = False
        self.store: Any = client_of(place)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def methods(self) -> list[str]:
        """Return the methods of the requests since this was last asked."""
        with self.lock:
            found = [method for method, _, _ in self.requests]
            self.requests.clear()
        return found

    def puts(self) -> list[str]:
        """Return the keys that were to be stored, in the order of the requests."""
        return [key for method, key, _ in self.requests if method == "PUT"]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Gateway

    def parse_request(self) -> bool:
        """Read a request, unless nobody is here."""
        if self.server.down:
            self.close_connection = True
            return False
        return super().parse_request()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_PUT(self) -> None:
        bucket, key = self._named()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        condition = self._condition()
        about = {
            "Metadata": {
                name.lower().removeprefix(METADATA): value
                for name, value in self.headers.items()
                if name.lower().startswith(METADATA)
            }
        }
        if kind := self.headers.get("Content-Type"):
            about["ContentType"] = kind
        if condition is None:
            self._refuse("NotImplemented", 501)
            return
        answer = None
        if self.server.answers and "write-check-" not in key:
            answer = self.server.answers.popleft()
            answer.first()
        if answer is not None and not answer.stored:
            self._refuse(answer.code, answer.status)
            return
        try:
            made = self.server.store.put_object(Bucket=bucket, Key=key, Body=body, **about, **condition)
        except ClientError as error:
            self._pass_on(error)
            return
        if answer is not None:
            self._refuse(answer.code, answer.status)
        else:
            self._send(200, b"", {"ETag": made["ETag"]})

    def do_GET(self) -> None:
        bucket, key = self._named()
        asked = {"Range": self.headers.get("Range"), "IfMatch": self.headers.get("If-Match")}
        try:
            found = self.server.store.get_object(
                Bucket=bucket, Key=key, **{name: value for name, value in asked.items() if value}
            )
        except ClientError as error:
            self._pass_on(error)
            return
        self._send(found["ResponseMetadata"]["HTTPStatusCode"], found["Body"].read(), _headers(found))

    def do_HEAD(self) -> None:
        bucket, key = self._named()
        if self.server.busy:
            self._send(503, b"", {})
            return
        try:
            found = self.server.store.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            self._send(int(error.response["ResponseMetadata"]["HTTPStatusCode"]), b"", {})
            return
        self._send(200, b"", _headers(found) | {"Content-Length": str(found["ContentLength"])})

    def do_DELETE(self) -> None:
        bucket, key = self._named()
        self.server.store.delete_object(Bucket=bucket, Key=key)
        self._send(204, b"", {})

    def _named(self) -> tuple[str, str]:
        bucket, _, key = unquote(urlsplit(self.path).path).lstrip("/").partition("/")
        condition = self.headers.get("If-Match") or self.headers.get("If-None-Match") or ""
        with self.server.lock:
            self.server.requests.append((self.command, key, condition))
        return bucket, key

    def _condition(self) -> dict[str, str] | None:
        """Return the condition of a write as the real server takes it, None where none is taken at all."""
        match, none_match = self.headers.get("If-Match"), self.headers.get("If-None-Match")
        if self.server.conditions == "refused" and (match or none_match):
            return None
        if self.server.conditions == "ignored":
            return {}
        if match is not None:
            return {"IfMatch": match.strip('"') if match.startswith('"') else "not in quotes"}
        return {"IfNoneMatch": none_match} if none_match else {}

    def _pass_on(self, error: ClientError) -> None:
        self._refuse(error.response["Error"]["Code"], int(error.response["ResponseMetadata"]["HTTPStatusCode"]))

    def _refuse(self, code: str, status: int) -> None:
        self._send(status, f"<?xml version='1.0'?><Error><Code>{code}</Code></Error>".encode(), {})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.close_connection = True  # else the server, when it is closed, waits for clients that say no more
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body)), "Connection": "close"} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _headers(found: dict[str, Any]) -> dict[str, str]:
    named = {
        "ETag": found["ETag"],
        "Last-Modified": format_datetime(found["LastModified"].astimezone(timezone.utc), usegmt=True),
    }
    named |= {f"{METADATA}{name}": value for name, value in found["Metadata"].items()}
    return named | {"Content-Type": found["ContentType"]}


@cache
def _session() -> Any:
    return boto3.session.Session()


def client_of(place: S3Settings) -> Any:
    """Return another program's client of a real server."""
    return _session().client(
        "s3",
        endpoint_url=place.endpoint_url,
        region_name=place.region,
        aws_access_key_id=place.access_key_id,
        aws_secret_access_key=place.secret_access_key,
        config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
    )


@contextmanager
def running_gateway(place: S3Settings, conditions: str) -> Iterator[Gateway]:
    """Serve while the block runs."""
    with serving(Gateway(place, conditions)) as gateway:
        try:
            yield gateway
        finally:
            gateway.store.close()
