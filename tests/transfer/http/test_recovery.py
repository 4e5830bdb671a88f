"""Uploads that have to wait for something, and go on."""

from __future__ import annotations

import re
import threading
import time

import pytest
from store_server import TOKEN, Fault, StoreServer
from upload_parts import FOLDER, PREFIX

from config import BackendApi
from pipeline.errors import AuthenticationError, TransferError
from pipeline.events import LogLevel
from pipeline.transfer.http import connecting, recovery
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.refusal import Refusal, Server
from pipeline.transfer.http.retry import RetryDecision, may_pass
from pipeline.transfer.upload.results import TransferCancelled, upload_failure
from pipeline.transfer.upload.uploader import Uploader

PRESIGN = "/api/admin/content/aws/uploadUrl"
SEGMENT = PREFIX + "720p/seg_001.ts"
MP4 = PREFIX + "offline_480p.mp4"
NEW_TOKEN = "new-token-0123456789abcdef"


def upload(uploader, folder, cancel, *, resume=True, on_progress=None):
    """Upload and return the result with the lines for the editor."""
    said: list[str] = []
    tell = lambda text, level: said.append(text)  # noqa: E731  # one line that says what is kept
    result = uploader.upload(folder, PREFIX, resume=resume, on_progress=on_progress, on_notice=tell, cancel=cancel)
    return result, said


def expire_after(server: StoreServer, count: int) -> None:
    """Let the token expire when so many files are stored."""
    stored: list[str] = []

    def look(key: str) -> None:
        stored.append(key)
        if len(stored) == count:
            server.token = NEW_TOKEN

    server.on_stored = look


def test_expired_login_pauses_until_there_is_a_new_token(server, backend, folder, cancel):
    """A 401 in the middle is asked about once, nothing is lost or sent twice, and no token is written down."""
    expire_after(server, 3)
    asked: list[int] = []
    login = Login(TOKEN, lambda: asked.append(len(server.stored)) or NEW_TOKEN)
    result, said = upload(Uploader(backend, session_id=None, delays=(), login=login), folder, cancel)
    assert result.complete
    assert (1, 1) == (len(asked), sum("waits for a new one" in line for line in said))
    assert len(FOLDER) == len(server.puts()) == len(set(server.puts()))
    assert not any(
        secret in path.read_text(errors="replace") for path in folder.glob(".upload*") for secret in (TOKEN, NEW_TOKEN)
    )
    assert not any(secret in result.log_file.read_text() for secret in (TOKEN, NEW_TOKEN))


def test_wrong_new_token_is_asked_about_again(server, backend, folder, cancel):
    """A slip of the keyboard is not the end."""
    server.token = NEW_TOKEN
    typed = iter(["wrong-token-0123456789abc", NEW_TOKEN])
    login = Login(TOKEN, lambda: next(typed))
    assert upload(Uploader(backend, session_id=None, delays=(), login=login), folder, cancel)[0].complete


def test_without_a_new_token_the_state_is_kept(server, backend, folder, cancel):
    """Nobody to ask: the upload ends, and with a good token only the rest is sent."""
    expire_after(server, 3)
    result, _ = upload(Uploader(backend, session_id=None, delays=(), login=Login(TOKEN, lambda: None)), folder, cancel)
    assert isinstance(upload_failure(result), AuthenticationError)
    assert not any(key.endswith(".m3u8") for key in server.stored)
    before = set(server.stored)
    good = BackendApi(url=server.url, token=NEW_TOKEN)
    assert upload(Uploader(good, session_id=None, delays=()), folder, cancel)[0].complete
    assert all(1 == len(server.puts(key)) for key in before)


def test_server_that_goes_away_is_waited_for(cancel):
    """Said once whatever the number of threads, tried again and again, and said when it is back;
    a wrong address is not waited for.
    """
    said: list[tuple[str, LogLevel]] = []
    waits: list[float] = []
    cancel.wait = waits.append
    gone = Refusal(server=Server.BACKEND, origin="https://api", no_response=None)
    waiting = recovery.TransferRecovery(Login("t"), cancel, lambda text, level: said.append((text, level)))
    assert not waiting.recover(RetryDecision.WAIT, gone)
    waiting.answered("https://api")
    assert [True, True, True] == [waiting.recover(RetryDecision.WAIT, gone) for _ in range(3)]
    assert 3 == len(waits)
    waiting.answered("https://api")
    waiting.answered("https://api")
    (away, waits_for_it), back = said
    assert ("https://api can't be reached.", LogLevel.WAITING) == (away.partition(" The")[0], waits_for_it)
    assert ("https://api can be reached again: the upload goes on.", LogLevel.INFO) == back


def test_server_that_goes_away_is_waited_for_as_long_as_was_said(cancel):
    """Then its loss is a failed try, as that of a wrong address; where it is not waited for, nothing is said."""
    said: list[str] = []
    cancel.wait = lambda pause_s: None
    now_s = [0.0]
    gone = Refusal(server=Server.BACKEND, origin="https://api", no_response=None)
    patient, impatient = (
        recovery.TransferRecovery(
            Login("t"), cancel, lambda text, level: said.append(text), away_s=away_s, clock=lambda: now_s[0]
        )
        for away_s in (10.0, 0.0)
    )
    for one in (patient, impatient):
        one.answered("https://api")
    assert [False, False] == [impatient.recover(RetryDecision.WAIT, gone) for _ in range(2)]
    impatient.answered("https://api")
    assert [] == said
    waited = []
    for now_s[0] in (5.0, 14.0, 15.0, 16.0):
        waited.append(patient.recover(RetryDecision.WAIT, gone))
    assert [True, True, False, False] == waited
    patient.answered("https://api")
    assert patient.recover(RetryDecision.WAIT, gone)


def test_upload_that_is_tried_again_later_ends_when_its_server_is_gone(server, backend, folder, cancel, monkeypatch):
    """With the first file that can't be sent: no other would fare better; and whoever tries again knows that it may."""
    real, offline = connecting.connect, threading.Event()

    def connect(*arguments, **more):
        if offline.is_set():
            raise OSError(101, "Network is unreachable")
        return real(*arguments, **more)

    monkeypatch.setattr(connecting, "connect", connect)
    for name in FOLDER:
        server.faults[PREFIX + name].append(Fault(close=True))
    server.on_stored = lambda key: offline.set()
    control = TransferControl(parallel=1, away_s=0.0)
    result, said = upload(Uploader(backend, session_id=None, delays=(0,), control=control), folder, cancel)
    assert (False, 1, []) == (result.complete, len(result.failed), said)
    assert may_pass(result.halted)
    assert f"Cannot connect to the backend at {server.url}" in str(upload_failure(result))


def test_upload_goes_on_when_the_network_is_back(server, backend, folder, cancel, monkeypatch):
    """Connections that can't be made do not count as tries, and the upload ends whole."""
    monkeypatch.setattr(recovery, "OFFLINE_PAUSE_S", 0.0)
    real, refused = connecting.connect, iter(range(12))
    offline = threading.Event()

    def connect(*arguments, **more):
        if offline.is_set() and next(refused, None) is not None:
            raise OSError(101, "Network is unreachable")
        return real(*arguments, **more)

    monkeypatch.setattr(connecting, "connect", connect)
    for name in FOLDER:
        server.faults[PREFIX + name].append(Fault(close=True))

    server.on_stored = lambda key: offline.set()
    # one file at a time, so that something is stored before the connection breaks off
    uploader = Uploader(backend, session_id=None, delays=(0, 0, 0), control=TransferControl(parallel=1))
    result, said = upload(uploader, folder, cancel)
    assert (True, None) == (result.complete, next(refused, None))
    # a connection that was still open may answer in between
    gone, back = f"{server.url} can't be reached", f"{server.url} can be reached again"
    assert [gone, back] * (len(said) // 2) == [re.split(r"[.:] ", line)[0] for line in said]


@pytest.mark.parametrize(
    "fault",
    [Fault(status=507, body=b"full"), Fault(status=400, body=b'{"error": "QuotaExceeded", "message": "full"}')],
    ids=["status", "code"],
)
def test_full_storage_ends_the_upload_at_once(server, backend, folder, cancel, fault):
    """No other file would fare better, and the editor reads what to do."""
    server.api_faults[PRESIGN].extend([fault] * 20)
    result, _ = upload(Uploader(backend, session_id=None, delays=(0, 0, 0), parallel=1), folder, cancel)
    assert (1, []) == (len(server.asked(PRESIGN)), server.puts())
    assert str(upload_failure(result)).startswith(
        "Upload failed (1 file). Check logs. S3 storage quota exceeded. Contact administrator."
    )


def test_wrong_clock_ends_the_upload_at_once(server, backend, folder, cancel):
    """The store's word for it is translated."""
    for name in FOLDER:
        server.faults[PREFIX + name].append(Fault(status=403, code="RequestTimeTooSkewed"))
    result, _ = upload(Uploader(backend, session_id=None, delays=(0, 0, 0), parallel=1), folder, cancel)
    assert 1 == len(server.puts())
    assert "clock of this computer" in str(upload_failure(result))


def test_clock_that_is_off_by_minutes_is_said_beforehand(server, backend, folder, cancel):
    """The backend's own time is in its answers."""
    server.clock_s = time.time() - 600
    _, said = upload(Uploader(backend, session_id=None), folder, cancel)
    assert [
        "The clock of this computer is about 10 min fast of the backend's: if uploads are refused, set date and time."
    ] == said


def test_pause_and_resume(server, backend, folder, cancel, in_thread):
    """While it rests nothing goes out; what was on its way when it was paused is not counted as a failure."""
    (folder / "offline_480p.mp4").write_bytes(b"\0" * (20 << 20))
    control = TransferControl(parallel=2)
    server.slow_keys.add(MP4)
    seen: list[int] = []
    work = in_thread(
        lambda: upload(
            Uploader(backend, session_id=None, delays=(), control=control),
            folder,
            cancel,
            on_progress=lambda p: seen.append(p.figures.bytes_done),
        )
    )
    server.wait_for(lambda: MP4 in server.gated)
    control.pause()
    server.slow_keys.clear()
    server.open_gate()  # the server hangs up on the file in the middle
    server.wait_for(lambda: MP4 in server.ended)
    arrived = len(server.puts())
    settled = len(seen)
    while len(seen) < settled + 3:
        assert len(server.puts()) <= arrived + 1
    control.resume()
    result, _ = work()
    assert result.complete
    assert 2 == len(server.puts(MP4))


def test_cancel_of_a_paused_upload(server, backend, folder, cancel, in_thread):
    """Resting is no reason to stay."""
    control = TransferControl()
    control.pause()
    work = in_thread(lambda: upload(Uploader(backend, session_id=None, control=control), folder, cancel))
    server.wait_for(lambda: len(server.arrivals) > 0)
    cancel.cancel()
    assert isinstance(work(), TransferCancelled)
    assert [] == server.puts()


def test_stalled_connection_is_tried_again(server, backend, folder, cancel, monkeypatch):
    """A store that stops reading in the middle costs a try, not the upload."""
    monkeypatch.setattr("pipeline.transfer.http.paced.STALL_S", 4.0)
    monkeypatch.setattr("pipeline.transfer.http.connections.CONNECT_TIMEOUT_S", 60.0)
    (folder / "offline_480p.mp4").write_bytes(b"\0" * (30 << 20))
    server.slow_keys.add(MP4)

    def look(progress) -> None:
        if len(server.puts(MP4)) == 1 and MP4 in server.gated:
            server.slow_keys.discard(MP4)

    result, _ = upload(Uploader(backend, session_id=None, delays=(0, 0, 0)), folder, cancel, on_progress=look)
    assert (True, 2) == (result.complete, len(server.puts(MP4)))
    assert 1 == result.log_file.read_text().count("timed out")


@pytest.mark.parametrize("offered", [True, False])
def test_content_md5_goes_along_where_the_store_looks_at_it(server, backend, folder, cancel, offered):
    """Proof where it is asked for, and no header that a store may stumble over where it is not."""
    from store_server import md5_base64

    server.capabilities = {"contentMd5": offered, "declaredSize": offered}
    assert upload(Uploader(backend, session_id=None), folder, cancel)[0].complete
    sent = {a.key.removeprefix(PREFIX): a.headers.get("Content-MD5") for a in server.arrivals if a.method == "PUT"}
    assert {name: md5_base64(content) if offered else None for name, content in FOLDER.items()} == sent
    assert offered is all(b"sizeBytes" in asked.body for asked in server.asked(PRESIGN))


@pytest.mark.parametrize("offered", [True, False])
def test_other_etag_than_the_content_is_doubted_once(server, backend, folder, cancel, offered):
    """It may tell of damage, or of a store that encrypts: where nothing can be read the file is sent once more."""
    server.capabilities = {"contentMd5": offered}
    server.faults[SEGMENT].append(Fault(status=200, body=b"", headers={"ETag": f'"{"0" * 32}"'}))
    result, _ = upload(Uploader(backend, session_id=None, delays=(0,)), folder, cancel)
    assert (True, 2) == (result.complete, len(server.puts(SEGMENT)))
    assert result.confirmed["720p/seg_001.ts"].etag == result.confirmed["720p/seg_001.ts"].md5


def test_file_too_large_for_the_store_is_said_before_anything_is_sent(server, backend, folder, cancel):
    """No part of an upload that can't become whole goes up."""
    server.capabilities = {"maxPutBytes": 100_000}
    with pytest.raises(TransferError, match=r"offline_480p\.mp4 has 0\.0 GB, and the storage takes at most"):
        upload(Uploader(backend, session_id=None), folder, cancel)
    assert [] == server.puts()


def test_two_uploads_do_not_use_one_folder(server, backend, folder, cancel, in_thread):
    """The second is told so, and the first goes on."""
    server.gate = lambda key: True
    first = in_thread(lambda: upload(Uploader(backend, session_id=None), folder, cancel))
    server.wait_for(lambda: len(server.gated) == 4)
    with pytest.raises(Exception, match="Another HLS Converter is working on"):
        upload(Uploader(backend, session_id=None), folder, cancel)
    server.open_gate()
    assert first()[0].complete
    assert [] == list(folder.glob(".upload.lock"))
