"""What the backend's log and metrics cost, and how several workers share connections.

    python benchmarks/request_log.py [--requests 5000] [--rounds 3] [--connections 64]

GETs of an object of 1 kB with STORAGE_TYPE=LOCAL over four kept connections: CPU of the server for each request,
without a log, with one as text and as JSON, and with metrics; the least of several rounds, taken in turns. Then
connections that are opened all at once, and how many each of two workers has.
"""

from __future__ import annotations

import argparse
import http.client
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from upload import write
from upload_servers import ROOT

OBJECT = b"x" * 1000
CLIENTS = 4
WAYS = {
    "no log": "none",
    "text": "text",
    "JSON": "json",
    "metrics alone": "metrics",
    "text and metrics": "text,metrics",
}
PROGRAM = """
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path
from backend import server
from backend.settings import BackendSettings
from backend.serving.workers import serve_with_workers
from config import Config
root, ways, workers = Path(sys.argv[1]), sys.argv[2].split(","), int(sys.argv[3])
settings = BackendSettings.from_config(Config(), root=root)
settings = replace(
    settings, log_format="json" if "json" in ways else "text", metrics="metrics" in ways, workers=workers
)
announce = lambda backend: print(backend.url, flush=True)
if workers > 1:
    serve_with_workers(settings, host="127.0.0.1", port=0, announce=announce, reread=lambda old: old)
elif ways[0] in ("text", "json"):
    server.serve(settings, port=0, announce=announce)
else:
    listener, url = server.listen("127.0.0.1", 0)
    ready = lambda: print(url, flush=True)
    server.make_server(settings, ready).run(sockets=[listener])
"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("requests", 5000), ("rounds", 3), ("connections", 64)):
        parser.add_argument(f"--{name}", type=int, default=default, help="(default: %(default)s)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="request-log-") as name:
        root = Path(name)
        (root / "object").write_bytes(OBJECT)
        least: dict[str, float] = {}
        for _ in range(options.rounds):
            for way, words in WAYS.items():
                least[way] = min(cpu_us(root, words, options.requests), least.get(way, float("inf")))
        for way, cost_us in least.items():
            write(f"{way:<17} {cost_us:6.0f} us of CPU a request, {cost_us - least['no log']:+.0f}")
        shares = ", ".join(map(str, sharing(root, options.connections)))
        write(f"{options.connections} connections at once, two workers have: {shares}")


def cpu_us(root: Path, ways: str, requests: int) -> float:
    """Return the CPU time of the server for one request, in microseconds."""
    with backend(root, ways, 1) as (url, process):
        get(url, requests // 10)
        before = sum(process.cpu_times()[:2])
        clients = [threading.Thread(target=get, args=(url, requests // CLIENTS)) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        used_s: float = sum(process.cpu_times()[:2]) - before
        return used_s / (requests // CLIENTS * CLIENTS) * 1e6


def get(url: str, count: int) -> None:
    """Ask for the object so many times over one connection."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    for _ in range(count):
        connection.request("GET", "/objects/object")
        answer = connection.getresponse()
        if answer.read() != OBJECT:
            raise RuntimeError(f"The backend answered {answer.status}.")
    connection.close()


def sharing(root: Path, count: int) -> list[int]:
    """Return how many of so many connections each worker has."""
    with backend(root, "none", 2) as (url, process):
        address = urlsplit(url)
        clients = [socket.socket() for _ in range(count)]
        for client in clients:
            client.setblocking(False)
        for client in clients:
            client.connect_ex((address.hostname, address.port))
        for client in clients:
            client.setblocking(True)
            client.sendall(b"HEAD /objects/object HTTP/1.1\r\nHost: x\r\n\r\n")
            client.recv(1000)
        own = {client.getsockname()[1] for client in clients}
        shares = [
            sum(bool(held.raddr) and held.raddr.port in own for held in worker.net_connections("tcp"))
            for worker in process.children()
            if "resource_tracker" not in str(worker.cmdline())
        ]
        for client in clients:
            client.close()
    return shares


@contextmanager
def backend(root: Path, ways: str, workers: int) -> Iterator[tuple[str, psutil.Process]]:
    """Run a backend while the block runs; yield its address and its process. Its log goes nowhere."""
    command = [sys.executable, "-c", PROGRAM, str(root), ways, str(workers)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip(), psutil.Process(process.pid)
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
