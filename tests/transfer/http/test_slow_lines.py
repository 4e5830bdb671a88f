"""Uploads over lines that are slow, far or lossy, and over proxies that take much ahead.

Times are a twentieth of the real ones.

Where the kernel offers none (`tc qdisc … netem`), a lost packet is what TCP makes of it: a block that comes 0.2 s late.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress

import pytest
from slow_line import running_line
from store_server import TOKEN
from upload_parts import PREFIX

from config import BackendApi
from pipeline.transfer.http import connecting
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.upload.uploader import Uploader

RATE = 1_000_000
"""50 kB/s, twenty times as fast: 30 s are 1.5 s then."""

MB = 1 << 20


@pytest.fixture
def hurried(monkeypatch):
    """Limits that are a twentieth of the real ones."""
    monkeypatch.setattr("pipeline.transfer.http.paced.STALL_S", 1.5)
    monkeypatch.setattr("pipeline.transfer.http.client.read_timeout_s", lambda size: 1.5)


def small_folder(tmp_path, *sizes: int):
    """Return a folder of segments of these sizes."""
    (tmp_path / "720p").mkdir()
    for number, size in enumerate(sizes):
        (tmp_path / f"720p/seg_{number:03}.ts").write_bytes(os.urandom(size))
    (tmp_path / "master.m3u8").write_bytes(b"#EXTM3U")
    return tmp_path


def send(url, folder, cancel, **more):
    """Upload as the program does, without pauses between a file's own tries."""
    uploader = Uploader(BackendApi(url=url, token=TOKEN), session_id=None, delays=(0, 0, 0), patience_s=60, **more)
    return uploader.upload(folder, PREFIX, resume=True, cancel=cancel)


@pytest.mark.parametrize("buffer_bytes", [MB // 4, MB], ids=["256 kB", "1 MB"])
def test_proxy_that_takes_much_ahead_of_a_slow_line(server, tmp_path, cancel, hurried, buffer_bytes):
    """Four workers fill its buffers for longer than an answer may take: fewer workers and longer limits follow;
    little is sent twice.
    """
    folder = small_folder(tmp_path, *[MB] * 5)
    with running_line(server.server_address[1], rate_bytes_s=RATE, buffer_bytes=buffer_bytes) as line:
        server.reached_at = line.url
        assert send(line.url, folder, cancel).complete
    assert {f"{PREFIX}720p/seg_{number:03}.ts" for number in range(5)} < set(server.stored)
    assert line.taken < 3 * 5 * MB


def test_what_waits_in_the_own_system_is_no_silence(server, tmp_path, cancel, hurried):
    """The whole file is written at once and goes out slowly: as long as the other side acknowledges more of it,
    one try is enough.
    """
    folder = small_folder(tmp_path, 3 * MB)
    with running_line(server.server_address[1], rate_bytes_s=RATE, buffer_bytes=1 << 14) as line:
        server.reached_at = line.url
        assert send(line.url, folder, cancel, control=TransferControl(parallel=1)).complete
    assert 2 == len(server.puts())


def test_lossy_line(server, tmp_path, cancel, hurried):
    """Two blocks of a hundred come late."""
    folder = small_folder(tmp_path, *[MB // 2] * 4)
    with running_line(server.server_address[1], rate_bytes_s=4 * RATE, lost=2) as line:
        server.reached_at = line.url
        assert send(line.url, folder, cancel).complete
    assert 5 == len(server.puts())


def test_far_line(server, tmp_path, cancel):
    """1.5 s of round trip, in real time: connecting, the URL and the file take their time and one try each."""
    (tmp_path / "a.ts").write_bytes(b"a" * 100_000)
    with running_line(server.server_address[1], round_trip_s=1.5) as line:
        server.reached_at = line.url
        uploader = Uploader(BackendApi(url=line.url, token=TOKEN), session_id=None, delays=())
        uploader.upload_file(tmp_path / "a.ts", PREFIX + "a.ts", cancel=cancel)
    assert (1, 1) == (server.urls_made, len(server.puts()))


def test_connection_that_takes_more_than_a_second_is_one(cancel, in_thread, monkeypatch):
    """The first SYN is lost, as where a listener's queue is full;
    the second comes after a second and is of the same attempt.
    """
    begun: list[socket.socket] = []
    real = connecting._begin
    monkeypatch.setattr(connecting, "_begin", lambda *what: begun.append(real(*what)) or begun[-1])
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        queued = [connecting._begin((socket.AF_INET, full.getsockname()), None, ()) for _ in range(3)]
        looks = []

        def check() -> None:
            cancel.check()
            looks.append(1)
            if len(looks) >= 3:  # the first SYN was not taken: now there is room, whoever comes before it
                with suppress(BlockingIOError):
                    full.accept()[0].close()

        full.setblocking(False)
        reached = connecting.connect(full.getsockname(), timeout_s=30, check=check)
        reached.close()
    assert len(queued) + 1 == len(begun)
    assert len(looks) >= 3
    for one in queued:
        one.close()


def test_server_that_takes_one_connection_at_a_time(server, tmp_path, cancel):
    """Workers that are hung up on become fewer, down to one, and the upload ends whole."""
    server.most_puts = 1
    folder = small_folder(tmp_path, *[200_000] * 12)
    assert send(server.url, folder, cancel).complete
    assert len(server.puts()) < 5 * 13
