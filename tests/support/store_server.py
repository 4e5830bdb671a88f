"""A real HTTP server on loopback that is backend and store at once, remembers what came when,
and fails as it is told.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, unquote, urlsplit

from threaded_servers import serving

TOKEN = "test-token-0123456789abcdef"
PAGE = b"<!DOCTYPE html><html><body>Please log in</body></html>"
"""What a login page, a proxy or a site that knows one page only says to everything."""

SECRET = b"known to the server only"
READ_SIGNATURE = "signed-for-a-few-minutes"
WAIT_S = 120.0


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer in place of success. `close` hangs up instead; `unread` answers before the body was read."""

    status: int = 500
    code: str = ""
    message: str = ""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False
    unread: bool = False

    def content(self) -> bytes:
        if self.body is not None:
            return self.body
        return f"<?xml version='1.0'?><Error><Code>{self.code}</Code><Message>{self.message}</Message></Error>".encode()


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    key: str = ""


class StoreServer(ThreadingHTTPServer):
    """Presigns, stores, records.

    `faults`, `read_faults` (GET) and `api_faults` hold answers to give first, by key and by endpoint.

    With `capabilities` it offers what these say; without, only the three endpoints. `token` is the one that is accepted
    now. `limits` may refuse a request to an endpoint, and more than `most_puts` at a time are hung up on. `confirms` is
    what it says when it has stored something, `joined_tag` the ETag when it has joined parts; `wants_md5` and
    `wanted_headers` are what it asks of every PUT.

    `clock_s` is what its clock shows, None for this machine's time. Where it is `public`, anybody may read: `reads` are
    these requests, and `reading` may answer one by its address, as a cache in front of a store does.
    """

    daemon_threads = False  # closing the server then waits for its threads, so none outlives a test

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Condition()
        self.arrivals: list[Arrival] = []
        self.stored: dict[str, bytes] = {}
        self.types: dict[str, str] = {}
        self.records: list[dict] = []
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.api_faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.read_faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.answer_presign: Callable[[str, dict], bytes] | None = None
        self.gate: Callable[[str], bool] = lambda key: False
        self.gate_s = WAIT_S
        self.gated: list[str] = []
        self.ended: list[str] = []
        self.slow_keys: set[str] = set()
        self.busy = 0
        self.most_busy = 0
        self.urls_made = 0
        self.opened = False
        self.token = TOKEN
        self.capabilities: dict | None = None
        self.public = False
        self.reads: list[Arrival] = []
        self.reading: Callable[[str], Fault | None] = lambda address: None
        self.clock_s: float | None = None
        self.reached_at = ""
        self.connections = 0
        self.lost_answers: list[str] = []
        self.uploads: dict[str, dict[int, bytes]] = {}
        self.on_stored: Callable[[str], None] = lambda key: None
        self.confirms: Callable[[bytes], tuple[bytes, dict[str, str]]] = with_etag
        self.listed_tag: Callable[[bytes], str] = lambda part: hashlib.md5(part).hexdigest()
        self.joined_tag = "joined-2"
        self.most_puts = 1000
        self.limits: Callable[[str], Fault | None] = lambda path: None
        self.wants_md5 = False
        self.wanted_headers: dict[str, str] = {}

    @property
    def url(self) -> str:
        """Where clients reach it, which may be a proxy."""
        return self.reached_at or f"http://127.0.0.1:{self.server_address[1]}"

    def puts(self, key: str | None = None) -> list[str]:
        """Return the keys of all PUTs in order of arrival, or those of one key."""
        with self.lock:
            return [a.key for a in self.arrivals if a.method == "PUT" and key in (None, a.key)]

    def asked(self, path: str) -> list[Arrival]:
        with self.lock:
            return [a for a in self.arrivals if a.path == path]

    def wait_for(self, condition: Callable[[], bool]) -> None:
        with self.lock:
            assert self.lock.wait_for(condition, timeout=WAIT_S), "the server never saw what was expected"

    def open_gate(self) -> None:
        with self.lock:
            self.opened = True
            self.lock.notify_all()

    def signature(self, key: str, content_type: str, number: str) -> str:
        return hmac.new(SECRET, f"{key}\n{content_type}\n{number}".encode(), hashlib.sha256).hexdigest()

    def process_request(self, request, client_address) -> None:
        self.connections += 1
        super().process_request(request, client_address)

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is part of the tests."""


def with_etag(content: bytes) -> tuple[bytes, dict[str, str]]:
    """Confirm as S3 does."""
    return b"", {"ETag": f'"{hashlib.md5(content).hexdigest()}"'}


def md5_base64(content: bytes) -> str:
    """Return what a Content-MD5 header says."""
    return base64.b64encode(hashlib.md5(content).digest()).decode()


@contextmanager
def running_server() -> Iterator[StoreServer]:
    """Serve while the block runs."""
    with serving(StoreServer()) as server:
        try:
            yield server
        finally:
            server.open_gate()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = WAIT_S
    disable_nagle_algorithm = True  # or an answer waits 40 ms between its head and its body
    server: StoreServer

    def log_message(self, format, *args) -> None:
        """Keep quiet."""

    def date_time_string(self, timestamp=None) -> str:
        return super().date_time_string(self.server.clock_s if timestamp is None else timestamp)

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if (self.server.public or query == f"read={READ_SIGNATURE}") and path.startswith("/store/"):
            key = unquote(path.removeprefix("/store/"))
            with self.server.lock:
                content = self.server.stored.get(key)
                faults = self.server.read_faults[key]
                fault = faults.popleft() if faults else self.server.reading(self.path)
                self.server.reads.append(
                    Arrival(method="GET", path=self.path, headers=dict(self.headers), body=b"", key=key)
                )
            if fault is None and content is not None and "Range" in self.headers:
                first, last = self.headers["Range"].removeprefix("bytes=").split("-")
                self._answer(206, content[int(first) : int(last) + 1])
            elif fault is None:
                self._answer(404 if content is None else 200, content or b"")
            elif fault.close:
                self.close_connection = True
            else:
                self._answer(fault.status, fault.content(), fault.headers)
        else:
            self._api(b"")

    def do_DELETE(self) -> None:
        self._api(b"")

    def do_POST(self) -> None:
        self._api(self.rfile.read(int(self.headers.get("Content-Length", "0"))))

    def do_PUT(self) -> None:
        server, parts = self.server, urlsplit(self.path)
        key, query = unquote(parts.path.removeprefix("/store/")), parse_qs(parts.query)
        with server.lock:
            server.busy += 1
            server.most_busy = max(server.most_busy, server.busy)
            server.arrivals.append(
                Arrival(method="PUT", path=parts.path, headers=dict(self.headers), body=b"", key=key)
            )
            if server.gate(key) and not server.opened:
                server.gated.append(key)
                server.lock.notify_all()
                server.lock.wait_for(lambda: server.opened, timeout=server.gate_s)
            fault = server.faults[key].popleft() if server.faults[key] else None
            if server.busy > server.most_puts:
                fault = Fault(close=True)
            server.lock.notify_all()
        try:
            self._put(key, query, fault)
        finally:
            with server.lock:
                server.busy -= 1
                server.ended.append(key)
                server.lock.notify_all()

    def _put(self, key: str, query: dict[str, list[str]], fault: Fault | None) -> None:
        server = self.server
        if fault is not None and (fault.unread or fault.close):
            self.close_connection = True
            if not fault.close:
                self._answer(fault.status, fault.content(), fault.headers)
            return
        if "Content-Length" not in self.headers or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._answer(411, Fault(code="MissingContentLength").content())
            return
        size = int(self.headers["Content-Length"])
        if key in server.slow_keys:
            self.rfile.read(min(size, 1 << 16))
            with server.lock:
                server.gated.append(key)
                server.lock.notify_all()
                server.lock.wait_for(lambda: server.opened, timeout=WAIT_S)
            self.close_connection = True
            return
        body = self.rfile.read(size)
        expected = server.signature(key, self.headers.get("Content-Type", ""), query.get("X-Number", [""])[0])
        if fault is not None:
            self._answer(fault.status, fault.content(), fault.headers)
        elif "Authorization" in self.headers or query.get("X-Amz-Signature") != [expected]:
            self._answer(403, Fault(code="SignatureDoesNotMatch", message="no").content())
        elif any(self.headers.get(name) != value for name, value in server.wanted_headers.items()):
            self._answer(403, Fault(code="SignatureDoesNotMatch", message="a signed header is missing").content())
        elif server.wants_md5 and "Content-MD5" not in self.headers:
            message = (
                "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests "
                "with Object Lock parameters"
            )
            self._answer(400, Fault(code="InvalidRequest", message=message).content())
        elif self.headers.get("Content-MD5", md5_base64(body)) != md5_base64(body):
            self._answer(400, Fault(code="BadDigest").content())
        elif len(body) == size:
            with server.lock:
                if "uploadId" in query:
                    server.uploads[query["uploadId"][0]][int(query["partNumber"][0])] = body
                else:
                    server.stored[key] = body
                    server.types[key] = self.headers["Content-Type"]
            server.on_stored(key)
            self._answer(200, *server.confirms(body))

    def _api(self, body: bytes) -> None:
        server = self.server
        with server.lock:
            server.arrivals.append(Arrival(method=self.command, path=self.path, headers=dict(self.headers), body=body))
            fault = server.api_faults[self.path].popleft() if server.api_faults[self.path] else server.limits(self.path)
            server.urls_made += 1
            number = str(server.urls_made)
            server.lock.notify_all()
        if fault is not None and fault.close:
            self.close_connection = True
        elif fault is not None:
            self._answer(fault.status, fault.content(), fault.headers)
        elif self.headers.get("Authorization") != f"Bearer {server.token}":
            self._answer(401, b'{"error": "no"}')
        elif self.path == "/api/admin/auth/me":
            self._answer(200, b'{"name": "editor"}')
        elif self.path == "/api/admin/content/aws/uploadUrl":
            said = self._presigned(json.loads(body), number)
            self._answer(
                200, server.answer_presign(number, said) if server.answer_presign else json.dumps(said).encode()
            )
        elif self.path == "/api/admin/files":
            with server.lock:
                server.records.append(json.loads(body))
            self._answer(201, b"{}")
        elif server.capabilities is not None:
            self._offered(json.loads(body) if body else {}, number)
        else:
            self._answer(404, b'{"error": "NotFound"}')

    def _offered(self, asked: dict, number: str) -> None:
        """Answer what only some servers have."""
        server, parts = self.server, urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with server.lock:
            stored, uploads = dict(server.stored), server.uploads
        upload = uploads.get(query.get("uploadId") or asked.get("uploadId", ""))
        said: dict | None = None
        if parts.path == "/api/s3/capabilities":
            said = server.capabilities
        elif parts.path == "/api/s3/presign":
            said = {"files": [self._presigned(one, f"{number}-{place}") for place, one in enumerate(asked["files"])]}
        elif parts.path == "/api/s3/objects":
            said = {
                "objects": [self._object(k, v) for k, v in sorted(stored.items()) if k.startswith(query["prefix"])],
                "next": None,
            }
        elif parts.path == "/api/s3/object" and query["key"] in stored:
            said = {
                **self._object(query["key"], stored[query["key"]]),
                "url": f"{server.url}/store/{quote(query['key'])}?read={READ_SIGNATURE}",
            }
        elif parts.path == "/api/s3/manifest" and f"{query['prefix']}manifest.json" in stored:
            self._answer(200, stored[f"{query['prefix']}manifest.json"])
            return
        elif parts.path == "/api/s3/multipart" and self.command == "POST":
            uploads[f"upload-{number}"] = {}
            said = {
                "key": asked["key"],
                "uploadId": f"upload-{number}",
                "downloadUrl": f"{server.url}/store/{quote(asked['key'])}",
            }
        elif parts.path.startswith("/api/s3/multipart") and upload is None:
            self._answer(204 if self.command == "DELETE" else 404, b'{"error": "NoSuchUpload", "message": "no"}')
            return
        elif parts.path == "/api/s3/multipart/part":
            place = (
                f"{server.url}/store/{quote(asked['key'])}?uploadId={asked['uploadId']}&"
                f"partNumber={asked['partNumber']}"
            )
            said = self._with_headers(
                {"signedUrl": f"{place}&X-Number={number}&X-Amz-Signature={server.signature(asked['key'], '', number)}"}
            )
        elif parts.path == "/api/s3/multipart/complete":
            content = b"".join(upload[part["partNumber"]] for part in asked["parts"])
            with server.lock:
                server.stored[asked["key"]] = content
                del uploads[asked["uploadId"]]
            said = {"key": asked["key"], "sizeBytes": len(content), "etag": server.joined_tag}
        elif self.command == "DELETE":
            del uploads[query["uploadId"]]
            self._answer(204, b"")
            return
        elif parts.path == "/api/s3/multipart":
            found = [
                {"partNumber": n, "sizeBytes": len(part), "etag": server.listed_tag(part)}
                for n, part in sorted(upload.items())
            ]
            said = {"parts": found}
        if parts.path in server.lost_answers:
            server.lost_answers.remove(parts.path)
            self.close_connection = True
            return
        self._answer(404 if said is None else 200, json.dumps(said or {"error": "NotFound"}).encode())

    def _presigned(self, asked: dict, number: str) -> dict:
        place = f"{self.server.url}/store/{quote(asked['key'])}"
        said = {
            "key": asked["key"],
            "signedUrl": (
                f"{place}?X-Number={number}&"
                f"X-Amz-Signature={self.server.signature(asked['key'], asked['contentType'], number)}"
            ),
            "downloadUrl": f"{place}?download=secret-{number}",
        }
        return self._with_headers(said)

    def _with_headers(self, said: dict) -> dict:
        return {**said, "headers": self.server.wanted_headers} if self.server.wanted_headers else said

    def _object(self, key: str, content: bytes) -> dict:
        md5 = hashlib.md5(content).hexdigest()
        return {"key": key, "sizeBytes": len(content), "etag": md5, "md5": md5, "lastModified": "2026-01-31T12:00:00Z"}

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
