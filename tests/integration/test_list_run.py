"""The queue as a list, run by real programs: rows are added, held and started meanwhile, and one program is killed."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from held_ffmpeg import held_ffmpeg
from json_events import events
from program import command, make_clip, start

from pipeline.job import EncodingRequest, Job, UploadRequest
from pipeline.job_store import JobStore

NAMES = ("a", "b", "c", "d")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short video: how long a job takes is up to the test."""
    return make_clip(tmp_path_factory.mktemp("clips") / "lesson.mp4", seconds=2, size="320x240")


@pytest.fixture
def own_data(environment, tmp_path) -> dict[str, str]:
    """The environment of an editor with an empty folder for data."""
    return {**environment, "XDG_DATA_HOME": str(tmp_path / "data")}


@pytest.fixture
def store(tmp_path) -> Iterator[JobStore]:
    """The queue of that editor."""
    with JobStore(tmp_path / "data" / "hls-converter" / "queue.sqlite3") as store:
        yield store


def lesson(name: str, clip: Path, folder: Path) -> Job:
    """Return a job that is soon done."""
    return Job(
        source=clip,
        output_dir=folder / "out",
        slug=name,
        encoding=EncodingRequest(preset="ultrafast"),
        make_mp4=False,
        upload=UploadRequest(prefix=f"tests/list/{name}/"),
    )


def until(process: subprocess.Popen[str], event: str, *jobs: str) -> None:
    """Read what a program says until it has told this event of each of these jobs."""
    left = set(jobs)
    for line in process.stdout:
        told = json.loads(line)
        if told["event"] == event:
            left.discard(told["job"])
        if not left:
            return
    raise AssertionError(f"it ended without {event} of {left}: {process.stderr.read()}")


def test_a_list_outlives_the_program_that_runs_it(tmp_path, clip, own_data, store, backend_config):
    """Two are encoded; one is held and the next takes its place; the program is killed. The next one goes on in the
    list's order as it is then, with what was added meanwhile, and each is published.
    """
    held, backend_url = held_ffmpeg(tmp_path / "held"), backend_config.backend.url
    ids = store.listed.add([lesson(name, clip, tmp_path) for name in "abc"], backend_url=backend_url)
    killed = start(command("queue", "run", "--jobs", "2", "--json"), held.environment(own_data))
    try:
        until(killed, "phase_started", "a", "b")
        store.listed.hold([ids[1]])
        until(killed, "job_finished", "b")
        ids += store.listed.add([lesson("d", clip, tmp_path)], backend_url=backend_url)
        until(killed, "phase_started", "c")
    finally:
        left = psutil.Process(killed.pid).children(recursive=True)
        killed.send_signal(signal.SIGKILL)
        killed.communicate()
    assert [] == psutil.wait_procs(left, timeout=300)[1]
    assert [(True, "running"), (False, "held"), (True, "running"), (False, "waiting")] == [
        (row.left_behind, row.state.value) for row in store.listed.rows()
    ]
    store.listed.start([ids[1]])
    store.listed.move([ids[1]], before=ids[0])
    done = subprocess.run(
        command("queue", "run", "--jobs", "2", "--json"), env=own_data, capture_output=True, text=True, timeout=300
    )
    assert (0, "") == (done.returncode, done.stderr)
    lines = events(done.stdout)
    begun = [line["job"] for line in lines if line["event"] == "phase_started" and line["phase"] == "hls"]
    assert [["a", "b"], ["a", "b", "c", "d"]] == [sorted(begun[:2]), sorted(begun)]
    assert dict.fromkeys(NAMES, "done") == {
        line["job"]: line["outcome"] for line in lines if line["event"] == "job_finished"
    }
    assert ["b", "a", "c", "d"] == [row.slug for row in store.listed.rows() if row.state.value == "done"]
    addresses = {row.slug: row.report.master_url for row in store.listed.rows()}
    assert dict.fromkeys(NAMES, True) == {name: f"tests/list/{name}/" in url for name, url in addresses.items()}
