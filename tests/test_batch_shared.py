"""A batch whose jobs other processes may do, too: whose result counts, who takes up what is left, and lost jobs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.batch import BatchCallbacks, RunContext, run_batch
from pipeline.cancel import CancelToken
from pipeline.claims import Claims
from pipeline.engines.local import capacity_of
from pipeline.events import Event, JobFinished, LogLine, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.job import Existing, Job, UploadRequest, resumed
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.queued_job import JobState
from pipeline.scheduler import Scheduler

OTHER = JobOwner(machine="desk-2", pid=7, started="1")
PATIENCE_S = 60.0


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Others are looked at often, and heartbeats come when a test says so."""
    monkeypatch.setattr("pipeline.batch_pending.OTHERS_S", 0.01)
    monkeypatch.setattr("pipeline.own_claims.HEARTBEAT_S", 3600.0)


@pytest.fixture
def store(tmp_path) -> Iterator[JobStore]:
    """The queue, as another process sees it."""
    with JobStore(tmp_path / "queue.sqlite3") as store:
        yield store


@pytest.fixture
def jobs(tmp_path) -> list[Job]:
    """Three videos to be uploaded."""
    upload = UploadRequest(prefix="videos/")
    return [
        Job(source=tmp_path / f"{n}.mp4", output_dir=tmp_path / "out", slug=f"video{n}", upload=upload)
        for n in range(3)
    ]


def report(job: Job, outcome: Outcome = Outcome.DONE, **fields: object) -> JobReport:
    """Return how a job went."""
    return JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, **fields)


class Batch:
    """Runs a batch in a thread, over a queue of its own connection; `work` does a job."""

    def __init__(self, jobs: list[Job], file: Path, work: Callable[[RunContext], Outcome], at_once: int = 1) -> None:
        self.events: list[Event] = []
        self.prepared: list[Job] = []
        self.reports: list[JobReport] = []
        self.cancel = CancelToken()
        self.began: dict[str, RunContext] = {}
        self._jobs, self._work, self._at_once = jobs, work, at_once
        self._store = JobStore(file)
        self.claims = Claims(self._store, jobs, lambda text: None)
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> list[tuple[str, Outcome]]:
        """Wait for the end; return the outcomes, as they were shown and returned."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        shown = [(event.job, event.report.outcome) for event in self.events if isinstance(event, JobFinished)]
        returned = [(one.slug, one.outcome) for one in self.reports]
        assert sorted(shown) == sorted(returned)
        return returned

    def said(self) -> list[str]:
        """Return what was said of the jobs."""
        return [f"{event.job}: {event.text}" for event in self.events if isinstance(event, LogLine)]

    def _prepare(self, job: Job) -> Callable[[RunContext], JobReport]:
        self.prepared.append(job)

        def run(context: RunContext) -> JobReport:
            self.began[job.slug] = context
            return report(job, self._work(context), backend_unreachable=False)

        return run

    def _skip(self, job: Job) -> JobReport:
        skipped = report(job, Outcome.CANCELLED)
        self.events.append(JobFinished(report=skipped))
        return skipped

    def _run(self) -> None:
        front = BatchCallbacks(
            prepare=self._prepare,
            skip=self._skip,
            show=lambda job, event: self.events.append(event),
            resume=resumed,
        )
        with self._store, self.claims:
            self.reports = run_batch(
                self._jobs,
                front,
                at_once=self._at_once,
                scheduler=Scheduler(capacity_of(2)),
                cancel=self.cancel,
                claims=self.claims,
                patience_s=PATIENCE_S,
            )


def done(context: RunContext) -> Outcome:
    """Do a job."""
    return Outcome.DONE


def until_cancelled(context: RunContext) -> Outcome:
    """Work for as long as one may."""
    assert context.cancel._event.wait(PATIENCE_S)
    return Outcome.CANCELLED


def wait_for(condition: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def ids(store: JobStore) -> list[str]:
    """Return the ids in the order of the videos."""
    return [one.id for one in sorted(store.all(), key=lambda one: one.slug)]


@pytest.mark.parametrize("existing", [Existing.UPLOAD_AGAIN, Existing.RESUME])
def test_a_fresh_job_that_another_process_has_made_is_gone_on_with(store, jobs, tmp_path, existing):
    """It is not encoded anew: fresh is meant once for a job, whoever has it."""
    fresh = [replace(job, existing=Existing.FRESH) for job in jobs]
    batch = Batch(fresh, tmp_path / "queue.sqlite3", done)
    theirs = store.claim(ids(store)[:1], OTHER)
    store.set_existing(theirs.id, OTHER, existing)
    store.park(theirs.id, OTHER, until=0.0, reason="The backend can't be reached.")
    batch.start()
    batch.end()
    assert [existing, *[Existing.FRESH] * (len(jobs) - 1)] == [job.existing for job in batch.prepared]


def test_how_far_a_fresh_job_is_can_be_read_by_others(store, jobs, tmp_path):
    """While it runs: the process may be killed."""
    seen = []

    def work(context: RunContext) -> Outcome:
        def existing() -> Existing:
            return store.of(ids(store)[:1])[0].job.existing

        seen.append(existing())
        context.sink(PhaseStarted(job="a", phase=PhaseName.UPLOAD, overall=0.0))
        seen.append(existing())
        figures = TransferFigures(files_total=1, bytes_done=1, bytes_total=2)
        context.sink(PhaseProgress(job="a", phase=PhaseName.UPLOAD, fraction=0.5, overall=0.5, transfer=figures))
        seen.append(existing())
        return Outcome.DONE

    batch = Batch([replace(jobs[0], existing=Existing.FRESH)], tmp_path / "queue.sqlite3", work)
    batch.start()
    batch.end()
    assert [Existing.FRESH, Existing.UPLOAD_AGAIN, Existing.RESUME] == seen


@pytest.mark.parametrize("at_once", [1, 2])
def test_that_a_fresh_job_was_sent_in_part_stays_known(store, jobs, tmp_path, at_once):
    """Whoever goes on with it may end before it has sent more: the next one sends the rest, not all of it."""
    made, stored = [], []

    def prepare(job: Job) -> Callable[[RunContext], JobReport]:
        def run(context: RunContext) -> JobReport:
            is_away = not made and at_once > 1  # when it is checked
            made.append(context.is_made)
            if context.uploads and not is_away:
                context.sink(PhaseStarted(job=job.slug, phase=PhaseName.UPLOAD, overall=0.0))
            stored.append(store.of(ids(store)[:1])[0].job.existing)
            return report(job, Outcome.FAILED if is_away else Outcome.DONE, backend_unreachable=is_away)

        return run

    fresh = replace(jobs[0], existing=Existing.FRESH)
    batch = Batch([fresh], tmp_path / "queue.sqlite3", done, at_once)
    batch._prepare = prepare
    theirs = store.claim(ids(store)[:1], OTHER)
    store.set_existing(theirs.id, OTHER, Existing.RESUME)
    store.release(theirs.id, OTHER)
    batch.start()
    assert [("video0", Outcome.DONE)] == batch.end()
    assert {Existing.RESUME} == set(stored)
    assert [[False], [False, False, True]][at_once - 1] == made


def test_what_another_process_does_is_not_done_again(store, jobs, tmp_path):
    """Its result is this run's; meanwhile the others are done, and it is said who has it."""
    batch = Batch(jobs, tmp_path / "queue.sqlite3", done)
    theirs = store.claim(ids(store)[:1], OTHER)
    batch.start()
    wait_for(batch.said)
    assert ["video0: Another process works on video0 (desk-2, process 7); its result is waited for."] == batch.said()
    store.finish(theirs.id, OTHER, report(jobs[0], Outcome.FAILED, error="It broke."))
    assert [("video0", Outcome.FAILED), ("video1", Outcome.DONE), ("video2", Outcome.DONE)] == batch.end()
    assert (jobs[1:], "It broke.") == (batch.prepared, batch.reports[0].error)
    assert 1 == len(batch.said())


def test_what_another_process_leaves_is_taken_up(store, jobs, tmp_path):
    """Nobody is asked then whether to go on with it."""
    batch = Batch(jobs, tmp_path / "queue.sqlite3", done)
    theirs = store.claim(ids(store)[:1], OTHER)
    batch.start()
    wait_for(batch.said)
    store.release(theirs.id, OTHER)
    assert [(f"video{n}", Outcome.DONE) for n in range(3)] == batch.end()
    assert [Existing.ASK, Existing.ASK, Existing.RESUME] == [job.existing for job in batch.prepared]
    assert {JobState.DONE} == {one.state for one in store.all()}


def test_a_job_that_is_cancelled_in_the_queue_stops(store, jobs, tmp_path):
    """The others go on."""
    batch = Batch(
        jobs,
        tmp_path / "queue.sqlite3",
        lambda context: (until_cancelled if context.turn.order == 0 else done)(context),
    )
    batch.start()
    wait_for(lambda: "video0" in batch.began)
    store.cancel(ids(store)[0])
    batch.claims.beat()
    assert [("video0", Outcome.CANCELLED), ("video1", Outcome.DONE), ("video2", Outcome.DONE)] == batch.end()
    assert ("Cancelled in the queue.", False) == (batch.reports[0].error, batch.cancel.cancelled)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_job_that_is_lost_to_another_process_has_the_others_result(store, jobs, tmp_path, at_once):
    """As after a sleep: what this run made of it counts no longer."""
    batch = Batch(
        jobs,
        tmp_path / "queue.sqlite3",
        lambda context: (until_cancelled if context.turn.order == 0 else done)(context),
        at_once,
    )
    batch.start()
    wait_for(lambda: "video0" in batch.began)
    lost = ids(store)[0]
    store._file._connection.execute("UPDATE jobs SET state = 'waiting' WHERE id = ?", (lost,))
    assert store.claim([lost], OTHER) is not None
    batch.claims.beat()
    wait_for(batch.said)
    store.finish(lost, OTHER, report(jobs[0], master_url="https://cdn.example/master.m3u8"))
    assert [(f"video{n}", Outcome.DONE) for n in range(3)] == batch.end()
    assert "https://cdn.example/master.m3u8" == batch.reports[0].master_url


def test_whoever_cancels_leaves_others_jobs_alone(store, jobs, tmp_path):
    """Ctrl-C here is the end of this run, and of what nobody else waits for."""
    batch = Batch(jobs, tmp_path / "queue.sqlite3", until_cancelled)
    store.claim(ids(store)[:1], OTHER)
    store.add(jobs[2:], wanted_by=OTHER)
    batch.start()
    wait_for(lambda: "video1" in batch.began)
    batch.cancel.cancel()
    assert [(f"video{n}", Outcome.CANCELLED) for n in range(3)] == batch.end()
    assert [JobState.RUNNING, JobState.CANCELLED, JobState.WAITING] == [one.state for one in store.of(ids(store))]


def test_a_run_that_only_waits_for_others_can_be_cancelled(store, jobs, tmp_path):
    """At once."""
    batch = Batch(jobs[:1], tmp_path / "queue.sqlite3", done)
    store.claim(ids(store), OTHER)
    batch.start()
    wait_for(batch.said)
    batch.cancel.cancel()
    assert [("video0", Outcome.CANCELLED)] == batch.end()
    assert JobState.RUNNING is store.all()[0].state


def test_a_job_whose_folder_the_one_before_still_holds_waits(store, jobs, tmp_path, monkeypatch):
    """A process that is suspended loses its job, but not its lock: the job is tried again, and fails nobody."""
    monkeypatch.setattr("pipeline.batch.IN_USE_PAUSE_S", 0.05)
    batch = Batch(jobs[:1], tmp_path / "queue.sqlite3", done)
    tried: list[Job] = []

    def prepare(job: Job) -> Callable[[RunContext], JobReport]:
        tried.append(job)
        held = report(job, Outcome.FAILED, error="Another works in it.", folder_in_use=True)
        return lambda context: held if len(tried) < 3 else report(job)

    batch._prepare = prepare
    theirs = store.claim(ids(store), OTHER)
    batch.start()
    wait_for(batch.said)
    store.release(theirs.id, OTHER)
    assert ([("video0", Outcome.DONE)], 3) == (batch.end(), len(tried))
    assert [JobState.DONE] == [one.state for one in store.all()]


def test_a_folder_that_somebody_else_holds_is_a_failure(store, jobs, tmp_path):
    """A program that shares no queue is at work in it: that is said, as ever."""
    batch = Batch(jobs[:1], tmp_path / "queue.sqlite3", done)
    batch._prepare = lambda job: lambda context: report(job, Outcome.FAILED, error="In use.", folder_in_use=True)
    batch.start()
    assert ([("video0", Outcome.FAILED)], "In use.") == (batch.end(), batch.reports[0].error)


def test_a_parked_upload_may_be_done_by_another(store, jobs, tmp_path, monkeypatch):
    """It is in the queue with its reason; who takes it up first has it."""
    monkeypatch.setattr("pipeline.batch_patience.PAUSES_S", (0.5,))
    taken: list[object] = []

    def away(context: RunContext) -> JobReport:
        return report(jobs[0], Outcome.FAILED if context.uploads else Outcome.DONE, backend_unreachable=context.uploads)

    batch = Batch(jobs[:2], tmp_path / "queue.sqlite3", done, at_once=2)
    run = batch._prepare

    def prepare(job: Job) -> Callable[[RunContext], JobReport]:
        if job.slug == "video0":
            return lambda context: replace(away(context), error="No backend." if context.uploads else "")
        inner = run(job)

        def held(context: RunContext) -> JobReport:
            wait_for(lambda: taken)
            return inner(context)

        return held

    batch._prepare = prepare
    batch.start()
    first = ids(store)[0]
    wait_for(lambda: store.of([first])[0].state is JobState.PARKED)
    assert "No backend." == store.of([first])[0].reason
    taken.append(store.claim([first], OTHER, early=True))
    wait_for(lambda: any("Another process" in text for text in batch.said()))
    store.finish(first, OTHER, report(jobs[0]))
    assert [("video0", Outcome.DONE), ("video1", Outcome.DONE)] == batch.end()


def test_a_parked_upload_is_tried_before_its_time_when_another_got_through(jobs, tmp_path, monkeypatch):
    """The queue still says when it would have been; it is this run's as before."""
    monkeypatch.setattr("pipeline.batch_patience.PAUSES_S", (3600.0,))
    parked = threading.Event()
    batch = Batch(jobs[:2], tmp_path / "queue.sqlite3", done, at_once=2)
    tries: list[bool] = []

    def prepare(job: Job) -> Callable[[RunContext], JobReport]:
        def away_once(context: RunContext) -> JobReport:
            if context.uploads:
                tries.append(True)
            is_away = context.uploads and len(tries) == 1
            return report(job, Outcome.FAILED if is_away else Outcome.DONE, backend_unreachable=is_away)

        def later(context: RunContext) -> JobReport:
            assert parked.wait(PATIENCE_S)
            return report(job)

        return away_once if job.slug == "video0" else later

    batch._prepare = prepare
    batch.start()
    with JobStore(tmp_path / "queue.sqlite3") as store:
        wait_for(lambda: JobState.PARKED in {one.state for one in store.all()})
    parked.set()
    assert [("video0", Outcome.DONE), ("video1", Outcome.DONE)] == batch.end()
