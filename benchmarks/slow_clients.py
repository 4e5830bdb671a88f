"""What clients cost the backend that hold connections and do nothing with them.

    python benchmarks/slow_clients.py [--readers 100] [--heads 1100] [--open-files 1024] [--seconds 15]

Three measurements with STORAGE_TYPE=LOCAL: the memory for each client that asks for a large file and doesn't read it;
how fast one client reads the file, and with how much CPU; and what another client notices while so many half-sent
requests are held that the backend could not have them all open. Linux only.
"""

from __future__ import annotations

import argparse
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import requests
from upload import write
from upload_servers import ROOT

LARGE_BYTES = 64 << 20
HALF_A_HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "
PROGRAM = """
import resource, sys
from pathlib import Path
from backend.server import serve
from backend.settings import BackendSettings
from config import Config
if int(sys.argv[2]):
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]),) * 2)
settings = BackendSettings.from_config(Config(), root=Path(sys.argv[1]))
serve(settings, port=0, announce=lambda backend: print(backend.url, flush=True))
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("readers", 100), ("heads", 1100), ("open-files", 1024), ("seconds", 15)):
        parser.add_argument(f"--{name}", type=int, default=default, help="(default: %(default)s)")
    options = parser.parse_args()
    wanted = max(options.readers, options.heads) + 100
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, hard)), hard))
    with tempfile.TemporaryDirectory(prefix="slow-clients-") as name:
        readers(Path(name) / "readers", options.readers)
        heads(Path(name) / "heads", options.heads, options.open_files, options.seconds)


def readers(root: Path, count: int) -> None:
    """Measure what readers that stall take, and what one that doesn't."""
    with backend(root, 0) as (url, process):
        with (root / "large.mp4").open("wb") as file:
            file.truncate(LARGE_BYTES)
        address = f"{url}/objects/large.mp4"
        times = 10
        requests.get(address, timeout=60)
        before, began = process.cpu_times(), time.perf_counter()
        for _ in range(times):
            requests.get(address, timeout=60)
        seconds, after, megabytes = time.perf_counter() - began, process.cpu_times(), times * LARGE_BYTES / 1e6
        cpu_s = after.user + after.system - before.user - before.system
        empty_bytes = process.memory_info().rss
        with held(url, count, b"GET /objects/large.mp4 HTTP/1.1\r\nHost: x\r\n\r\n") as clients:
            for client in clients:
                client.recv(12)
            time.sleep(2)
            each_bytes = (process.memory_info().rss - empty_bytes) / count
        write(f"{count} readers that stall: {each_bytes / 1e6:.2f} MB each")
        write(f"one reader: {megabytes / seconds:.0f} MB/s, {cpu_s / megabytes * 1000:.2f} ms of CPU a MB")


def heads(root: Path, count: int, open_files: int, seconds: int) -> None:
    """Measure whether another client is answered while half-sent requests are held."""
    with backend(root, open_files) as (url, _), held(url, count, HALF_A_HEAD):
        answered, failed, longest_s = 0, 0, 0.0
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            began = time.perf_counter()
            try:
                answered += requests.get(f"{url}/health", timeout=5).ok
            except requests.RequestException:
                failed += 1
            longest_s = max(longest_s, time.perf_counter() - began)
            time.sleep(0.1)
    log_bytes = (root.parent / f"{root.name}.log").stat().st_size
    write(
        f"{count} half-sent requests, {open_files} open files: {answered} answered, {failed} not, the slowest took "
        f"{longest_s:.2f} s, {log_bytes} bytes of log in {seconds} s"
    )


@contextmanager
def backend(root: Path, open_files: int) -> Iterator[tuple[str, psutil.Process]]:
    """Run a backend that may have so many files open (0: as many as usual)."""
    with (root.parent / f"{root.name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(root), str(open_files)], cwd=ROOT, stdout=subprocess.PIPE, stderr=log
        )
        try:
            assert process.stdout is not None
            yield process.stdout.readline().decode().strip(), psutil.Process(process.pid)
        finally:
            process.kill()
            process.communicate()


@contextmanager
def held(url: str, count: int, request: bytes) -> Iterator[list[socket.socket]]:
    """Hold so many connections, on each of which a request was sent."""
    address = urlsplit(url)
    with ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = stack.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.settimeout(5)
            try:
                client.connect((address.hostname, address.port))
                client.sendall(request)
            except OSError:  # it is not even taken
                continue
            clients.append(client)
        yield clients


if __name__ == "__main__":
    main()
