"""Two programs with one list of videos: they share it, and one that is killed is followed by the other."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import psutil
import pytest
from held_ffmpeg import HeldFfmpeg, held_ffmpeg
from json_events import events
from program import command, make_clip, start

from pipeline.job_store import JobStore
from pipeline.queued_job import JobState

COUNT = 4
PREFIX = "tests/shared/"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Short videos: how long a job takes is up to the test (`held`)."""
    folder = tmp_path_factory.mktemp("clips")
    return [make_clip(folder / f"lesson{n}.mp4", seconds=2) for n in range(COUNT)]


@pytest.fixture
def own_data(environment, tmp_path) -> dict[str, str]:
    """The environment of an editor with an empty folder for data."""
    return {**environment, "XDG_DATA_HOME": str(tmp_path / "data")}


@pytest.fixture
def queue(tmp_path) -> Path:
    """Where the queue will be."""
    return tmp_path / "data" / "hls-converter" / "queue.sqlite3"


@pytest.fixture
def held(tmp_path) -> HeldFfmpeg:
    """An ffmpeg that lets a program be in the middle of a job."""
    return held_ffmpeg(tmp_path / "held")


def convert(clips: list[Path], folder: Path, prefix: str, *more: str) -> list[str]:
    """Return the command line."""
    options = ["--preset", "ultrafast", "--no-mp4", "--upload", prefix, "--jobs", "1", "--json"]
    return command("convert", *clips, "-o", folder / "out", *options, *more)


def until(process: subprocess.Popen[str], event: str, job: str = "lesson") -> str:
    """Read what a program says until an event of a job, or of any, is among it; return that."""
    said = ""
    for line in process.stdout:
        said += line
        if f'"{event}"' in line and f'"{job}' in line:
            return said
    raise AssertionError(f"it ended without {event}: {process.stderr.read()}")


def outcomes(lines: list[dict]) -> dict[str, str]:
    """Return how each video ended, as it was shown."""
    return {line["job"]: line["outcome"] for line in lines if line["event"] == "job_finished"}


def done_here(lines: list[dict], phase: str) -> list[str]:
    """Return of which videos a program has done a phase itself, to the end."""
    return [
        line["job"]
        for line in lines
        if (line["event"], line.get("phase"), line.get("outcome")) == ("phase_finished", phase, "done")
    ]


def test_two_programs_share_a_list(tmp_path, clips, own_data, queue, held):
    """Each video is encoded and published once, and both say that all are done."""
    prefix = f"{PREFIX}both/"
    both = [start(convert(clips, tmp_path, prefix), held.environment(own_data)) for _ in range(2)]
    begun = [until(process, "phase_started") for process in both]
    held.release()
    said = [process.communicate(timeout=300) for process in both]
    lines = [events(first + rest) for first, (rest, _) in zip(begun, said, strict=True)]
    assert [(0, ""), (0, "")] == [(process.returncode, err) for process, (_, err) in zip(both, said, strict=True)]
    everyone = {f"lesson{n}": "done" for n in range(COUNT)}
    assert [everyone, everyone] == [outcomes(one) for one in lines]
    for phase in ("hls", "upload"):
        shares = [done_here(one, phase) for one in lines]
        assert (sorted(everyone), True) == (sorted(shares[0] + shares[1]), all(shares))
    with JobStore(queue) as store:
        assert {JobState.DONE} == {one.state for one in store.all()}


def test_a_killed_program_is_followed_by_the_other(tmp_path, clips, own_data, queue, held):
    """Its job is taken up, all are published, and the other says that all are done."""
    prefix = f"{PREFIX}killed/"
    first = start(convert(clips, tmp_path, prefix), held.environment(own_data))
    until(first, "phase_progress")
    second = start(convert(clips, tmp_path, prefix), own_data)
    begun = until(second, "phase_started")
    children = psutil.Process(first.pid).children(recursive=True)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    out, err = second.communicate(timeout=300)
    assert (0, "") == (second.returncode, err)
    assert {f"lesson{n}": "done" for n in range(COUNT)} == outcomes(events(begun + out))
    with JobStore(queue) as store:
        jobs = store.all()
        assert {JobState.DONE} == {one.state for one in jobs}
        assert 2 == max(one.tries for one in jobs)
        assert {second.pid} == {one.owner.pid for one in jobs if one.tries == 2}
    assert [] == psutil.wait_procs(children, timeout=300)[1]
    verified = subprocess.run(
        command("verify", tmp_path / "out" / "lesson0"), env=own_data, capture_output=True, text=True, timeout=300
    )
    assert 0 == verified.returncode, verified.stdout + verified.stderr


def test_ctrl_c_in_one_is_no_matter_of_the_other(tmp_path, clips, own_data, queue, held):
    """It goes on with the whole list."""
    prefix = f"{PREFIX}interrupted/"
    first, second = (start(convert(clips, tmp_path, prefix), held.environment(own_data)) for _ in range(2))
    begun = [until(process, "phase_started") for process in (first, second)]
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=300)
    held.release()
    out, err = second.communicate(timeout=300)
    assert (130, 0, "") == (first.returncode, second.returncode, err)
    assert {f"lesson{n}": "done" for n in range(COUNT)} == outcomes(events(begun[1] + out))
    with JobStore(queue) as store:
        assert {JobState.DONE} == {one.state for one in store.all()}


def test_a_job_is_cancelled_from_another_terminal(tmp_path, clips, own_data, queue, held):
    """The program that works on it stops that, and does the rest."""
    process = start(convert(clips[:2], tmp_path, f"{PREFIX}cancelled/"), held.environment(own_data))
    begun = until(process, "phase_started")
    with JobStore(queue) as store:
        (running,) = [one for one in store.all() if one.state is JobState.RUNNING]
    cancelled = subprocess.run(
        command("queue", "cancel", running.id), env=own_data, capture_output=True, text=True, timeout=300
    )
    other = next(name for name in ("lesson0", "lesson1") if name != running.slug)
    begun += until(process, "phase_started", other)
    held.release()
    out, _ = process.communicate(timeout=300)
    assert (0, 130) == (cancelled.returncode, process.returncode)
    assert {running.slug: "cancelled", other: "done"} == outcomes(events(begun + out))


def test_a_damaged_queue_stops_no_conversion(tmp_path, clips, own_data, queue):
    """A sentence says so; the video is done."""
    queue.parent.mkdir(parents=True)
    queue.write_bytes(b"not a database" * 100)
    process = start(convert(clips[:1], tmp_path, f"{PREFIX}damaged/"), own_data)
    out, err = process.communicate(timeout=300)
    assert (0, {"lesson0": "done"}) == (process.returncode, outcomes(events(out)))
    (sentence,) = err.splitlines()
    assert "move the file away" in sentence
    assert sentence.endswith("This run goes on without it: other processes don't see its jobs.")


def test_what_a_killed_program_left_is_done_by_queue_run(tmp_path, clips, own_data, queue, held):
    """All of it, from where it was, without the command being typed again; then nothing waits any more."""
    killed = start(convert(clips[:2], tmp_path, f"{PREFIX}left/"), held.environment(own_data))
    until(killed, "phase_progress")
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    shown = subprocess.run(command("queue"), env=own_data, capture_output=True, text=True, timeout=300)
    assert ["behind", "waiting"] == sorted(word for word in shown.stdout.split() if word in ("waiting", "behind"))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        command("queue", "run", "--json"), env=own_data, capture_output=True, text=True, timeout=300, cwd=elsewhere
    )
    assert (0, "") == (done.returncode, done.stderr)
    assert {"lesson0": "done", "lesson1": "done"} == outcomes(events(done.stdout))
    with JobStore(queue) as store:
        assert {JobState.DONE} == {one.state for one in store.all()}
    again = subprocess.run(command("queue", "run"), env=own_data, capture_output=True, text=True, timeout=300)
    assert (0, "Nothing waits in the queue.\n") == (again.returncode, again.stdout)


def test_an_upload_is_in_the_queue_too(tmp_path, clips, own_data, queue):
    """With the folder's name, and where players find it."""
    made = start(command("convert", clips[0], "-o", tmp_path / "out", "--preset", "ultrafast", "--no-mp4"), own_data)
    made.communicate(timeout=300)
    folder = tmp_path / "out" / "lesson0"
    sent = start(command("upload", folder, f"{PREFIX}upload/"), own_data)
    _, err = sent.communicate(timeout=300)
    assert (0, 0, "") == (made.returncode, sent.returncode, err)
    with JobStore(queue) as store:
        conversion, upload = store.all()
        assert [JobState.DONE, JobState.DONE] == [conversion.state, upload.state]
        assert ("lesson0", folder) == (upload.job.slug, upload.job.folder)
        assert f"{PREFIX}upload/master.m3u8" in upload.report.master_url
