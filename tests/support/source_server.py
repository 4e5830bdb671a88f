"""A real HTTP server on loopback that has videos to fetch, in ranges or not, and fails as it is told."""

from __future__ import annotations

import hashlib
import re
import ssl
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

from threaded_servers import serving

MODIFIED = "Sat, 28 Nov 2026 10:00:00 GMT"
BLOCK = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Fault:
    """An answer in place of success: a status, or a hang-up after so many bytes of the body (None: none of it).

    With `waits`, the server says nothing more after these bytes until `waiting` is set; `holds` tells that it has come
    so far.
    """

    status: int = 0
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    after_bytes: int | None = None
    waits: bool = False


@dataclass
class Video:
    """What is served. `etag` and `modified` None are left out; `coded` is what a Content-Encoding is said to be."""

    content: bytes
    etag: str | None = '"1"'
    modified: str | None = MODIFIED
    ranges: bool = True
    length: bool = True
    coded: str = ""
    kind: str = "video/mp4"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as the server saw it."""

    target: str
    headers: dict[str, str]

    @property
    def range(self) -> str:
        return self.headers.get("range", "")


class SourceServer(ThreadingHTTPServer):
    """The server. `videos` are by path, without escapes; `faults` are given first, one a request.

    `gate` holds every body back after its first block until it is set.
    """

    daemon_threads = False

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scheme = "http" if context is None else "https"
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.videos: dict[str, Video] = {}
        self.faults: deque[Fault] = deque()
        self.asked: list[Asked] = []
        self.gate = threading.Event()
        self.gate.set()
        self.begun = threading.Event()
        self.holds = threading.Event()
        self.waiting = threading.Event()
        self.lock = threading.Lock()
        self.open_bodies = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_address[1]}"

    def sent_bytes(self, query: str = "") -> int:
        """Return how many bytes of ranges were asked for, at addresses that end so."""
        asked = [one.range for one in self.asked if one.target.endswith(query)]
        spans = [re.fullmatch(r"bytes=(\d+)-(\d+)", one) for one in asked]
        return sum(int(span[2]) + 1 - int(span[1]) for span in spans if span)

    def handle_error(self, request, client_address) -> None:
        """A client that goes away is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: SourceServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        with self.server.lock:
            self.server.asked.append(Asked(target=self.path, headers=headers))
            fault = self.server.faults.popleft() if self.server.faults else None
        if fault is not None and fault.status:
            self._answer(fault.status, fault.body, fault.headers)
            return
        video = self.server.videos.get(unquote(urlsplit(self.path).path))
        if video is None:
            self._answer(404, b"Not here", {"Content-Type": "text/html"})
            return
        if video.etag and headers.get("if-match") not in (None, video.etag):
            self._answer(412, b"", {})
            return
        span = re.fullmatch(r"bytes=(\d+)-(\d+)", headers.get("range", "")) if video.ranges else None
        size = len(video.content)
        start, stop = (int(span[1]), min(int(span[2]) + 1, size)) if span else (0, size)
        said = {"Content-Type": video.kind, **video.headers}
        if span and start >= size:
            self._answer(416, b"", {"Content-Range": f"bytes */{size}"})
            return
        said |= {"ETag": video.etag} if video.etag else {}
        said |= {"Last-Modified": video.modified} if video.modified else {}
        said |= {"Content-Range": f"bytes {start}-{stop - 1}/{size}"} if span else {}
        said |= {"Content-Encoding": video.coded} if video.coded else {}
        self._body(206 if span else 200, video.content[start:stop], said, fault, length=video.length)

    def _body(self, status: int, body: bytes, headers: dict[str, str], fault: Fault | None, *, length: bool) -> None:
        self.close_connection = True
        self.send_response(status)
        if length:
            headers = {"Content-Length": str(len(body)), **headers}
        for name, value in {"Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        end = len(body) if fault is None or fault.after_bytes is None else fault.after_bytes
        for at in range(0, end, BLOCK):
            self.wfile.write(body[at : min(at + BLOCK, end)])
            self.server.begun.set()
            self.server.gate.wait(300)
        if fault is not None and fault.waits:
            self.server.holds.set()
            self.server.waiting.wait(300)

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.close_connection = True
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), "Connection": "close", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running_source_server(context: ssl.SSLContext | None = None) -> Iterator[SourceServer]:
    """Serve while the block runs."""
    with serving(SourceServer(context)) as server:
        try:
            yield server
        finally:
            server.gate.set()
            server.waiting.set()


def noise(size_bytes: int, seed: str = "noise") -> bytes:
    """Return bytes that are the same each time and repeat nowhere."""
    blocks = (hashlib.sha256(f"{seed}{number}".encode()).digest() for number in range(-(-size_bytes // 32)))
    return b"".join(blocks)[:size_bytes]
