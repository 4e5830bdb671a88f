"""What `queue run` takes up, and what it says of the rest."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from cli.main import EXIT_DONE, EXIT_FAILED, run_command
from cli.queue_run import work_in
from config import BackendApi, Config
from pipeline.job import Existing, Job, UploadJob, UploadRequest
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.leases import LEASE_S

HERE = JobOwner.current()
GONE = replace(HERE, started="before")
ELSEWHERE = JobOwner(machine="desk-2", pid=7, started="1")
CONFIG = Config(backend=BackendApi(url="https://backend.example", token="t"))


@pytest.fixture
def store(tmp_path):
    """The queue."""
    with JobStore(tmp_path / "queue.sqlite3") as store:
        yield store


def lesson(folder: Path, number: int, upload: UploadRequest | None = None) -> Job:
    """Return the job of a lesson."""
    return Job(source=folder / f"{number}.mp4", output_dir=folder / "out", slug=f"lesson{number}", upload=upload)


def test_what_nobody_works_on_is_taken_up(store, tmp_path):
    """What was begun goes on with what is there; what another process has is its own."""
    waiting, left, running, parked, done = store.add([lesson(tmp_path, number) for number in range(5)])
    store.claim([left], GONE)
    store.claim([running], HERE)
    store.claim([parked], HERE)
    store.park(parked, HERE, until=time.time() + 3600, reason="No backend.")
    store.cancel(done)
    work = work_in(store.all(), CONFIG, time.time())
    resumed = {1: Existing.RESUME, 3: Existing.RESUME, 0: Existing.ASK}
    assert [replace(lesson(tmp_path, n), existing=resumed[n]) for n in (0, 1, 3)] == list(work.conversions)
    assert ((), ()) == (work.uploads, work.problems)
    assert waiting


def test_a_process_that_cannot_be_looked_at_keeps_its_job_while_it_is_heard(store, tmp_path):
    """A clock that was set back since counts as silence: whoever has it is asked again before it is taken."""
    store.claim(store.add([lesson(tmp_path, 1)]), ELSEWHERE)
    silent = [0.0, LEASE_S - 1, LEASE_S + 1]
    heard = store.all()[0].heard_at
    counts = [len(work_in(store.all(), CONFIG, heard + seconds).conversions) for seconds in silent]
    assert [0, 0, 1] == counts


def test_a_job_for_another_backend_waits_for_it(store, tmp_path):
    """It is said which; an upload of a folder is a job like any other."""
    upload = UploadRequest(prefix="videos/")
    (other,) = store.add([lesson(tmp_path, 1, upload)], backend_url="https://other.example")
    folder = UploadJob(folder=tmp_path / "out" / "x", upload=upload)
    store.add([folder, lesson(tmp_path, 2, upload)], backend_url=CONFIG.backend.url)
    work = work_in(store.all(), CONFIG, time.time())
    assert ((lesson(tmp_path, 2, upload),), (folder,)) == (work.conversions, work.uploads)
    assert (
        f"The job {other} (lesson1) is for https://other.example: set BACKEND_URL to it, or cancel the job.",
    ) == work.problems


def test_a_job_that_this_version_cannot_read_is_said(store, tmp_path):
    """And stays."""
    store.add([lesson(tmp_path, 1)])
    store._file._connection.execute("UPDATE jobs SET job = '{\"schema\": 99}'")
    work = work_in(store.all(), CONFIG, time.time())
    assert ((), True) == (work.conversions, "has schema 99" in work.problems[0])


def test_nothing_to_do(store, tmp_path, capsys):
    """A sentence, and exit 0."""
    assert EXIT_DONE == run_command(["queue", "run"], Config(data_dir=tmp_path))
    assert ("Nothing waits in the queue.\n", "") == capsys.readouterr()


def test_only_what_can_not_be_done_here(store, tmp_path, capsys):
    """A sentence each, and exit 1."""
    store.add([lesson(tmp_path, 1, UploadRequest(prefix="v/"))], backend_url="https://other.example")
    assert EXIT_FAILED == run_command(["queue", "run"], Config(data_dir=tmp_path))
    assert 1 == len(capsys.readouterr().err.splitlines())
