"""A job alone, as the window runs it, that other processes may have, too."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pipeline.batch_callbacks import RunContext
from pipeline.cancel import CancelToken
from pipeline.events import Event, JobFinished, LogLine
from pipeline.job import Existing, Job
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome
from pipeline.queued_job import JobState
from pipeline.single_job import run_single

OTHER = JobOwner(machine="desk-2", pid=7, started="1")
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Others are looked at often."""
    monkeypatch.setattr("pipeline.batch_pending.OTHERS_S", 0.01)
    monkeypatch.setattr("pipeline.own_claims.HEARTBEAT_S", 0.01)
    monkeypatch.setattr("pipeline.batch.LOOK_S", 0.01)


@pytest.fixture
def store(tmp_path) -> Iterator[JobStore]:
    """The queue, as another process sees it."""
    with JobStore(tmp_path / "queue.sqlite3") as store:
        yield store


def report(job: Job, outcome: Outcome = Outcome.DONE, error: str = "") -> JobReport:
    """Return how a job went."""
    return JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, error=error)


@pytest.fixture
def start(job, tmp_path):
    """Return a function that runs the job in a thread and returns it; what comes of it goes into the lists."""

    def begin(run: Callable[[Job, RunContext], JobReport], events: list[Event], reports: list[JobReport], cancel=None):
        def work() -> None:
            place = {"data_dir": tmp_path, "backend_url": "https://b.example", "warn": events.append}
            reports.append(run_single(job, run, events.append, cancel or CancelToken(), **place))

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    return begin


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


@pytest.mark.parametrize("outcome", list(Outcome), ids=lambda one: one.value)
def test_it_has_its_place_in_the_queue(job, store, start, outcome):
    """While it runs, and with its report afterwards; the last event is the one that tells its end."""
    seen, events, reports = [], [], []

    def run(asked: Job, context: RunContext) -> JobReport:
        seen.extend((one.slug, one.state, one.backend_url) for one in store.all())
        context.sink(JobFinished(report=report(asked, outcome)))
        return report(asked, outcome)

    start(run, events, reports).join(PATIENCE_S)
    assert [("lesson", JobState.RUNNING, "https://b.example")] == seen
    assert [report(job, outcome)] == reports == [one.report for one in store.all()]
    assert [JobFinished(report=report(job, outcome))] == events


@pytest.mark.parametrize("by_editor", [True, False], ids=["here", "in the queue"])
def test_it_is_cancelled_by_its_editor_or_in_the_queue(store, start, by_editor):
    """Either way its token is raised; the queue's cancelling raises no other."""
    cancel, reports = CancelToken(), []

    def run(asked: Job, context: RunContext) -> JobReport:
        if by_editor:
            cancel.cancel()
        else:
            store.cancel(store.all()[0].id)
        assert context.cancel._event.wait(PATIENCE_S)
        return report(asked, Outcome.CANCELLED)

    start(run, [], reports, cancel).join(PATIENCE_S)
    assert ([Outcome.CANCELLED], by_editor) == ([one.outcome for one in reports], cancel.cancelled)


@pytest.fixture
def theirs(store, job):
    """The same job, which another process has."""
    (id_,) = store.add([job], wanted_by=OTHER)
    return store.claim([id_], OTHER)


def test_what_another_process_has_is_waited_for(job, store, start, theirs):
    """It says who has it; that one's result is its own, and it is not run again."""
    events, reports = [], []
    thread = start(lambda asked, context: pytest.fail("it is run"), events, reports)
    wait_for(lambda: events)
    where = "Another process works on lesson (desk-2, process 7); its result is waited for."
    assert [where] == [event.text for event in events if isinstance(event, LogLine)]
    store.finish(theirs.id, OTHER, report(job, Outcome.FAILED, "It broke."))
    thread.join(PATIENCE_S)
    assert [report(job, Outcome.FAILED, "It broke.")] == reports
    assert JobFinished(report=reports[0]) == events[-1]


def test_what_another_process_leaves_is_gone_on_with(job, store, start, theirs):
    """Nobody is asked then whether to go on."""
    asked, events, reports = [], [], []
    thread = start(lambda one, context: asked.append(one) or report(one), events, reports)
    wait_for(lambda: events)
    store.release(theirs.id, OTHER)
    thread.join(PATIENCE_S)
    assert [replace(job, existing=Existing.RESUME)] == asked
    assert [Outcome.DONE] == [one.outcome for one in reports]


def test_the_wait_for_another_process_can_be_cancelled(store, start, theirs):
    """At once, and the other goes on."""
    cancel, events, reports = CancelToken(), [], []
    thread = start(lambda asked, context: pytest.fail("it is run"), events, reports, cancel)
    wait_for(lambda: events)
    cancel.cancel()
    thread.join(PATIENCE_S)
    assert ([Outcome.CANCELLED], JobFinished) == ([one.outcome for one in reports], type(events[-1]))
    assert JobState.RUNNING is store.all()[0].state
