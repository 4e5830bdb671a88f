"""The upload of a whole folder, against a real server."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
from store_server import TOKEN, Fault
from upload_parts import FOLDER, PREFIX, RecordingToken

from pipeline.errors import AuthenticationError, TransferError
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.upload.earlier_upload import PreviousUpload, previous_upload
from pipeline.transfer.upload.journal import JOURNAL_FILE
from pipeline.transfer.upload.results import TransferCancelled
from pipeline.transfer.upload.state_file import STATE_FILE
from pipeline.transfer.upload.upload_run import HOPELESS
from pipeline.transfer.upload.uploader import Uploader

PRESIGN = "/api/admin/content/aws/uploadUrl"
SEGMENT = PREFIX + "720p/seg_001.ts"
MASTER = PREFIX + "master.m3u8"
MEDIA_PLAYLISTS = {PREFIX + name for name in FOLDER if name.endswith("index.m3u8")}
FIRST_STEP = {PREFIX + name for name in FOLDER if not name.endswith(".m3u8")}
EXPIRED = Fault(status=403, code="AccessDenied", message="Request has expired")


def send(uploader, folder, cancel, *, resume=True, on_progress=None):
    """Upload the folder to the usual place."""
    return uploader.upload(folder, PREFIX, resume=resume, on_progress=on_progress, cancel=cancel)


def test_every_published_file_arrives_whole(uploader, server, folder, cancel):
    """What is stored equals what was made, with the right types, and only that."""
    result = send(uploader, folder, cancel)
    assert {PREFIX + name: content for name, content in FOLDER.items()} == server.stored
    assert {PREFIX + name: content_type(name) for name in FOLDER} == server.types
    assert result.complete
    assert {name: PREFIX + name for name in FOLDER} == result.uploaded
    assert {} == result.failed
    assert set(FOLDER) == set(result.urls)


def test_connections_are_kept_from_step_to_step(server, folder, cancel, backend):
    """Playlists and master go out on the connections that the segments have opened."""
    send(Uploader(backend, session_id=None, parallel=1), folder, cancel)
    assert 3 >= server.connections


def test_bodies_have_a_length_and_no_token(uploader, server, folder, cancel):
    """Nothing goes out in chunks, empty files neither, and the store never sees the token."""
    send(uploader, folder, cancel)
    puts = [arrival for arrival in server.arrivals if arrival.method == "PUT"]
    assert {PREFIX + name: str(len(content)) for name, content in FOLDER.items()} == {
        put.key: put.headers.get("Content-Length") for put in puts
    }
    assert not any("Transfer-Encoding" in put.headers or "Authorization" in put.headers for put in puts)


def test_playlists_wait_for_all_that_they_name(uploader, server, folder, cancel):
    """While one segment is not stored no playlist is sent, and the master waits for all others."""
    server.gate = lambda key: key == SEGMENT
    seen: list[set[str]] = []

    def look(progress) -> None:
        if not server.opened and progress.figures.files_done == len(FIRST_STEP) - 1:
            seen.append(set(server.puts()))
            server.open_gate()

    send(uploader, folder, cancel, on_progress=look)
    order = server.puts()
    assert [FIRST_STEP] == seen
    assert FIRST_STEP == set(order[: len(FIRST_STEP)])
    assert MEDIA_PLAYLISTS == set(order[len(FIRST_STEP) : -1])
    assert MASTER == order[-1]


def test_master_waits_for_the_media_playlists(uploader, server, folder, cancel):
    """A media playlist that is not stored yet holds the master back."""
    last = PREFIX + "720p/index.m3u8"
    server.gate = lambda key: key == last

    def look(progress) -> None:
        if not server.opened and progress.figures.files_done == len(FOLDER) - 2:
            assert MASTER not in server.puts()
            server.open_gate()

    assert send(uploader, folder, cancel, on_progress=look).complete
    assert server.opened


def test_one_failed_segment_holds_back_every_playlist(uploader, server, folder, cancel):
    """The other files of its step are still sent, and the failure has a sentence."""
    server.faults[SEGMENT].append(Fault(status=403, code="AccessDenied", message="Access Denied"))
    result = send(uploader, folder, cancel)
    assert FIRST_STEP == set(server.puts())
    assert ["720p/seg_001.ts"] == list(result.failed)
    assert "refused the file" in result.failed["720p/seg_001.ts"]
    assert not result.complete


def test_one_failed_playlist_holds_back_the_master(uploader, server, folder, cancel):
    """A stream is published whole or not at all."""
    server.faults[PREFIX + "480p/index.m3u8"].append(Fault(status=404, code="NoSuchBucket"))
    assert not send(uploader, folder, cancel).complete
    assert FIRST_STEP | MEDIA_PLAYLISTS == set(server.puts())


def test_four_files_go_at_a_time(uploader, server, folder, cancel):
    """Four, not more, and not fewer while there is work."""
    server.gate = lambda key: True

    def look(progress) -> None:
        if len(server.gated) == 4:
            server.open_gate()

    send(uploader, folder, cancel, on_progress=look)
    assert 4 == server.most_busy


def test_url_is_asked_for_just_before_its_put(uploader, server, folder, cancel):
    """No more URLs are out than one for each file on its way and the one after it."""
    for number in range(40):
        (folder / f"720p/seg_{number:03}.ts").write_bytes(b"x")
    server.gate = lambda key: True

    def look(progress) -> None:
        if len(server.gated) == 4 and not server.opened:
            server.wait_for(
                lambda: len(server.gated) == 4 and sum(arrival.path == PRESIGN for arrival in server.arrivals) == 8
            )
            server.open_gate()

    send(uploader, folder, cancel, on_progress=look)
    assert server.opened


@pytest.mark.parametrize(
    ("faults", "tries", "stored"),
    [
        ([Fault(status=503, code="SlowDown")] * 3, 4, True),
        ([Fault(status=500)] * 4, 4, False),
        ([Fault(status=400, code="BadDigest")], 2, True),
        ([Fault(status=400, code="RequestTimeout")], 2, True),
        ([Fault(close=True)] * 2, 3, True),
        ([Fault(status=404, code="NoSuchBucket")], 1, False),
        ([Fault(status=401)], 1, False),
        ([Fault(status=403, code="SignatureDoesNotMatch")], 1, False),
        ([Fault(status=403, code="RequestTimeTooSkewed")], 1, False),
        ([Fault(status=307, headers={"Location": "/store/elsewhere"})], 1, False),
        ([EXPIRED] * 2, 3, True),
        ([EXPIRED] * 9, 4, False),
        ([Fault(status=400, code="ExpiredToken")], 2, True),
        ([Fault(status=200, unread=True)] * 3, 4, True),
    ],
    ids=[
        "busy thrice",
        "broken",
        "digest",
        "timeout",
        "hung up",
        "no bucket",
        "401",
        "signature",
        "clock",
        "redirect",
        "expired",
        "always expired",
        "expired token",
        "answered unread",
    ],
)
def test_store_troubles(uploader, server, folder, cancel, faults, tries, stored):
    """Each trouble leads to as many tries as the table says, each with a fresh URL."""
    (folder / "720p/seg_001.ts").write_bytes(os.urandom(6 << 20))  # more than fits into the buffers of a connection
    server.faults[SEGMENT].extend(faults)
    result = send(uploader, folder, cancel)
    assert tries == len(server.puts(SEGMENT))
    assert stored == (SEGMENT in server.stored) == result.complete
    assert tries == sum(json.loads(asked.body)["key"] == SEGMENT for asked in server.asked(PRESIGN))


def test_backend_troubles_while_presigning(uploader, server, folder, cancel):
    """A busy backend is asked again."""
    server.api_faults[PRESIGN].extend([Fault(status=503), Fault(close=True), Fault(status=429)])
    assert send(uploader, folder, cancel).complete


def test_pauses_between_tries(backend, server, folder):
    """The pauses of the settings go through the cancel token, so that cancel ends them."""
    slow = Uploader(backend, session_id=None, delays=(0, 0, 3600))
    server.faults[SEGMENT].extend([Fault(status=503)] * 3)
    cancel = RecordingToken()

    def look(progress) -> None:
        if 3 == len(server.puts(SEGMENT)) and progress.figures.files_done == len(FIRST_STEP) - 1:
            cancel.cancel()

    with pytest.raises(TransferCancelled):
        send(slow, folder, cancel, on_progress=look)


def test_refused_token_stops_everything(uploader, server, folder, cancel):
    """After a 401 nothing more is tried; a new token goes on from there."""
    server.api_faults[PRESIGN].extend([Fault(status=401)] * 4)
    result = send(uploader, folder, cancel)
    assert isinstance(result.halted, AuthenticationError)
    assert 4 >= len(server.asked(PRESIGN))
    assert [] == server.puts()
    server.api_faults.clear()
    assert send(uploader, folder, cancel).complete


def test_hopeless_upload_stops(server, folder, cancel, backend):
    """When file after file fails, the rest waits for better times instead of failing one by one."""
    for number in range(40):
        (folder / f"720p/seg_{number:03}.ts").write_bytes(b"x")
        server.faults[f"{PREFIX}720p/seg_{number:03}.ts"].append(Fault(status=403, code="AccessDenied"))
    for name in FOLDER:
        server.faults[PREFIX + name].append(Fault(status=403, code="AccessDenied"))
    result = send(Uploader(backend, session_id=None, delays=()), folder, cancel)
    assert HOPELESS <= len(server.puts()) < HOPELESS + 4
    assert result.halted is not None


def test_failed_files_only_are_sent_again(uploader, server, folder, cancel):
    """A second run sends what the first did not manage."""
    server.faults[SEGMENT].append(Fault(status=403, code="AccessDenied"))
    send(uploader, folder, cancel)
    before = len(server.puts())
    assert PreviousUpload(files_done=len(FIRST_STEP) - 1, files_total=len(FOLDER)) == previous_upload(
        folder, uploader._backend, PREFIX, None
    )
    result = send(uploader, folder, cancel)
    assert [SEGMENT] == server.puts()[before : before + 1]
    assert len(FOLDER) == result.sent + len(FIRST_STEP) - 1
    assert result.complete


def test_whole_upload_is_not_repeated(uploader, server, folder, cancel, backend):
    """Everything confirmed: one look at what players get, nothing is sent, no log is begun,
    nothing is to be decided.
    """
    first = send(uploader, folder, cancel)
    arrived, logs = len(server.arrivals), list(folder.glob("upload_log_*"))
    again = send(uploader, folder, cancel)
    assert ["GET", "GET"] == [arrival.method for arrival in server.arrivals[arrived:]]
    assert logs == list(folder.glob("upload_log_*"))
    assert (0, first.uploaded, True) == (again.sent, again.uploaded, again.complete)
    assert previous_upload(folder, backend, PREFIX, None) is None


@pytest.mark.parametrize("there", ["what was sent", "something else"])
@pytest.mark.parametrize("way", ["read", "public"])
def test_a_store_that_replaces_nothing(uploader, server, folder, cancel, there, way):
    """It refuses what it has already, from a try whose answer was lost: that is there when it reads the same."""
    server.capabilities, server.public = ({"read": True}, False) if way == "read" else (None, True)
    key = f"{PREFIX}720p/seg_001.ts"
    server.stored[key] = FOLDER["720p/seg_001.ts"] if there == "what was sent" else b"z" * 70_000
    server.faults[key].append(Fault(status=412, code="PreconditionFailed"))
    result = send(uploader, folder, cancel)
    if there == "what was sent":
        assert (True, hashlib.md5(FOLDER["720p/seg_001.ts"]).hexdigest()) == (
            result.complete,
            result.confirmed["720p/seg_001.ts"].md5,
        )
    else:
        assert "replaces no file (status 412), and has another one there" in result.failed["720p/seg_001.ts"]


def test_other_destination_gets_everything(uploader, server, folder, cancel, backend):
    """What one place has does not count for another."""
    send(uploader, folder, cancel)
    assert previous_upload(folder, backend, "elsewhere/", None) is None
    result = uploader.upload(folder, "elsewhere/", resume=True, cancel=cancel)
    assert len(FOLDER) == result.sent


def test_changed_file_is_sent_again(uploader, server, folder, cancel):
    """A file that is not what was confirmed is not confirmed; what stands alone is replaced where it is."""
    send(uploader, folder, cancel)
    (folder / "transcript.txt").write_bytes(b"new")
    result = send(uploader, folder, cancel)
    assert (1, b"new") == (result.sent, server.stored[PREFIX + "transcript.txt"])


def test_starting_anew_sends_everything(uploader, server, folder, cancel):
    """Without resume nothing is left out."""
    send(uploader, folder, cancel)
    assert len(FOLDER) == send(uploader, folder, cancel, resume=False).sent


@pytest.mark.parametrize("capabilities", [{}, {"list": True}], ids=["no list", "list"])
def test_an_upload_that_began_anew_stays_so(uploader, server, folder, cancel, capabilities):
    """Going on after an outage it sends all that it had not sent, though the store has the same from an earlier one."""
    server.capabilities = capabilities
    send(uploader, folder, cancel)
    server.faults[SEGMENT].append(Fault(status=403, code="AccessDenied"))
    before = len(server.puts())
    assert not send(uploader, folder, cancel, resume=False).complete
    assert send(uploader, folder, cancel).complete
    sent = [key for key in server.puts()[before:] if key != SEGMENT]
    assert sorted({PREFIX + name for name in FOLDER} - {SEGMENT}) == sorted(sent)
    assert 3 == server.puts().count(SEGMENT)
    assert 0 == send(uploader, folder, cancel).sent


def test_file_that_changes_meanwhile_fails(uploader, server, folder, cancel):
    """A file that is still being written is not confirmed, and no playlist names it."""
    server.gate = lambda key: key == SEGMENT

    def look(progress) -> None:
        if SEGMENT in server.gated and not server.opened:
            (folder / "720p/seg_001.ts").write_bytes(b"other")
            server.open_gate()

    result = send(uploader, folder, cancel, on_progress=look)
    assert "changed while it was being sent" in result.failed["720p/seg_001.ts"]
    assert MASTER not in server.puts()


def test_file_that_vanishes_fails_alone(uploader, server, folder, cancel):
    """A file that is gone when its turn comes has a sentence; the others go up."""
    server.gate = lambda key: True

    def look(progress) -> None:
        if len(server.gated) == 4 and not server.opened:
            (folder / "transcript.txt").unlink()
            server.open_gate()

    result = send(uploader, folder, cancel, on_progress=look)
    assert ["transcript.txt"] == list(result.failed)


def test_snapshot_tells_how_far_it_is(uploader, server, folder, cancel):
    """Pending at the beginning, uploaded and failed at the end."""
    server.faults[SEGMENT].append(Fault(status=404, code="NoSuchBucket"))
    seen: list[dict] = []
    send(
        uploader,
        folder,
        cancel,
        on_progress=lambda progress: seen.append(json.loads((folder / STATE_FILE).read_text())),
    )
    assert {"pending"} == {file["status"] for file in seen[0]["files"].values()}
    state = json.loads((folder / STATE_FILE).read_text())
    assert {"version", "started_at", "backend_url", "session_id", "s3_prefix", "files"} == set(state)
    assert (server.url, None, PREFIX) == (state["backend_url"], state["session_id"], state["s3_prefix"])
    statuses = {name: file["status"] for name, file in state["files"].items()}
    assert ("failed", "uploaded", "pending") == (
        statuses["720p/seg_001.ts"],
        statuses["subtitles.vtt"],
        statuses["master.m3u8"],
    )
    assert state["files"]["720p/seg_001.ts"]["error"].startswith("The storage has no such bucket")


def test_damaged_state_is_set_aside(uploader, server, folder, cancel):
    """Neither journal nor snapshot can stop an upload; both are kept, and the result says so."""
    (folder / STATE_FILE).write_bytes(b"{")
    (folder / JOURNAL_FILE).write_bytes(b"\x00\n\x00\n")
    said: list[str] = []
    tell = {"on_notice": lambda text, level: said.append(text), "on_progress": lambda progress: said.append("progress")}
    result = uploader.upload(folder, PREFIX, resume=True, cancel=cancel, **tell)
    assert result.complete
    assert (2, list(result.notices)) == (len(result.notices), said[:2])
    assert 2 == len(list(folder.glob(".upload_*.corrupt-1")))


def test_no_secret_is_left_behind(uploader, server, folder, cancel):
    """Neither token nor any signed URL is in any file, whatever went wrong."""
    server.faults[SEGMENT].extend(
        [Fault(close=True), Fault(status=503), EXPIRED, Fault(status=400, code="X", message="?X-Amz-Signature=1")]
    )
    server.api_faults[PRESIGN].extend([Fault(close=True), Fault(status=503, body=f"said {TOKEN}".encode())])
    result = send(uploader, folder, cancel)
    written = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    log = written[result.log_file]
    assert b"seg_001.ts" in log
    assert b"503" in log
    for secret in (TOKEN.encode(), b"X-Amz-Signature", b"X-Number", b"download=secret"):
        assert [] == [path for path, text in written.items() if secret in text]


def test_progress_is_absolute_and_ends_whole(uploader, server, folder, cancel):
    """Counts never exceed the totals, files never go down, and the last word is that all is done."""
    server.faults[SEGMENT].extend([Fault(status=503)] * 2)
    seen = []
    send(uploader, folder, cancel, on_progress=seen.append)
    total = sum(len(content) for content in FOLDER.values())
    assert {(len(FOLDER), total)} == {(progress.figures.files_total, progress.figures.bytes_total) for progress in seen}
    assert all(0 <= progress.figures.bytes_done <= total for progress in seen)
    done = [progress.figures.files_done for progress in seen]
    assert sorted(done) == done
    assert (len(FOLDER), total, 1.0) == (
        seen[-1].figures.files_done,
        seen[-1].figures.bytes_done,
        seen[-1].figures.fraction,
    )
    assert f"Uploading {len(FOLDER)}/{len(FOLDER)} files (master.m3u8)" == seen[-1].text


def test_listener_that_breaks_ends_the_upload(uploader, server, folder, cancel):
    """What goes wrong in the caller comes out as it is, without threads left."""

    def broken(progress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        send(uploader, folder, cancel, on_progress=broken)


def test_folder_without_files_is_refused(uploader, tmp_path, cancel):
    """An empty or missing folder leaves no trace."""
    with pytest.raises(TransferError, match="does not exist"):
        send(uploader, tmp_path / "missing", cancel)
    assert previous_upload(tmp_path / "missing", uploader._backend, PREFIX, None) is None


def test_state_is_small_work_for_many_files(backend, server, tmp_path, cancel, monkeypatch):
    """The snapshot is not written once a file: that would be quadratic."""
    for number in range(60):
        (tmp_path / f"seg_{number:03}.ts").write_bytes(b"x")
    monkeypatch.setattr("pipeline.transfer.upload.upload_run.SAVE_EVERY_S", 3600.0)
    written: list[int] = []

    def look(progress) -> None:
        written.append((tmp_path / STATE_FILE).stat().st_ino)

    Uploader(backend, session_id=None).upload(tmp_path, PREFIX, resume=False, on_progress=look, cancel=cancel)
    assert len({*written, (tmp_path / STATE_FILE).stat().st_ino}) <= 2
    assert 61 == len((tmp_path / JOURNAL_FILE).read_bytes().splitlines())
