"""Uploads to servers that are in trouble for long, and recover."""

from __future__ import annotations

import threading

import pytest
from store_server import TOKEN, Fault
from upload_parts import FOLDER, PREFIX

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.events import LogLevel
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.hold import Hold
from pipeline.transfer.http.patience import Patience
from pipeline.transfer.upload.results import TransferCancelled, upload_failure
from pipeline.transfer.upload.uploader import Uploader

PRESIGN = "/api/admin/content/aws/uploadUrl"
SEGMENT = PREFIX + "720p/seg_001.ts"
MP4 = PREFIX + "offline_480p.mp4"
RECORD = "/api/admin/files"


@pytest.fixture
def paused(monkeypatch):
    """The pauses of an upload, which take no time."""
    pauses: list[float] = []
    monkeypatch.setattr(CancelToken, "wait", lambda token, seconds: pauses.append(seconds) or token.check())
    return pauses


def upload(url, folder, cancel, *, patience_s=600.0, **more):
    """Upload as the program does, and return the result with the lines for the editor."""
    said: list[tuple[str, LogLevel]] = []
    uploader = Uploader(BackendApi(url=url, token=TOKEN), session_id=None, patience_s=patience_s, **more)
    return uploader.upload(folder, PREFIX, resume=True, on_notice=lambda *line: said.append(line), cancel=cancel), said


@pytest.mark.parametrize(
    "fault",
    [
        Fault(status=500, code="InternalError"),
        *(Fault(status=status, body=b"<html>error</html>") for status in (425, 429, 499, 520)),
        Fault(status=409, code="OperationAborted"),
        Fault(status=400, code="IncompleteBody"),
        Fault(close=True),
    ],
    ids=lambda fault: fault.code or str(fault.status if not fault.close else "hung up"),
)
def test_trouble_that_lasts_for_minutes_is_waited_for(server, folder, cancel, paused, fault):
    """Every file fails more often than its own tries last: the upload ends whole,
    and the editor reads once that it waits.
    """
    for name in FOLDER:
        server.faults[PREFIX + name].extend([fault] * 6)
    result, said = upload(server.url, folder, cancel)
    assert result.complete
    assert {PREFIX + name: content for name, content in FOLDER.items()} == server.stored
    waiting = [text for text, level in said if level is LogLevel.WAITING]
    assert waiting and all(server.url in text and "goes on by itself" in text for text in waiting)
    assert len(waiting) - len(said) // 2 in (0, 1)  # each is followed by the news that the upload goes on


def test_backend_in_trouble_is_waited_for(server, folder, cancel, paused):
    """For the first URL as for the last."""
    server.api_faults[PRESIGN].extend([Fault(status=502)] * 60)
    assert upload(server.url, folder, cancel)[0].complete


def test_record_waits_for_a_busy_backend(server, cancel, paused):
    """What surely did not arrive is sent again for as long as an upload waits."""
    server.api_faults[RECORD].extend([Fault(status=503)] * 9)
    Uploader(BackendApi(url=server.url, token=TOKEN), session_id=None, patience_s=600).create_record(
        {}, log_file=None, cancel=cancel
    )
    assert 1 == len(server.records)


def test_upload_ends_when_patience_is_spent(server, folder, cancel, paused, monkeypatch):
    """All files that wait fail together, with the server's own refusal."""
    monkeypatch.setattr(Patience, "spent", property(lambda patience: len(paused) > 40))
    server.faults.update({PREFIX + name: type(server.faults[name])([Fault(status=503)] * 999) for name in FOLDER})
    result, said = upload(server.url, folder, cancel)
    assert (False, []) == (result.complete, list(server.stored))
    assert "status 503" in str(upload_failure(result))
    assert 1 == len(said)
    assert len(server.puts()) < 60


def test_file_that_fails_among_others_is_sent_again_after_them(server, folder, cancel, paused):
    """It leaves its worker, even where there is one only and nothing was stored before it;
    the playlists wait for it.
    """
    first = PREFIX + "480p/seg_001.ts"
    server.faults[first].extend([Fault(status=500)] * 9)
    result, _ = upload(server.url, folder, cancel, control=TransferControl(parallel=1))
    assert result.complete
    puts = server.puts()
    first_step = puts[: puts.index(PREFIX + "480p/index.m3u8")]
    assert (first, first, 10) == (first_step[0], first_step[-1], puts.count(first))


@pytest.mark.parametrize("workers", [1, 4])
def test_parts_are_sent_again(server, folder, cancel, paused, workers):
    """What the store has of a file in parts is not sent again, also where the file had to wait for the others."""
    (folder / "offline_480p.mp4").write_bytes(b"m" * (3 << 20))
    server.capabilities = {"multipart": {"partBytes": 1 << 19, "minPartBytes": 1}}
    server.faults[MP4].extend([None, None] + [Fault(status=500)] * 8)
    result, _ = upload(server.url, folder, cancel, control=TransferControl(parallel=workers))
    assert result.complete
    assert 6 + 8 == len(server.puts(MP4))


def test_limit_of_requests_a_minute(server, folder, cancel, in_thread, monkeypatch):
    """After a 429 nobody asks before its pause is over, and no file is sent twice or lost."""
    held, over, changed, waiting = threading.Event(), threading.Event(), threading.Condition(), set()
    begin = Hold.begin

    def begun(*pause) -> None:
        begin(*pause)
        with server.lock:
            held.set()
            server.lock.notify_all()

    def wait(token: CancelToken, seconds: float) -> None:
        with changed:
            waiting.add(threading.get_ident())
            changed.notify_all()
            assert changed.wait_for(over.is_set, 60)
        token.check()

    def limit(path: str) -> Fault | None:
        if path != PRESIGN or held.is_set():
            return None
        server.lock.notify_all()
        if len(server.asked(PRESIGN)) == 1:  # the first is refused when all four workers have asked
            assert server.lock.wait_for(lambda: len(server.asked(PRESIGN)) == 4, 60)
            return Fault(status=429, headers={"Retry-After": "500"})
        assert server.lock.wait_for(held.is_set, 60)
        return None

    monkeypatch.setattr(Hold, "begin", begun)
    monkeypatch.setattr(CancelToken, "wait", wait)
    server.limits = limit
    work = in_thread(lambda: upload(server.url, folder, cancel))
    with changed:
        assert changed.wait_for(lambda: len(waiting) >= 4, 60)
    assert (4, []) == (len(server.asked(PRESIGN)), server.puts())
    with changed:
        over.set()
        changed.notify_all()
    result, _ = work()
    assert result.complete
    assert len(FOLDER) == len(server.puts())


def test_cancel_while_a_server_is_waited_for(server, folder, cancel, in_thread):
    """Neither a pause of the program nor one that the server asks for holds up a cancel."""
    for name in FOLDER:
        server.faults[PREFIX + name].append(Fault(status=429, headers={"Retry-After": "500"}))
    waits = threading.Event()
    uploader = Uploader(BackendApi(url=server.url, token=TOKEN), session_id=None, patience_s=600)
    work = in_thread(
        lambda: uploader.upload(folder, PREFIX, resume=True, on_notice=lambda *line: waits.set(), cancel=cancel)
    )
    assert waits.wait(60)
    cancel.cancel()
    assert isinstance(work(), TransferCancelled)


def test_without_patience_a_file_has_its_own_tries(server, folder, cancel, paused):
    """Nought minutes are as good as any other number."""
    server.faults[SEGMENT].extend([Fault(status=500)] * 9)
    result, said = upload(server.url, folder, cancel, patience_s=0)
    waited = [text for text, level in said if level is LogLevel.WAITING]
    assert (False, 4, []) == (result.complete, len(server.puts(SEGMENT)), waited)
