"""The upload engine as a library."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path, PurePosixPath

import pytest
from store_server import TOKEN, Fault, running_server
from upload_parts import FOLDER, PREFIX, write_folder

from config import Config
from s3_uploader import S3UploadManager, UploadState

ROOT = Path(__file__).resolve().parents[1]
SEGMENT = PREFIX + "720p/seg_001.ts"
ALL_KEYS = {name: PREFIX + name for name in FOLDER}
RECORD = {"name": "Lesson 01", "duration": 12.5, "qualities": ["720p", "480p"]}
SCRIPT = (ROOT / "README.md").read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]


@pytest.fixture
def server():
    """Backend and store on loopback."""
    with running_server() as running:
        yield running


@pytest.fixture
def folder(tmp_path):
    """A folder like a finished job's."""
    return write_folder(tmp_path / "lesson")


@pytest.fixture
def manager(server, monkeypatch):
    """A manager that finds good settings in the environment."""
    monkeypatch.setenv("BACKEND_URL", server.url)
    monkeypatch.setenv("AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("DEFAULT_LANGUAGE", "fr")
    return S3UploadManager()


def test_five_lines_upload_a_folder(server, tmp_path):
    """The script of the README does what it says."""
    write_folder(tmp_path / "out" / "lesson01")
    environment = {**os.environ, "BACKEND_URL": server.url, "AUTH_TOKEN": TOKEN, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert ("Upload complete!\n", "") == (done.stdout, done.stderr)
    assert 5 == len([line for line in SCRIPT.splitlines() if line])
    assert len(FOLDER) + 1 == len(server.stored)  # and the manifest
    assert ("Lesson 01", "en", "videos/course123") == tuple(
        server.records[0][name] for name in ("name", "language", "parentFolder")
    )
    assert "videos/course123/lesson01/master.m3u8" == server.records[0]["s3Keys"]["hls"]


def test_connection_is_validated(manager):
    """Good settings are said to be good."""
    assert (True, "") == manager.validate_connection()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AUTH_TOKEN", "wrong-token-0123456789", "Please get a new token"),
        ("AUTH_TOKEN", "", "Auth token is required"),
        ("AUTH_TOKEN", "bad token\n", "must not contain spaces"),
        ("BACKEND_URL", "", "Backend URL is required"),
        ("BACKEND_URL", "http://api.example.com", "https://"),
        ("BACKEND_URL", "http://127.0.0.1:9", "Cannot connect to the backend"),
    ],
)
def test_bad_settings_are_sentences(manager, monkeypatch, folder, name, value, said):
    """Nothing raises, whatever the environment says."""
    monkeypatch.setenv(name, value)
    ok, error = S3UploadManager().validate_connection()
    assert not ok
    assert said in error


def test_presigned_url_is_handed_out(manager, server):
    """A caller may send a file in its own way."""
    ok, url, error = manager.get_presigned_url("videos/a.ts", "video/mp2t")
    assert (True, "") == (ok, error)
    assert url.startswith(f"{server.url}/store/videos/a.ts?X-Number=")


def test_presigned_url_that_cannot_be_had(manager, server):
    """A refusal is a sentence and no URL."""
    server.api_faults["/api/admin/content/aws/uploadUrl"].append(Fault(status=404))
    ok, url, error = manager.get_presigned_url("videos/a.ts", "video/mp2t")
    assert (False, "") == (ok, url)
    assert "endpoint settings" in error


def test_one_file_is_sent(manager, server, folder):
    """A single file arrives under its key, and its bytes are counted."""
    told: list[tuple[int, int]] = []
    answer = manager.upload_file(
        str(folder / "offline_480p.mp4"), "x/y.mp4", lambda done, total: told.append((done, total))
    )
    assert (True, "") == answer
    assert FOLDER["offline_480p.mp4"] == server.stored["x/y.mp4"]
    assert (200_000, 200_000) == told[-1]


def test_missing_file_is_a_sentence(manager, server, tmp_path):
    """What is not there is named, and nothing is asked of the servers."""
    ok, error = manager.upload_file(tmp_path / "gone.ts", "x/gone.ts")
    assert not ok
    assert "gone.ts can't be read" in error
    assert [] == server.arrivals


@pytest.mark.parametrize("max_retries", [0])
def test_number_of_retries_can_be_set(manager, server, folder, max_retries):
    """No retries means one try."""
    server.faults["x.ts"].extend([Fault(status=503)] * 4)
    ok, _ = manager.upload_file(folder / "720p/seg_001.ts", "x.ts", max_retries=max_retries)
    assert not ok
    assert 1 + max_retries == len(server.puts("x.ts"))


def test_notices_are_logged(manager, server, folder, caplog):
    """What the window shows as a line, such as that another stream stood there, a script finds in its log."""
    server.public = manager.replace = True
    server.capabilities = {"version": 1, "read": True}
    server.stored[PREFIX + "master.m3u8"] = b"#EXTM3U another"
    caplog.set_level("INFO", logger="s3_uploader")
    assert manager.upload_directory(folder, PREFIX)[0]
    logged = [record.getMessage() for record in caplog.records if record.name == "s3_uploader"]
    [said] = [line for line in logged if "Another stream is already at" in line]
    assert PREFIX in said


def test_folder_is_sent_with_progress(manager, server, folder):
    """All keys come back, and progress is five absolute values."""
    told: list[tuple[str, int, int, int, int]] = []
    answer = manager.upload_directory(folder, PREFIX, lambda *values: told.append(values))
    assert (True, ALL_KEYS, "") == answer
    total = sum(len(content) for content in FOLDER.values())
    assert ("master.m3u8", len(FOLDER), len(FOLDER), total, total) == told[-1]
    assert len(set(told)) == len(told)


@pytest.mark.parametrize("prefix", [PREFIX.removesuffix("/"), PurePosixPath(PREFIX)], ids=["text", "path"])
def test_slash_at_the_end_of_a_destination_is_added(manager, folder, prefix):
    """The files go below the destination, whether its last slash was written or not."""
    assert (True, ALL_KEYS, "") == manager.upload_directory(folder, prefix)


@pytest.mark.parametrize(
    ("place", "prefix", "said"),
    [
        ("missing", PREFIX, "does not exist"),
        (".", "/bad", "must not start with /"),
        (".", "", "is required"),
    ],
    ids=["no folder", "bad prefix", "no prefix"],
)
def test_folder_that_cannot_be_sent_is_a_sentence(manager, folder, place, prefix, said):
    """Wrong arguments are answered, not raised."""
    ok, keys, error = manager.upload_directory(folder / place, prefix)
    assert (False, {}) == (ok, keys)
    assert said in error


def test_failed_folder_tells_what_is_up(manager, server, folder):
    """The keys of what was stored come back with the reason."""
    server.faults[SEGMENT].append(Fault(status=403, code="SignatureDoesNotMatch"))
    ok, keys, error = manager.upload_directory(folder, PREFIX)
    assert not ok
    assert error.startswith(
        "Upload failed (1 file). Check logs. 720p/seg_001.ts: The storage does not accept the signature"
    )
    assert set(server.stored) == set(keys.values())


def test_cancel_check_stops_the_upload(manager, server, folder):
    """Once the check says yes everything stops, with the text for a resume."""
    server.gate = lambda key: True
    ok, keys, error = manager.upload_directory(folder, PREFIX, cancel_check=lambda: len(server.gated) == 4)
    assert (False, {}) == (ok, keys)
    assert f"Upload cancelled. 0/{len(FOLDER)} files uploaded. Resume anytime." == error


def test_loaded_state_goes_on(manager, server, folder, tmp_path):
    """Saved, loaded by another manager, and only the rest is sent."""
    server.faults[SEGMENT].append(Fault(status=404, code="NoSuchBucket"))
    manager.upload_directory(folder, PREFIX)
    assert manager.save_upload_state(tmp_path / "state.json")
    assert "failed" == json.loads((tmp_path / "state.json").read_text())["files"]["720p/seg_001.ts"]["status"]
    before = set(server.stored)
    other = S3UploadManager()
    assert other.load_upload_state(tmp_path / "state.json")
    assert (True, ALL_KEYS, "") == other.upload_directory(folder, PREFIX)
    assert all(1 == len(server.puts(key)) for key in before)


@pytest.fixture
def left_state(manager, server, folder, tmp_path):
    """A manager that knows of an upload, all but a segment and the playlists done, by its saved state alone."""
    server.public = True
    server.faults[SEGMENT].append(Fault(status=404, code="NoSuchBucket"))
    manager.upload_directory(folder, PREFIX)
    manager.save_upload_state(tmp_path / "state.json")
    for path in (*folder.glob(".upload_*"), folder / "manifest.json"):
        path.unlink(missing_ok=True)
    other = S3UploadManager()
    assert other.load_upload_state(tmp_path / "state.json")
    return other


EVERYTHING = {"version": 1, "list": True, "read": True, "manifest": False}
ONE_KEY, ONE_NAME, MANIFEST = PREFIX + "480p/seg_002.ts", "480p/seg_002.ts", PREFIX + "manifest.json"


@pytest.mark.parametrize(
    "offered", [None, {"version": 1, "read": True}, EVERYTHING], ids=["three requests", "reading", "listing"]
)
def test_saved_state_alone_goes_on(server, folder, left_state, offered):
    """What the state names and the server shows to have is not sent again,
    however little of the upload is left here.
    """
    server.capabilities = offered
    before = set(server.stored) - {MANIFEST}
    assert (True, ALL_KEYS, "") == left_state.upload_directory(folder, PREFIX)
    assert [1] * len(before) == [len(server.puts(key)) for key in before]
    assert set(ALL_KEYS.values()) <= set(server.stored)


def _replace(server, folder):
    server.stored[ONE_KEY] = b"x" * len(FOLDER[ONE_NAME])


def _remove(server, folder):
    del server.stored[ONE_KEY]


def _edit(server, folder):
    (folder / ONE_NAME).write_bytes(b"y" * len(FOLDER[ONE_NAME]))


@pytest.mark.parametrize("offered", [None, EVERYTHING], ids=["three requests", "listing"])
@pytest.mark.parametrize("happen", [_replace, _remove, _edit], ids=["replaced there", "gone there", "changed here"])
def test_saved_state_is_not_believed_without_proof(server, folder, left_state, happen, offered):
    """A file that the server no longer has as it is here is sent again, and only that."""
    server.capabilities = offered
    happen(server, folder)
    before = set(server.stored) - {ONE_KEY, MANIFEST}
    assert left_state.upload_directory(folder, PREFIX)[0]
    assert (folder / ONE_NAME).read_bytes() == server.stored[ONE_KEY]
    assert [2, *[1] * len(before)] == [len(server.puts(key)) for key in (ONE_KEY, *before)]


def test_saved_state_that_nothing_can_prove(server, folder, left_state):
    """Where the store lets nobody read, everything is sent."""
    server.public = False
    before = set(server.stored)
    assert (True, ALL_KEYS, "") == left_state.upload_directory(folder, PREFIX)
    assert [2] * len(before) == [len(server.puts(key)) for key in before]


def test_saved_state_of_another_place_is_not_gone_on_with(server, folder, left_state):
    """It says nothing of this place."""
    assert left_state.upload_directory(folder, "other/place/")[0]
    sent = [key for key in server.puts() if key.startswith("other/place/")]
    assert len(FOLDER) + 2 == len(sent)  # and the manifest, at the beginning without files


def test_saved_state_outlives_a_cancel(server, folder, left_state, tmp_path):
    """Stopped before anything was looked at, what was loaded can be saved again."""
    ok, _, error = left_state.upload_directory(folder, PREFIX, cancel_check=lambda: True)
    assert (False, True) == (ok, error.startswith("Upload cancelled."))
    assert left_state.save_upload_state(tmp_path / "again.json")
    assert (tmp_path / "state.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def test_without_loaded_state_everything_is_sent(manager, server, folder):
    """Who does not ask for a resume gets everything anew."""
    manager.upload_directory(folder, PREFIX)
    manager.upload_directory(folder, PREFIX)
    assert 2 * (len(FOLDER) + 1) == len(server.puts())  # and the manifest


def test_state_that_is_not_there(manager, tmp_path):
    """No state to save, none to load, no place to save it: False."""
    assert not manager.save_upload_state(tmp_path / "state.json")
    assert not manager.load_upload_state(tmp_path / "state.json")


def test_state_that_cannot_be_written(manager, folder, tmp_path):
    """A place that is not there, or is none, is answered with False."""
    manager.upload_directory(folder, PREFIX)
    assert not manager.save_upload_state(None)
    assert not manager.save_upload_state(tmp_path / "missing" / "state.json")


def test_record_has_the_default_language(manager, server):
    """Without a language the environment's counts; keys may go by what they are."""
    assert (True, "") == manager.create_file_record({"hls": "videos/a/l/master.m3u8", "mp4": "m", "srt": "t"}, RECORD)
    [record] = server.records
    assert ("fr", "videos/a", {"duration": 12.5, "qualities": ["720p", "480p"]}) == (
        record["language"],
        record["parentFolder"],
        record["metadata"],
    )
    assert {"hls": "videos/a/l/master.m3u8", "mp4": "m", "transcript": "t"} == record["s3Keys"]


def test_record_that_fails_is_a_sentence(manager, server):
    """A backend without records says so."""
    server.api_faults["/api/admin/files"].append(Fault(status=404))
    ok, error = manager.create_file_record({}, RECORD)
    assert not ok
    assert "endpoint settings" in error


def test_all_that_is_known_of_a_video_reaches_the_record(manager, server):
    """The backend's folder, the video's own language and metadata that nobody has foreseen."""
    more = {"folder_id": "65f0", "language": "hi", "teacher": {"name": "Ada"}, "tags": ["a", 1, None]}
    assert (True, "") == manager.create_file_record({"hls": "videos/a/l/master.m3u8"}, {**RECORD, **more})
    [record] = server.records
    assert ("Lesson 01", "hi", "65f0") == (record["name"], record["language"], record["parentFolder"])
    expected = {"duration": 12.5, "qualities": ["720p", "480p"], "teacher": {"name": "Ada"}, "tags": ["a", 1, None]}
    assert expected == record["metadata"]


def test_record_of_another_upload_lies_where_its_keys_are(manager, server, folder):
    """The parent folder is that of the keys, not that of whatever was uploaded last."""
    manager.upload_directory(folder, PREFIX)
    manager.create_file_record({"hls": "other/place/l/master.m3u8"}, {"name": "Other", "qualities": "720p"})
    assert ("other/place", ["720p"]) == (server.records[0]["parentFolder"], server.records[0]["metadata"]["qualities"])


@pytest.mark.parametrize("value", [{1, 2}, Path("x"), float("nan")], ids=["set", "path", "no number"])
def test_metadata_that_no_backend_can_be_told_is_a_sentence(manager, server, value):
    """The entry is named, and nothing is sent."""
    ok, error = manager.create_file_record({}, {**RECORD, "recorded": value})
    assert (False, True, []) == (ok, error.startswith("The record's recorded can't be sent ("), server.records)


def test_another_videos_destination_is_not_taken_unasked(manager, server, folder, tmp_path):
    """Whose it is says its manifest; `replace` lets it go."""
    server.capabilities = {"list": True, "read": True, "manifest": True}
    assert (True, "") == manager.upload_directory(folder, PREFIX)[::2]
    other = write_folder(tmp_path / "elsewhere" / "another")
    (other / "720p/seg_001.ts").write_bytes(b"another lecture")
    before = len(server.puts())
    ok, sent, error = manager.upload_directory(other, PREFIX)
    assert (False, {}, True) == (ok, sent, "holds another video, “lesson”" in error)
    assert before == len(server.puts())  # not one file of it
    manager.replace = True
    assert (True, "") == manager.upload_directory(other, PREFIX)[::2]


def test_a_destination_above_those_of_other_videos_is_not_taken_unasked(manager, server, folder, tmp_path):
    """A folder for all videos was meant, as `convert` and `upload` know it; `replace` lets it go."""
    assert (True, "") == manager.upload_directory(folder, PREFIX)[::2]
    other = write_folder(tmp_path / "another")
    (other / "720p/seg_001.ts").write_bytes(b"another lecture")
    above, before = "videos/course/", len(server.puts())
    ok, sent, error = manager.upload_directory(other, above)
    said = f"Below {above} are streams of other videos, such as {PREFIX}: choose a destination of its own, such as "
    assert (False, {}, f"{said}{above}another/") == (ok, sent, error.partition(", or use")[0])
    assert before == len(server.puts())
    manager.replace = True
    assert (True, "") == manager.upload_directory(other, above)[::2]


def test_path_as_destination(manager, server, folder):
    """A path has no slash at its end; its keys do not look like Windows' paths."""
    assert (True, ALL_KEYS, "") == manager.upload_directory(folder, PurePosixPath(PREFIX))
    assert (True, "") == manager.upload_file(folder / "subtitles.vtt", PurePosixPath("x/y.vtt"))
    assert FOLDER["subtitles.vtt"] == server.stored["x/y.vtt"]


def broken(*values):
    """A callback with a fault of its own."""
    raise ZeroDivisionError(f"of the caller, {time.monotonic_ns()}")


def test_broken_callbacks_end_nothing_and_are_not_lost(manager, server, folder, caplog):
    """The upload is whole; what broke is logged once with its trace, for the program and in the upload's own log."""
    assert (True, ALL_KEYS, "") == manager.upload_directory(folder, PREFIX, broken, broken)
    assert (True, "") == manager.upload_file(folder / "offline_480p.mp4", "x.mp4", broken)
    assert 3 == len(
        [record for record in caplog.records if record.exc_info and record.exc_info[0] is ZeroDivisionError]
    )
    [log] = [path.read_text() for path in folder.glob("upload_log_2*.txt") if "2020-01-01" not in path.name]
    assert 2 == log.count("ZeroDivisionError: of the caller, ")
    assert TOKEN not in log


def test_interrupt_ends_the_upload_at_once(manager, server, folder, tmp_path):
    """Ctrl-C is not a broken callback: it comes out, while the store still keeps its answers, no thread goes on,
    and the rest can be sent.
    """
    server.gate = lambda key: key == PREFIX + "720p/seg_001.ts"

    def interrupted(*values):
        server.wait_for(lambda: server.gated)  # nothing may change any more from then on, so this is the last call
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        manager.upload_directory(folder, PREFIX, interrupted)
    assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("upload")]
    server.wait_for(lambda: server.busy == 1)  # what was cut off ends there, too
    server.open_gate()
    assert manager.save_upload_state(tmp_path / "state.json")
    assert manager.load_upload_state(tmp_path / "state.json")
    assert (True, ALL_KEYS, "") == manager.upload_directory(folder, PREFIX)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda manager, folder: manager.upload_file(None, "x.ts"), id="no file"),
        pytest.param(lambda manager, folder: manager.upload_file("nul\0byte.ts", "x.ts"), id="impossible file"),
        pytest.param(lambda manager, folder: manager.upload_file(folder, "x.ts"), id="folder as file"),
        pytest.param(lambda manager, folder: manager.upload_file(folder / "subtitles.vtt", None), id="no key"),
        pytest.param(
            lambda manager, folder: manager.upload_file(folder / "subtitles.vtt", "x", None, None),
            id="no number of retries",
        ),
        pytest.param(
            lambda manager, folder: manager.get_presigned_url(object(), "video/mp2t"), id="key of an odd kind"
        ),
        pytest.param(lambda manager, folder: manager.upload_directory(None, PREFIX), id="no folder"),
        pytest.param(lambda manager, folder: manager.upload_directory("nul\0byte", PREFIX), id="impossible folder"),
        pytest.param(lambda manager, folder: manager.upload_directory(folder, None), id="no prefix"),
        pytest.param(lambda manager, folder: manager.upload_directory(folder, 5), id="number as prefix"),
        pytest.param(lambda manager, folder: manager.create_file_record(None, RECORD), id="no keys"),
        pytest.param(lambda manager, folder: manager.create_file_record({}, None), id="no metadata"),
        pytest.param(
            lambda manager, folder: manager.create_file_record({}, {"qualities": 720}), id="number as qualities"
        ),
        pytest.param(lambda manager, folder: (manager.load_upload_state(None), "odd"), id="no state"),
    ],
)
def test_nothing_raises(manager, folder, call):
    """Whatever is handed over, the answer is a no with a sentence."""
    ok, *_, error = call(manager, folder)
    assert ok is False
    assert error


def test_state_is_told_before_during_and_after(manager, server, folder, tmp_path):
    """None first; while files go up, what is up; then everything, and nothing is current any more."""
    seen: list[UploadState | None] = [manager.upload_state]
    server.gate = lambda key: key == PREFIX + "master.m3u8"

    def look(file, *counts):
        if server.gated and not server.opened:
            seen.append(manager.upload_state)
            assert manager.save_upload_state(tmp_path / "during.json")
            server.open_gate()

    manager.upload_directory(folder, PREFIX, look)
    before, during = seen
    assert (None, len(FOLDER), [], PREFIX) == (before, during.total_files, during.failed_files, during.s3_prefix)
    assert "files" in json.loads((tmp_path / "during.json").read_text())
    assert UploadState(len(FOLDER), sorted(FOLDER, key=Path), [], None, PREFIX) == manager.upload_state


def test_loaded_state_can_be_looked_at(manager, server, folder, tmp_path):
    """How far it was stands in the state at once, and saving it again loses nothing."""
    server.faults[SEGMENT].append(Fault(status=403, code="SignatureDoesNotMatch"))
    manager.upload_directory(folder, PREFIX)
    manager.save_upload_state(tmp_path / "state.json")
    other = S3UploadManager()
    other.load_upload_state(tmp_path / "state.json")
    state = other.upload_state
    assert (len(FOLDER), ["720p/seg_001.ts"], PREFIX) == (state.total_files, state.failed_files, state.s3_prefix)
    assert other.save_upload_state(tmp_path / "again.json")
    assert (tmp_path / "state.json").read_bytes() == (tmp_path / "again.json").read_bytes()


def test_cancel_check_counts_while_a_server_is_waited_for(manager, server, folder):
    """Before the first file goes, too."""
    asked = "/api/s3/capabilities"
    server.api_faults[asked].extend([Fault(status=503)] * 100)
    ok, keys, error = manager.upload_directory(folder, PREFIX, cancel_check=lambda: bool(server.asked(asked)))
    assert (False, {}, f"Upload cancelled. 0/{len(FOLDER)} files uploaded. Resume anytime.") == (ok, keys, error)
    assert 1 == len(server.asked(asked))


def test_settings_of_a_manager_can_be_changed(manager, server, folder):
    """Each call goes by what the manager has then."""
    manager.auth_token = "wrong-token-0123456789"
    assert not manager.validate_connection()[0]
    manager.auth_token, manager.session_id, manager.language = TOKEN, "b" * 24, "ar"
    assert manager.create_file_record({"hls": "a/l/master.m3u8"}, RECORD)[0]
    assert ("b" * 24, "ar") == (server.records[0]["sessionId"], server.records[0]["language"])


def test_settings_file_that_cannot_be_read_is_named(manager, monkeypatch, tmp_path):
    """A line that can't be understood may be the one that matters."""
    (tmp_path / ".env").write_text("=\n", encoding="utf-8")
    load = Config.load
    monkeypatch.setattr(Config, "load", lambda: load(env_file=tmp_path / ".env"))
    ok, error = S3UploadManager().validate_connection()
    assert (False, True) == (ok, "can't be understood" in error)


def test_session_id_is_checked(manager, folder):
    """A session ID that can't be one is said before anything is sent."""
    ok, _, error = S3UploadManager(session_id="nonsense").upload_directory(folder, PREFIX)
    assert not ok
    assert "24 characters" in error
