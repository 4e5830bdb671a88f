"""Uploads that are cancelled or killed, and what comes after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from store_server import TOKEN, WAIT_S, Fault
from upload_parts import FOLDER, PREFIX

from pipeline.errors import Cancelled
from pipeline.transfer.upload.earlier_upload import PreviousUpload, previous_upload
from pipeline.transfer.upload.journal import JOURNAL_FILE
from pipeline.transfer.upload.results import TransferCancelled
from pipeline.transfer.upload.state_file import STATE_FILE
from pipeline.transfer.upload.uploader import Uploader

ROOT = Path(__file__).resolve().parents[3]
MP4 = PREFIX + "offline_480p.mp4"
CHILD = """
import sys
from pathlib import Path
from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.transfer.upload.uploader import Uploader
url, token, folder, prefix = sys.argv[1:]
uploader = Uploader(BackendApi(url=url, token=token), session_id=None)
uploader.upload(Path(folder), prefix, resume=True, cancel=CancelToken())
"""


def start(in_thread, uploader, folder, cancel, on_progress=None):
    """Upload in another thread."""
    return in_thread(lambda: uploader.upload(folder, PREFIX, resume=True, on_progress=on_progress, cancel=cancel))


def ended_by_cancel(cancel, result) -> TransferCancelled:
    """Cancel and return how the upload ended, while the store still keeps silent."""
    cancel.cancel()
    ended = result()
    assert isinstance(ended, TransferCancelled), ended
    return ended


def test_cancel_in_the_middle_of_a_large_file(uploader, server, folder, cancel, in_thread):
    """A store that has stopped reading does not hold up a cancel, and the rest can be resumed."""
    (folder / "offline_480p.mp4").write_bytes(b"\0" * (40 << 20))
    server.slow_keys.add(MP4)
    others = sum(not name.endswith(".m3u8") for name in FOLDER) - 1
    only_that_left = threading.Event()

    def look(progress) -> None:
        if progress.figures.files_done == others:
            only_that_left.set()

    result = start(in_thread, uploader, folder, cancel, look)
    server.wait_for(lambda: MP4 in server.gated)
    assert only_that_left.wait(WAIT_S)
    ended = ended_by_cancel(cancel, result)
    assert others == ended.files_done
    assert f"Upload cancelled. {ended.files_done}/{len(FOLDER)} files uploaded. Resume anytime." == str(ended)
    assert isinstance(ended, Cancelled)
    assert PreviousUpload(files_done=ended.files_done, files_total=len(FOLDER)) == previous_upload(
        folder, uploader._backend, PREFIX, None
    )


def test_cancel_while_the_store_thinks(uploader, server, folder, cancel, in_thread):
    """Four threads that wait for an answer stop within a second; everything is there for a resume."""
    server.gate = lambda key: True
    result = start(in_thread, uploader, folder, cancel)
    server.wait_for(lambda: len(server.gated) == 4)
    ended = ended_by_cancel(cancel, result)
    assert (0, len(FOLDER)) == (ended.files_done, ended.files_total)
    state = json.loads((folder / STATE_FILE).read_text())
    assert {"pending"} == {file["status"] for file in state["files"].values()}
    assert len(FOLDER) == sum(
        path.is_file() for path in folder.rglob("*") if path.relative_to(folder).as_posix() in FOLDER
    )


def test_cancel_during_a_pause(backend, server, folder, cancel, in_thread):
    """Waiting for the next try is no reason to keep the editor waiting."""
    server.faults[MP4].append(Fault(status=503))
    result = start(in_thread, Uploader(backend, session_id=None, delays=(3600,)), folder, cancel)
    server.wait_for(lambda: MP4 in server.ended)
    ended_by_cancel(cancel, result)


def test_resume_after_cancel_sends_the_rest_once(uploader, server, folder, cancel, in_thread):
    """Confirmed files are not sent a second time, and the end is a whole upload."""
    server.gate = lambda key: len(server.puts()) > 6
    result = start(in_thread, uploader, folder, cancel)
    server.wait_for(lambda: len(server.gated) == 3)
    ended = ended_by_cancel(cancel, result)
    server.open_gate()
    done = set(ended.result.uploaded.values())
    again = uploader.upload(folder, PREFIX, resume=True, cancel=type(cancel)())
    assert again.complete
    assert len(FOLDER) - len(done) == again.sent
    assert all(1 == len(server.puts(key)) for key in done)


def test_cancelled_before_it_begins(uploader, server, folder, cancel):
    """A cancelled job sends nothing and says so."""
    cancel.cancel()
    with pytest.raises(TransferCancelled, match=f"0/{len(FOLDER)} files"):
        uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    assert [] == server.arrivals


def test_cancelled_upload_with_nothing_sent_asks_nothing(uploader, folder, cancel):
    """Where nothing is confirmed, resume and fresh are the same, so nobody is asked."""
    cancel.cancel()
    with pytest.raises(TransferCancelled):
        uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    assert previous_upload(folder, uploader._backend, PREFIX, None) is None


@pytest.mark.parametrize("passed", [0, 5, len(FOLDER) - 1])
def test_killed_upload_goes_on(uploader, server, folder, cancel, passed):
    """After kill -9 nothing is sent twice but what was on its way, and the end is a whole upload."""
    arrived: list[str] = []

    def gate(key: str) -> bool:
        arrived.append(key)
        return len(arrived) > passed

    server.gate = gate
    workers = {0: 4, 5: 4, len(FOLDER) - 1: 1}[passed]
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, server.url, TOKEN, str(folder), PREFIX],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        server.wait_for(lambda: len(server.gated) == workers)
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=WAIT_S)
    in_flight = set(server.gated)
    with server.lock:
        confirmed = set(server.stored)
    server.open_gate()
    assert passed == len(confirmed)
    result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel)
    assert result.complete
    assert {key for key in server.stored if len(server.puts(key)) > 1} <= in_flight
    assert all(1 == len(server.puts(key)) for key in confirmed)
    assert {PREFIX + name: content for name, content in FOLDER.items()} == server.stored
    assert PREFIX + "master.m3u8" == server.puts()[-1]
    assert json.loads((folder / STATE_FILE).read_text())["files"]["master.m3u8"]["status"] == "uploaded"
    assert (folder / JOURNAL_FILE).read_bytes().endswith(b"\n")
