"""A real HTTP server on loopback with objects to look at, that offers as much of it as a test wants,
and a folder uploaded to it.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, quote, unquote, urlsplit

from threaded_servers import serving

from config import BackendApi
from pipeline.media.stream_layout import MASTER
from pipeline.published import published_files
from pipeline.transfer.manifests.manifest import ConfirmedFile, Manifest, merge_manifest
from pipeline.transfer.manifests.manifest_library import write_copies
from pipeline.transfer.manifests.manifest_text import manifest_json
from pipeline.transfer.manifests.ownership import SourceContent
from pipeline.transfer.manifests.placement import pointing_into

TOKEN = "inventory-token-0123456789"
EVERYTHING = {"version": 1, "bucket": "videos", "list": True, "read": True, "delete": True, "manifest": True}
NOW = "2026-03-01T12:00:00Z"
PREFIX = "videos/course/lesson/"
NAMES = (
    "master.m3u8",
    "480p/index.m3u8",
    "480p/seg_001.ts",
    "480p/seg_002.ts",
    "Titel mit Leerzeichen ä+&#% 日本.txt",
    "transcript.srt",
)


@dataclass(frozen=True, kw_only=True)
class Stored:
    """An object; `md5` as the server says it."""

    body: bytes
    md5: str | None
    etag: str
    last_modified: str = NOW


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str] = field(repr=False)
    raw_query: str = ""


class InventoryServer(ThreadingHTTPServer):
    """`offers` is what it says of itself, None for a server that doesn't know the question; `answers` are given first,
    by path.
    """

    daemon_threads = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.offers: dict | None = dict(EVERYTHING)
        self.objects: dict[str, Stored] = {}
        self.asked: list[Asked] = []
        self.answers: dict[str, deque[tuple[int, bytes]]] = defaultdict(deque)
        self.page = 1000
        self.ranges = True
        self.cut_after: int | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def api(self) -> BackendApi:
        return BackendApi(url=self.url, token=TOKEN)

    def put(self, key: str, body: bytes, *, md5: bool = True, last_modified: str = NOW) -> None:
        digest = hashlib.md5(body).hexdigest()
        self.objects[key] = Stored(
            body=body, md5=digest if md5 else None, etag=digest if md5 else "x-2", last_modified=last_modified
        )

    def requests(self, method: str, path: str) -> list[Asked]:
        with self.lock:
            return [one for one in self.asked if (one.method, one.path) == (method, path)]

    def public_url(self, key: str) -> str:
        return f"{self.url}/store/{quote(key)}"

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up is part of the tests."""


@contextmanager
def running_inventory() -> Iterator[InventoryServer]:
    """Serve while the block runs."""
    with serving(InventoryServer()) as server:
        yield server


def write_job(folder: Path, names: Sequence[str] = NAMES) -> Path:
    """Fill a folder with files of different content, one of them empty."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"" if name == "transcript.srt" else f"{name} {number}".encode() * 50)
    return folder


def upload(
    server: InventoryServer,
    folder: Path,
    data_dir: Path | None,
    *,
    now: str = NOW,
    previous: Manifest | None = None,
    version_folder: str = "",
    source: SourceContent | None = None,
) -> Manifest:
    """Put a folder's files on the server, as an upload does, and its manifest everywhere."""
    files = []
    for path in published_files(folder):
        name = path.relative_to(folder).as_posix()
        if name != "manifest.json":
            key = PREFIX + name if name == MASTER else PREFIX + version_folder + name
            body = pointing_into(version_folder, path.read_bytes()) if name == MASTER else path.read_bytes()
            server.put(key, body, last_modified=now)
            stored = server.objects[key]
            files.append(
                ConfirmedFile(
                    folder=str(folder.absolute()),
                    name=name,
                    key=key,
                    url=server.public_url(key) + "?signed=secret",
                    size_bytes=len(stored.body),
                    mtime_ns=path.stat().st_mtime_ns,
                    md5=stored.md5,
                    etag=stored.etag,
                    uploaded_at=now,
                )
            )
    here = {"title": "Lesson", "source": source, "backend_url": server.url, "bucket": "videos", "prefix": PREFIX}
    manifest = merge_manifest(previous, **here, now=now, confirmed=files)
    write_copies(manifest, folder, data_dir)
    server.put(manifest.own_key, manifest_json(manifest, for_server=True), last_modified=now)
    return manifest


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20.0
    disable_nagle_algorithm = True
    server: InventoryServer

    def log_message(self, format, *args) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self._take()

    def do_DELETE(self) -> None:
        self._take()

    def _take(self) -> None:
        server, parts = self.server, urlsplit(self.path)
        path = unquote(parts.path)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with server.lock:
            server.asked.append(
                Asked(method=self.command, path=path, query=query, headers=dict(self.headers), raw_query=parts.query)
            )
            answer = server.answers[path].popleft() if server.answers[path] else None
        if answer is not None:
            self._answer(*answer)
        elif path.startswith("/store/"):
            self._object(path.removeprefix("/store/"))
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._answer(401, b'{"error": "no"}')
        else:
            self._api(path, query)

    def _api(self, path: str, query: dict[str, str]) -> None:
        server = self.server
        offers = server.offers or {}
        if path == "/api/s3/capabilities" and server.offers is not None:
            self._json(offers)
        elif path == "/api/s3/objects" and offers.get("list"):
            keys = sorted(
                (k for k in server.objects if k.startswith(query["prefix"]) and k > query.get("after", "")),
                key=str.encode,
            )
            page = keys[: min(server.page, int(query["limit"]))]
            self._json(
                {"objects": [self._fields(key) for key in page], "next": page[-1] if len(page) < len(keys) else None}
            )
        elif path == "/api/s3/object" and self.command == "DELETE" and offers.get("delete"):
            with server.lock:
                server.objects.pop(query["key"], None)
            self._answer(204, b"")
        elif path == "/api/s3/object" and offers.get("read") and query["key"] in server.objects:
            self._json({**self._fields(query["key"]), "url": server.public_url(query["key"]) + "?signature=secret"})
        elif (
            path == "/api/s3/manifest"
            and offers.get("manifest")
            and query["prefix"] + "manifest.json" in server.objects
        ):
            self._answer(200, server.objects[query["prefix"] + "manifest.json"].body)
        else:
            self._json({"error": "NotFound", "message": "There is nothing here."}, 404)

    def _fields(self, key: str) -> dict:
        stored = self.server.objects[key]
        facts = {
            "sizeBytes": len(stored.body),
            "etag": f'"{stored.etag}"',
            "md5": stored.md5,
            "lastModified": stored.last_modified,
        }
        return {"key": key, **facts}

    def _object(self, key: str) -> None:
        stored, wanted = self.server.objects.get(key), self.headers.get("Range")
        if "Authorization" in self.headers:
            self._answer(400, b"the store must not see the token")
        elif stored is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
        elif wanted is None or not self.server.ranges:
            self._answer(200, stored.body)
        else:
            first, last = (int(part) for part in wanted.removeprefix("bytes=").split("-"))
            part = stored.body[first : last + 1]
            self._answer(206 if part else 416, part)

    def _json(self, content: dict, status: int = 200) -> None:
        self._answer(status, json.dumps(content).encode())

    def _answer(self, status: int, body: bytes) -> None:
        cut, self.server.cut_after = (
            self.server.cut_after,
            None if self.path.startswith("/store/") else self.server.cut_after,
        )
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if cut is not None and self.path.startswith("/store/"):
            self.wfile.write(body[:cut])
            self.close_connection = True
        else:
            self.wfile.write(body)
