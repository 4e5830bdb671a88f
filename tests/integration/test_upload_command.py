"""`upload`, `check` and an upload that is killed and resumed, against the real backend."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from held_backend import HeldBackend, held_backend
from json_events import events
from program import command, start
from store_server import TOKEN, running_server

from config import BackendApi, Config
from pipeline.transfer.manifests.placement import versions_in
from storage import LocalStorageBackend

SEGMENT_BYTES = 8000


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    """A folder like that of a converted video with 400 segments."""
    folder = tmp_path / "stream"
    (folder / "720p").mkdir(parents=True)
    for number in range(1, 401):
        (folder / "720p" / f"seg_{number:03d}.ts").write_bytes(number.to_bytes(4, "big") * (SEGMENT_BYTES // 4))
    (folder / "720p" / "index.m3u8").write_text("#EXTM3U\n")
    (folder / "master.m3u8").write_text("#EXTM3U\n")
    return folder


def _stored(backend, prefix: str) -> dict[str, bytes]:
    """Return what is stored under a prefix, but for the manifest."""

    async def read() -> dict[str, bytes]:
        storage = LocalStorageBackend(backend.settings.root)
        return {
            key: await storage.load(key) for key in await storage.list_files(prefix) if key != f"{prefix}manifest.json"
        }

    return asyncio.run(read())


def _records(backend, prefix: str) -> list[dict]:
    """Return the file records of what was uploaded to a prefix."""
    headers = {"Authorization": f"Bearer {backend.settings.token}"}
    files = requests.get(f"{backend.url}/api/admin/files", headers=headers, timeout=60).json()["files"]
    return [record for record in files if str(record["s3Keys"]["hls"]).startswith(prefix)]


def _made(folder: Path, prefix: str) -> dict[str, bytes]:
    files = [p for p in folder.rglob("*") if p.is_file() and p.suffix in (".ts", ".m3u8")]
    return {prefix + p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def _stop_half_way(arguments: list[str], environment: dict[str, str], how: signal.Signals) -> subprocess.Popen[str]:
    """Start an upload and send it a signal when 40 files are up; return the ended process with its output read."""
    process = start(arguments, environment)
    for line in process.stdout:
        if any(e.get("files_done", 0) >= 40 for e in events(line)):
            os.kill(process.pid, how)
            break
    process.rest, process.words = process.communicate(timeout=300)
    return process


def _counts(said: str) -> list[int]:
    """Return how many files were up, as it was told."""
    return [e["files_done"] for e in events(said) if e["event"] == "phase_progress" and e["files_total"]]


class TestHalfWay:
    """Uploads to a backend that takes 60 files and then keeps the others waiting, until the test lets it go on."""

    @pytest.fixture
    def backend(self, tmp_path: Path) -> Iterator[HeldBackend]:
        """That backend."""
        with held_backend(tmp_path / "store", passes=60) as held:
            yield held

    @pytest.fixture
    def backend_config(self, backend: HeldBackend) -> Config:
        """The configuration of an editor who uploads to it."""
        return Config(backend=BackendApi(url=backend.url, token=backend.settings.token))

    def test_an_upload_that_is_killed_goes_on_where_it_was(self, tmp_path, stream, backend, environment, run):
        """kill -9, then resume: nothing published early, nothing lost, only the rest is sent."""
        prefix = "tests/killed/"
        killed = _stop_half_way(command("upload", stream, prefix, "--json"), environment, signal.SIGKILL)
        backend.release()
        before = _stored(backend, prefix)
        assert (-signal.SIGKILL, []) == (killed.returncode, [key for key in before if key.endswith(".m3u8")])
        undecided = run("upload", stream, prefix)
        assert (2, True, True) == (
            undecided.returncode,
            "Previous upload incomplete" in undecided.stderr,
            "--resume" in undecided.stderr,
        )
        resumed = run("upload", stream, prefix, "--resume", "--json")
        counts = [
            e["files_done"] for e in events(resumed.stdout) if e["event"] == "phase_progress" and e["files_total"]
        ]
        assert (0, True, 402) == (resumed.returncode, counts[0] >= 40, counts[-1])
        assert _made(stream, prefix) == _stored(backend, prefix)

    def test_ctrl_c_during_an_upload_says_how_far_it_came(self, tmp_path, stream, backend, environment, run):
        """The state is kept, the stream is not published, and fresh begins anew."""
        prefix = "tests/cancelled/"
        stopped = _stop_half_way(command("upload", stream, prefix, "--json"), environment, signal.SIGINT)
        backend.release()
        report = events(stopped.rest)[-1]
        assert (130, "cancelled", True) == (
            stopped.returncode,
            report["outcome"],
            report["error"].startswith("Upload cancelled. ")
            and report["error"].endswith("/402 files uploaded. Resume anytime."),
        )
        fresh = run("upload", stream, prefix, "--fresh", "--json")
        counts = _counts(fresh.stdout)
        assert (0, True, 402) == (fresh.returncode, counts[0] < 40, counts[-1])

    def test_two_uploads_to_one_free_destination(self, tmp_path, stream, backend, environment, run):
        """The second to begin is told of the first, which is under way, and sends nothing; once it may,
        it takes the place.
        """
        prefix, other = "tests/both/", tmp_path / "elsewhere" / "stream"
        shutil.copytree(stream, other)
        (other / "720p" / "seg_001.ts").write_bytes(b"another video")
        first = start(command("upload", stream, prefix, "--json"), environment)
        for line in first.stdout:
            if any(e.get("files_done", 0) >= 40 for e in events(line)):
                os.kill(first.pid, signal.SIGSTOP)
                break
        backend.release()
        refused, looked = run("upload", other, prefix), run("manifest", "restore", prefix, "-o", tmp_path / "back")
        os.kill(first.pid, signal.SIGCONT)
        first.communicate(timeout=300)
        begun = f"An upload of another “stream”, with other content, to {prefix} has begun and is not finished"
        assert (2, True, 0) == (refused.returncode, begun in refused.stderr, first.returncode)
        assert (2, True) == (
            looked.returncode,
            f"An upload to {prefix} has begun and is not finished." in looked.stderr,
        )
        assert _made(stream, prefix) == _stored(backend, prefix)
        late, insisted = run("upload", other, prefix), run("upload", other, prefix, "--replace")
        assert (2, True, 0) == (
            late.returncode,
            "holds another “stream”, with other content" in late.stderr,
            insisted.returncode,
        )
        beside = {name.partition("/720p/")[0] for name in _stored(backend, prefix) if name.startswith(f"{prefix}v")}
        assert [b"another video"] == [_stored(backend, prefix)[f"{place}/720p/seg_001.ts"] for place in beside]
        restored = tmp_path / "back"
        back = run("manifest", "restore", prefix, "-o", restored).returncode
        assert (0, 0) == (back, run("upload", restored, prefix).returncode)


def test_an_upload_that_is_done_sends_nothing_again(stream, backend, run):
    """Not one PUT more, and what is stored was not touched, the manifest neither; the destination's last slash may be
    left out.
    """
    prefix = "tests/unchanged/"

    def state() -> tuple[int, dict[Path, tuple[int, int]]]:
        puts = sum(log.read_text().count(" PUT ") for log in stream.glob("upload_log_*.txt"))
        stored = [p for p in (backend.settings.root / prefix).rglob("*") if p.is_file()]
        return puts, {p: (p.stat().st_ino, p.stat().st_mtime_ns) for p in stored}

    first = run("upload", stream, prefix).returncode
    once = state()
    again = run("upload", stream, prefix.removesuffix("/")).returncode
    # the manifest twice: without files at the beginning
    assert (0, 0, 404, 403) == (first, again, once[0], len(once[1]))
    assert (once, 1) == (state(), len(list(stream.glob("upload_log_*.txt"))))  # nor is there a log of nothing


def test_a_folder_gets_its_file_record(tmp_path, backend, run):
    """For the session that was named, and only one however often the folder is uploaded."""
    folder, prefix = tmp_path / "talk", "tests/recorded/"
    folder.mkdir()
    (folder / "master.m3u8").write_text("#EXTM3U\n")
    first = run("upload", folder, prefix, "--session-id", "a" * 24)
    again = run("upload", folder, prefix)
    assert (0, 0, True) == (first.returncode, again.returncode, "File record: Session updated" in first.stdout)
    [record] = _records(backend, prefix)
    assert ("talk", "tests", "a" * 24) == (record["name"], record["parentFolder"], record["sessionId"])


def test_an_upload_goes_on_where_a_conversion_was_killed(tmp_path, environment, backend, run, short_clip):
    """The same record as the conversion would have made; the conversion, started again, finds everything done."""
    prefix = "tests/taken-over/"
    arguments = (
        "convert",
        short_clip,
        "-o",
        tmp_path,
        "--preset",
        "ultrafast",
        "--upload",
        prefix,
        "--session-id",
        "b" * 24,
        "--json",
    )
    process = start(command(*arguments, "--limit-rate", "100K"), environment)
    for line in process.stdout:
        if any(e.get("files_done", 0) >= 1 for e in events(line)):
            process.kill()
            break
    process.communicate(timeout=300)
    taken_over = run("upload", tmp_path / "short-clip", prefix, "--resume", "--session-id", "b" * 24)
    again = run(*arguments)
    ended = [(e["phase"], e["outcome"]) for e in events(again.stdout) if e["event"] == "phase_finished"]
    assert (0, [(phase, "reused") for phase in ("hls", "mp4", "upload", "record")]) == (taken_over.returncode, ended)
    [record] = _records(backend, prefix)
    assert ("short clip", "b" * 24, ["360p"]) == (record["name"], record["sessionId"], record["metadata"]["qualities"])


def test_a_conversion_that_was_stopped_is_named(tmp_path, run):
    """What is not whole yet can't be uploaded."""
    (tmp_path / ".lesson.partial").mkdir()
    done = run("upload", tmp_path / "lesson", "a/")
    assert (1, True, 1) == (done.returncode, "start `convert` again" in done.stderr, len(done.stderr.splitlines()))


def test_a_stream_that_was_replaced_is_sent_again(tmp_path, backend, run):
    """What another upload left at the destination is not taken for this folder's."""
    prefix, folders = "tests/replaced/", [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
        (folder / "seg_001.ts").write_bytes(folder.name.encode())
        (folder / "master.m3u8").write_text(f"#EXTM3U\n# {folder.name}\n")
        assert 0 == run("upload", folder, prefix, "--replace").returncode
    again = run("upload", folders[0], prefix, "--replace")
    assert (0, True) == (again.returncode, "every file is sent again" in again.stdout)
    stored = {name.removeprefix(prefix): content for name, content in _stored(backend, prefix).items()}
    newer, newest = sorted((name for name in stored if name.startswith("v")), key=lambda name: versions_in(name))
    assert [b"first", b"second", b"first", b"#EXTM3U\n# first\n"] == [
        stored.pop(name) for name in ("seg_001.ts", newer, newest, "master.m3u8")
    ]
    assert {} == stored


def test_another_streams_destination_is_not_taken_unasked(tmp_path, stream, backend, run):
    """Exit 2 and one sentence, nothing sent; the same folder may be uploaded again."""
    prefix, other = "tests/taken/", tmp_path / "Lesson 01"
    other.mkdir()
    (other / "master.m3u8").write_text("#EXTM3U\n")
    assert 0 == run("upload", other, prefix).returncode
    before = _stored(backend, prefix)
    refused = run("upload", stream, prefix)
    sentence = f"{prefix} holds another video, “Lesson 01”: choose another destination, or replace it (--replace)."
    assert (2, f"hls-converter: {sentence}\n", before) == (refused.returncode, refused.stderr, _stored(backend, prefix))
    assert 0 == run("upload", other, prefix).returncode


def test_a_login_that_expires_without_a_terminal_keeps_the_state(stream, environment):
    """Exit 1 with a sentence; with a good token --resume sends only the rest."""
    with running_server() as server:

        def expire(key: str) -> None:
            if len(server.stored) >= 40:
                server.token = "another-token-0123456789"

        server.on_stored = expire
        arguments = command("upload", stream, "tests/expired/", "--parallel", "2", "--resume")
        at_server = {**environment, "BACKEND_URL": server.url}
        ended = {}
        for token in (TOKEN, "another-token-0123456789"):
            ended[token] = subprocess.run(
                arguments,
                env={**at_server, "AUTH_TOKEN": token},
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
        sent = server.puts()
    first, second = ended.values()
    assert (1, 1, True) == (first.returncode, len(first.stderr.splitlines()), "Please get a new token" in first.stderr)
    assert (0, 403, 403) == (second.returncode, len(sent), len(set(sent)))  # and the manifest


def test_a_limit_of_the_rate_is_kept_from_the_command_line(stream, environment, backend, run):
    """All files together are no faster than was said, however many go at a time;
    with another limit the rest goes up.
    """
    parallel, limit = 4, 100 << 10
    # the tenth of a second that may be saved up, and a block of each thread
    burst = limit // 10 + parallel * SEGMENT_BYTES
    arguments = command(
        "upload", stream, "tests/limited/", "--limit-rate", "100K", "--parallel", str(parallel), "--json"
    )
    process = start(arguments, environment)
    speeds: list[float] = []
    for line in process.stdout:
        speeds += [e["bytes_per_s"] for e in events(line) if e.get("bytes_per_s")]
        if len(speeds) == 5:
            os.kill(process.pid, signal.SIGINT)
            break
    process.communicate(timeout=300)
    assert (130, 5, True) == (process.returncode, len(speeds), max(speeds, default=0) <= limit + burst)
    assert (
        0 == run("upload", stream, "tests/limited/", "--limit-rate", "50M", "--parallel", "16", "--resume").returncode
    )
    assert _made(stream, "tests/limited/") == _stored(backend, "tests/limited/")


def test_a_limit_of_the_rate_that_cannot_be_read_is_said(stream, backend, run):
    """Before anything happens."""
    wrong = run("upload", stream, "tests/limit-unread/", "--limit-rate", "fast")
    assert (2, True) == (wrong.returncode, "such as 500K or 5M" in wrong.stderr)
    assert {} == _stored(backend, "tests/limit-unread/")


def test_a_folder_that_is_not_there_is_one_sentence(tmp_path, run):
    """Exit 1, the folder named."""
    done = run("upload", tmp_path / "nowhere", "a/")
    assert (1, True, 1) == (done.returncode, "nowhere is not a folder" in done.stderr, len(done.stderr.splitlines()))


def test_a_playlist_that_names_a_missing_segment_is_never_published(stream, backend, run):
    """One missing segment is a broken video."""
    (stream / "720p" / "index.m3u8").write_text("#EXTM3U\n#EXTINF:6,\nseg_001.ts\n#EXTINF:6,\nseg_999.ts\n")
    done = run("upload", stream, "tests/missing-segment/")
    assert (1, True, {}) == (
        done.returncode,
        "names seg_999.ts, which is missing" in done.stderr,
        _stored(backend, "tests/missing-segment/"),
    )


def test_a_folder_without_a_master_is_no_stream(tmp_path, run):
    """Something else than a converted video was named."""
    (tmp_path / "notes.txt").write_text("mine")
    done = run("upload", tmp_path, "tests/no-master/")
    assert (1, True) == (done.returncode, "contains no master.m3u8" in done.stderr)


def test_check_says_that_the_backend_is_there(run, backend):
    """Test Connection from the command line."""
    done = run("check")
    assert (0, f"Connected to {backend.url}. The token is valid.\n") == (done.returncode, done.stdout)


def test_check_says_why_not(environment, backend):
    """A wrong token is a sentence and exit 1."""
    wrong = {**environment, "AUTH_TOKEN": "wrong-wrong-wrong-wrong-wrong"}
    done = subprocess.run(command("check"), env=wrong, capture_output=True, text=True)
    assert (1, True, 1) == (done.returncode, "token" in done.stderr, len(done.stderr.splitlines()))


def test_an_encode_is_used_again_when_its_upload_was_killed(tmp_path, environment, backend, run, sample):
    """Started again on the same file with the same settings, encoding is not repeated."""
    arguments = ("convert", sample, "-o", tmp_path, "--preset", "ultrafast", "--upload", "tests/encode-once/", "--json")
    process = start(command(*arguments, "--limit-rate", "20K"), environment)
    for line in process.stdout:
        if any(e.get("phase") == "upload" and e["event"] == "phase_started" for e in events(line)):
            process.kill()
            break
    process.communicate(timeout=300)
    resumed = run(*arguments, "--resume")
    ended = [(e["phase"], e["outcome"]) for e in events(resumed.stdout) if e["event"] == "phase_finished"]
    assert [("hls", "reused"), ("mp4", "reused"), ("upload", "done"), ("record", "done")] == ended


def test_local_files_go_only_when_asked_and_everything_is_up(tmp_path, backend, run, short_clip):
    """Media are deleted; the source, the job's own files and the store stay."""
    done = run(
        "convert",
        short_clip,
        "-o",
        tmp_path,
        "--preset",
        "ultrafast",
        "--upload",
        "tests/deleted/",
        "--delete-local",
        "--json",
    )
    folder = tmp_path / "short-clip"
    left = sorted(p.name for p in folder.iterdir() if not p.name.startswith(("upload_log", ".")))
    stored = _stored(backend, "tests/deleted/")
    assert (0, ["job.json", "manifest.json"], True, True) == (
        done.returncode,
        left,
        short_clip.exists(),
        "tests/deleted/master.m3u8" in stored,
    )
