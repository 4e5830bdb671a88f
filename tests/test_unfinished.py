"""What earlier processes have left unfinished."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.events import JobFinished, PhaseFinished, PhaseProgress
from pipeline.job import Job, UploadJob, UploadRequest
from pipeline.job_owner import JobOwner
from pipeline.job_store import STORE_FILE, JobStore
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome
from pipeline.queued_job import JobState
from pipeline.unfinished import PROGRESS_FILE, forget_job, noted_percent, noting_progress, unfinished_jobs

GONE = replace(JobOwner.current(), started="before")
"""A process that had the number of this one."""


def lesson(number: int) -> Job:
    """Return a job."""
    return Job(source=Path(f"/videos/{number}.mp4"), output_dir=Path("/videos/out"), slug=f"lesson{number}")


def at(kept: float) -> PhaseProgress:
    """Return how much of a job is kept; it is further than that."""
    return PhaseProgress(job="lesson", phase=PhaseName.HLS, fraction=1.0, overall=0.95, kept=kept)


@pytest.fixture
def store(tmp_path):
    """The queue in `tmp_path`."""
    with JobStore(tmp_path / STORE_FILE) as opened:
        yield opened


def test_jobs_whose_process_is_gone(store, tmp_path):
    """Those in work, those that wait, and uploads alone are not among them; the latest comes first."""
    upload = UploadJob(folder=Path("/videos/out/lesson9"), upload=UploadRequest(prefix="videos/"))
    ids = store.add([lesson(1), lesson(2), lesson(3), lesson(4), upload])
    for id in (ids[0], ids[1], ids[4]):
        store.claim([id], GONE)
    store.claim([ids[2]], JobOwner.current())
    assert [(ids[1], 2), (ids[0], 1)] == [(one.id, int(one.job.source.stem)) for one in unfinished_jobs(tmp_path)]


def test_how_much_of_a_job_is_kept(store, tmp_path):
    """What it told last counts, rounded down, and of each job its own."""
    for number, kept in ((1, 0.4399), (2, 0.9)):
        store.claim(store.add([lesson(number)]), GONE)
        noting_progress(lambda _: None, lesson(number), tmp_path)(at(kept))
    assert [90, 43] == [one.percent for one in unfinished_jobs(tmp_path)]


def test_a_job_that_has_ended_leaves_no_note(tmp_path):
    """Whoever begins the same again begins at nothing."""
    passed, job = [], lesson(1)
    sink = noting_progress(passed.append, job, tmp_path)
    ended = JobFinished(report=JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.DONE))
    sink(at(0.5))
    noted = (tmp_path / PROGRESS_FILE).read_text(encoding="utf-8")
    sink(ended)
    assert ("50" in noted, "50" in (tmp_path / PROGRESS_FILE).read_text(encoding="utf-8")) == (True, False)
    assert [at(0.5), ended] == passed


def test_a_job_that_was_cancelled_may_go_on(tmp_path):
    """What is kept of it stays noted, and a step that was cut short adds nothing to it."""
    job = lesson(1)
    sink = noting_progress(lambda _: None, job, tmp_path)
    sink(PhaseFinished(job="lesson", phase=PhaseName.FETCH, outcome=PhaseOutcome.DONE, overall=0.12))
    sink(PhaseFinished(job="lesson", phase=PhaseName.HLS, outcome=PhaseOutcome.CANCELLED, overall=0.4))
    ended = JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.CANCELLED)
    sink(JobFinished(report=ended))
    assert [12] == list(noted_percent(tmp_path).values())


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"schema": 2, "percent": {}}'], ids=["half", "list", "later"])
def test_a_note_that_can_not_be_read(store, tmp_path, content):
    """The job is found all the same."""
    store.claim(store.add([lesson(1)]), GONE)
    (tmp_path / PROGRESS_FILE).write_bytes(content)
    assert [None] == [one.percent for one in unfinished_jobs(tmp_path)]


def test_forgetting(store, tmp_path):
    """It is cancelled in the queue; one that another process has taken meanwhile is not."""
    first, second = store.add([lesson(1), lesson(2)])
    store.claim([first], GONE)
    store.claim([second], JobOwner.current())
    forget_job(first, tmp_path)
    forget_job(second, tmp_path)
    assert [JobState.CANCELLED, JobState.RUNNING] == [one.state for one in store.of([first, second])]


@pytest.mark.parametrize("folder", [None, Path("nothing")], ids=["no folder", "no queue"])
def test_without_a_queue(tmp_path, folder):
    """Looking makes none."""
    data_dir = None if folder is None else tmp_path / folder
    assert () == unfinished_jobs(data_dir)
    assert [] == [*tmp_path.iterdir()]
