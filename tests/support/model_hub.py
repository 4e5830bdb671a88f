"""A hub on loopback that has a Whisper model, and fails on purpose.

It answers as huggingface.co does: `/api/models/<repository>` lists the files with their checksums, large ones with a
SHA-256; `/<repository>/resolve/<commit>/<file>` has them, also in parts.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from threaded_servers import serving

COMMIT = "0123456789abcdef0123456789abcdef01234567"
LARGE_BYTES = 1 << 20
BLOCK_BYTES = 64 << 10


@dataclass
class Faults:
    """What goes wrong, and how often yet."""

    statuses: list[int] = field(default_factory=list)
    """One for each of the next requests, 0 for one that is answered as it should be."""
    broken_off_after: list[int] = field(default_factory=list)
    """For each of the next answers with model.bin: after how many bytes the connection ends."""
    silent_after: int | None = None
    """After how many bytes of model.bin nothing comes any more."""
    corrupt: int = 0
    """How many of the next answers with model.bin have a wrong byte."""
    claimed_bytes: int | None = None
    """What is said of the size of model.bin."""
    without: str = ""
    """A file that isn't listed."""


class ModelHub(ThreadingHTTPServer):
    """Has the files of `folder` for every repository; `asked` has the path and the range of each request,
    `proxied` the hosts for which it was asked as a proxy.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files = {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".json", ".bin")}
        self.faults = Faults()
        self.asked: list[tuple[str, str]] = []
        self.proxied: set[str] = set()
        self.silent = threading.Event()
        self.released = threading.Event()

    @property
    def address(self) -> str:
        """What HF_ENDPOINT has to be."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def size_bytes(self) -> int:
        """How large the model is."""
        return sum(map(len, self.files.values()))

    def listing(self, repository: str) -> dict[str, object]:
        """Return the answer about a repository."""
        siblings = []
        for name, content in self.files.items():
            if name == self.faults.without:
                continue
            entry: dict[str, object] = {"rfilename": name, "size": len(content), "blobId": git_checksum(content)}
            if name == "model.bin" and self.faults.claimed_bytes is not None:
                entry["size"] = self.faults.claimed_bytes
            if len(content) > LARGE_BYTES:
                entry["lfs"] = {"sha256": sha256(content), "size": entry["size"], "pointerSize": 132}
            siblings.append(entry)
        common = {"private": False, "downloads": 0, "likes": 0, "tags": []}
        return {"id": repository, "modelId": repository, "sha": COMMIT, "siblings": siblings, **common}


class _Handler(BaseHTTPRequestHandler):
    server: ModelHub
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        return

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, *, with_body: bool) -> None:
        hub = self.server
        address, _, path = self.path.partition("?")[0].rpartition("//")[2].partition("/")
        if address:  # a proxy is asked with the whole address
            hub.proxied.add(address)
        path = f"/{path}"
        if not path.startswith("/api/models/") and "/resolve/" not in path:
            self._send(404, b"", {}, with_body)  # what else the client wants to know of the hub
            return
        hub.asked.append((path, self.headers.get("Range", "")))
        status = hub.faults.statuses.pop(0) if hub.faults.statuses else 0
        name = path.rpartition("/")[2]
        if status:
            self._send(status, b'{"error": "as the test wants it"}', {}, with_body)
        elif path.startswith("/api/models/"):
            body = json.dumps(hub.listing(path.removeprefix("/api/models/"))).encode()
            self._send(200, body, {"Content-Type": "application/json"}, with_body)
        elif "/resolve/" in path and name in hub.files:
            self._file(name, hub.files[name], with_body)
        else:
            self._send(404, b'{"error": "Repository not found"}', {"X-Error-Code": "RepoNotFound"}, with_body)

    def _file(self, name: str, content: bytes, with_body: bool) -> None:
        large = len(content) > LARGE_BYTES
        headers = {"X-Repo-Commit": COMMIT, "ETag": f'"{sha256(content) if large else git_checksum(content)}"'}
        faults = self.server.faults
        if name == "model.bin" and with_body and faults.corrupt:
            faults.corrupt -= 1
            content = content[:-1] + bytes([content[-1] ^ 1])
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
        status = 200
        if start:
            status, headers["Content-Range"] = 206, f"bytes {start}-{len(content) - 1}/{len(content)}"
        self._send(status, content[start:], headers, with_body, faulty=name == "model.bin")

    def _send(
        self, status: int, body: bytes, headers: dict[str, str], with_body: bool, *, faulty: bool = False
    ) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        if not with_body:
            return
        faults = self.server.faults
        ends = faults.broken_off_after.pop(0) if faulty and faults.broken_off_after else None
        if faulty and faults.silent_after is not None:
            self.wfile.write(body[: faults.silent_after])
            self.wfile.flush()
            self.server.silent.set()
            self.server.released.wait()
            self.close_connection = True
            return
        for place in range(0, len(body) if ends is None else ends, BLOCK_BYTES):
            self.wfile.write(body[place : min(place + BLOCK_BYTES, len(body) if ends is None else ends)])
        if ends is not None:
            self.close_connection = True


def sha256(content: bytes) -> str:
    """Return the checksum that the hub has of a large file."""
    return hashlib.sha256(content).hexdigest()


def git_checksum(content: bytes) -> str:
    """Return the checksum that Git, and so the hub, has of a small file."""
    return hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()


@contextmanager
def model_hub(folder: Path) -> Iterator[ModelHub]:
    """Run a hub with the model of a folder."""
    with serving(ModelHub(folder)) as hub:
        yield hub
        hub.released.set()
