"""Backends that share a storage store no more than it may hold, whatever is sent to all of them at once."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from itertools import cycle
from urllib.parse import urlsplit

import pytest
import requests
from backend_process import running_backend
from hostile_clients import WAIT_S

from backend.server import serve_in_thread
from storage import reservation, usage

PROCESSES, PUTS = 4, 40
BODY = b"x" * (64 << 10)
FITTING = 10
MORE_THAN_HALF = 6 * len(BODY)


@pytest.fixture
def limited(settings):
    """Settings of a backend with room for ten bodies."""
    return replace(settings, storage=replace(settings.storage, max_size_bytes=FITTING * len(BODY)))


def put(url, body=BODY):
    """Send a body over a connection of its own; return the status."""
    headers = {"Content-Type": "video/mp2t", "Connection": "close"}
    return requests.put(url, data=body, headers=headers, timeout=WAIT_S).status_code


def test_four_processes_store_no_more_than_one_may(tmp_path):
    """What fits is stored, what does not is refused, and room that is given back is used again."""
    root = tmp_path / "root"
    gigabytes = (FITTING * len(BODY) + 0.5) / 1024**3
    with ExitStack() as stack, ThreadPoolExecutor(2 * PROCESSES) as senders:
        starting = [
            senders.submit(stack.enter_context, running_backend(root, STORAGE_LOCAL_MAX_SIZE_GB=f"{gigabytes:.12f}"))
            for _ in range(PROCESSES)
        ]
        backends = [started.result() for started in starting]
        keys = [f"videos/{number % 8}/{number}.ts" for number in range(PUTS)]
        urls = list(senders.map(lambda pair: pair[0].signed_url(pair[1]), zip(cycle(backends), keys, strict=False)))
        statuses = list(senders.map(put, urls))
        stored = [key for key, status in zip(keys, statuses, strict=True) if status == 200]

        assert {200, 507} == set(statuses)
        assert (FITTING, FITTING * len(BODY)) == (len(stored), stored_bytes(root))

        for backend, key in zip(cycle(backends), stored[:4], strict=False):
            assert 204 == backend.ask("DELETE", "/api/s3/object", params={"key": key}).status_code
        statuses = list(senders.map(put, urls))
        # what is there already takes its own place: four of the others have the room that was given back
        assert (FITTING, FITTING * len(BODY)) == (statuses.count(200), stored_bytes(root))


def stored_bytes(root):
    """Return what the objects have on the disk."""
    return sum(file.stat().st_size for file in (root / "videos").rglob("*") if file.is_file())


def test_bodies_that_stall_hold_no_room(limited, monkeypatch):
    """A client that announces more than half of the room and sends nothing keeps it from nobody for long."""
    monkeypatch.setattr(reservation, "HELD_S", 0.2)
    with serve_in_thread(limited) as backend, ExitStack() as stack:
        url, other = (signed(backend, f"{name}.ts", MORE_THAN_HALF) for name in ("stalled", "other"))
        stalled = stack.enter_context(socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)))
        stalled.sendall(
            f"PUT {urlsplit(url).path}?{urlsplit(url).query} HTTP/1.1\r\nHost: x\r\nContent-Type: video/mp2t\r\n"
            f"Content-Length: {MORE_THAN_HALF}\r\n\r\n".encode()
        )
        deadline = time.monotonic() + WAIT_S
        while put(other, b"x" * MORE_THAN_HALF) != 200:
            assert time.monotonic() < deadline
        stalled.sendall(b"x" * MORE_THAN_HALF)

        assert b"507" in stalled.recv(100)


def test_signing_alone_holds_no_room(limited, monkeypatch):
    """URLs that nobody uses keep the room of nobody."""
    monkeypatch.setattr(usage, "LOOKED_FOR_S", 0)
    with serve_in_thread(limited) as backend:
        for number in range(5):
            signed(backend, f"{number}.ts", MORE_THAN_HALF)

        assert 200 == put(signed(backend, "sent.ts", MORE_THAN_HALF), b"x" * MORE_THAN_HALF)


def signed(backend, key, size_bytes):
    """Ask for a URL for so many bytes."""
    answer = requests.post(
        f"{backend.url}/api/admin/content/aws/uploadUrl",
        json={"key": key, "contentType": "video/mp2t", "sizeBytes": size_bytes},
        headers={"Authorization": f"Bearer {backend.settings.token}"},
        timeout=WAIT_S,
    )
    assert 200 == answer.status_code, answer.text
    return answer.json()["signedUrl"]
