"""Many jobs in one call: their order, how many run at once, and uploads that wait for their backend."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.batch import GONE, LATER, BatchCallbacks, RunContext, run_batch
from pipeline.cancel import CancelToken
from pipeline.engines.local import capacity_of
from pipeline.events import Event, JobFinished, LogLevel, LogLine, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.job import Existing, Job, UploadRequest
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.plan import make_plan
from pipeline.scheduler import Scheduler, Turn

PATIENCE_S = 60.0
AWAY = "Cannot connect to the backend."
WAITS = "The upload of this video waits and goes on by itself; other videos come first."


def _jobs(count: int, *, upload: bool = False) -> list[Job]:
    request = UploadRequest(prefix="videos/", language="en") if upload else None
    return [
        Job(source=Path(f"{n}.mp4"), output_dir=Path("out"), slug=f"video{n}", qualities=None, upload=request)
        for n in range(count)
    ]


def _report(job: Job, outcome: Outcome = Outcome.DONE, **more: object) -> JobReport:
    return JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, **more)


class _Batch:
    """Runs a batch in a thread; `run` decides what becomes of each context."""

    def __init__(
        self,
        jobs: list[Job],
        run: Callable[[Job, RunContext], JobReport],
        *,
        at_once: int = 2,
        patience_s: float = 0.0,
        refuse: str = "",
    ) -> None:
        self.events: list[Event] = []
        self.prepared: list[str] = []
        self.ended: list[str] = []
        self.cancel = CancelToken()
        self.now_s = 0.0
        self.reports: list[JobReport] = []
        self.error: BaseException | None = None
        self._run = run
        self._refuse = refuse
        self._thread = threading.Thread(target=self._work, args=(jobs, at_once, patience_s))
        self._thread.start()

    def end(self) -> list[JobReport]:
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("job-")]
        if self.error is not None:
            raise self.error
        return self.reports

    def _work(self, jobs: list[Job], at_once: int, patience_s: float) -> None:
        try:
            self.reports = run_batch(
                jobs,
                BatchCallbacks(
                    prepare=self._prepare,
                    skip=lambda job: _report(job, Outcome.CANCELLED),
                    show=lambda job, event: self.events.append(event),
                    ended=lambda report: self.ended.append(report.slug),
                ),
                at_once=at_once,
                scheduler=Scheduler(capacity_of(2)),
                cancel=self.cancel,
                patience_s=patience_s,
                clock=lambda: self.now_s,
            )
        except RuntimeError as error:
            self.error = error

    def _prepare(self, job: Job) -> Callable[[RunContext], JobReport] | JobReport:
        self.prepared.append(job.slug)
        if job.slug == self._refuse:
            return _report(job, Outcome.FAILED)

        def run(context: RunContext) -> JobReport:
            report = self._run(job, context)
            context.sink(JobFinished(report=report))
            return report

        return run

    def finished(self) -> list[str]:
        return [event.job for event in self.events if isinstance(event, JobFinished)]


def _waits(batch: _Batch) -> list[str]:
    lines = [event for event in batch.events if isinstance(event, LogLine) and event.level is LogLevel.WAITING]
    return [f"{event.job}: {event.text}" for event in lines]


def _wait_for(condition: Callable[[], bool]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(0.005)


def _uploads(job: Job, context: RunContext) -> None:
    context.sink(PhaseStarted(job=job.slug, phase=PhaseName.UPLOAD, overall=0.9))


def _sends(job: Job, context: RunContext, sent_bytes: int, confirmed_bytes: int) -> None:
    figures = TransferFigures(bytes_done=sent_bytes, bytes_total=100, bytes_confirmed=confirmed_bytes)
    event = PhaseProgress(job=job.slug, phase=PhaseName.UPLOAD, fraction=0.1, overall=0.9, transfer=figures)
    context.sink(event)


class _Gate:
    """Lets each job wait until the test lets it go on."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._arrived: list[str] = []
        self._let: set[str] = set()

    def wait(self, name: str) -> None:
        with self._changed:
            self._arrived.append(name)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: name in self._let, PATIENCE_S)

    def arrived(self, *names: str) -> list[str]:
        """Return who has come, once all of these have."""
        with self._changed:
            assert self._changed.wait_for(lambda: set(names) <= set(self._arrived), PATIENCE_S)
            return list(self._arrived)

    def let(self, *names: str) -> None:
        with self._changed:
            self._let.update(names)
            self._changed.notify_all()


@pytest.fixture
def gate() -> Iterator[_Gate]:
    """A gate that is open after the test, whatever happens in it."""
    gate = _Gate()
    yield gate
    gate.let(*(f"video{n}" for n in range(9)))


def test_so_many_at_once_and_the_reports_in_order(gate):
    """The third begins when one of the first two has ended; whoever ends first, its report has its job's place."""

    def run(job: Job, context: RunContext) -> JobReport:
        gate.wait(job.slug)
        return _report(job)

    batch = _Batch(_jobs(3), run)
    assert ["video0", "video1"] == sorted(gate.arrived("video0", "video1"))
    gate.let("video1")
    gate.arrived("video2")
    gate.let("video2", "video0")
    assert ["video0", "video1", "video2"] == [report.slug for report in batch.end()]
    assert "video1" == batch.finished()[0] == batch.ended[0]


def test_one_at_a_time_is_one_after_another(gate):
    """Each is prepared when the one before has ended, its upload too: that waits for its backend, and is not parked."""
    attempts: list[tuple[str, bool, bool]] = []

    def run(job: Job, context: RunContext) -> JobReport:
        attempts.append((job.slug, context.uploads, context.parks))
        if not context.uploads:
            return _report(job)
        _uploads(job, context)
        gate.wait(job.slug)
        return _report(job, Outcome.FAILED, error=AWAY, backend_unreachable=True)

    batch = _Batch(_jobs(2, upload=True), run, at_once=1)
    gate.arrived("video0")
    assert ["video0"] == batch.prepared
    gate.let("video0", "video1")
    assert [(Outcome.FAILED, AWAY)] * 2 == [(report.outcome, report.error) for report in batch.end()]
    assert [("video0", True, False), ("video1", True, False)] == attempts
    assert ["video0", "video1"] == batch.finished()
    assert [] == [event for event in batch.events if isinstance(event, LogLine)]


def test_an_upload_holds_up_no_encode(gate):
    """A job that uploads does not count among those that are made."""

    def run(job: Job, context: RunContext) -> JobReport:
        _uploads(job, context)
        gate.wait(job.slug)
        return _report(job)

    batch = _Batch(_jobs(4, upload=True), run)
    gate.arrived("video0", "video1", "video2", "video3")
    gate.let("video0", "video1", "video2", "video3")
    assert [Outcome.DONE] * 4 == [report.outcome for report in batch.end()]


def test_a_job_that_is_refused_or_fails_stops_no_other():
    """Each has its own report."""
    batch = _Batch(
        _jobs(4),
        lambda job, context: _report(job, Outcome.FAILED if job.slug == "video2" else Outcome.DONE),
        refuse="video1",
    )
    outcomes = [report.outcome for report in batch.end()]
    assert [Outcome.DONE, Outcome.FAILED, Outcome.FAILED, Outcome.DONE] == outcomes


def test_one_token_ends_all(gate):
    """Those that run are told, those that have not begun are skipped."""

    def run(job: Job, context: RunContext) -> JobReport:
        gate.wait(job.slug)
        return _report(job, Outcome.CANCELLED if context.cancel.cancelled else Outcome.DONE)

    batch = _Batch(_jobs(3), run)
    gate.arrived("video0", "video1")
    batch.cancel.cancel()
    gate.let("video0", "video1")
    assert [Outcome.CANCELLED] * 3 == [report.outcome for report in batch.end()]
    assert ["video0", "video1"] == batch.prepared


def test_a_bug_ends_the_batch_and_is_raised():
    """No thread goes on behind it."""

    def run(job: Job, context: RunContext) -> JobReport:
        raise RuntimeError("a bug")

    with pytest.raises(RuntimeError, match="a bug"):
        _Batch(_jobs(3), run).end()


class _Backend:
    """What attempts meet: a backend that is away until `is_back`, and folders that are made once."""

    def __init__(self) -> None:
        self.is_back = threading.Event()
        self.made: list[str] = []
        self.sent: list[str] = []
        self.tried = threading.Event()

    def run(self, job: Job, context: RunContext) -> JobReport:
        if context.uploads:
            if not self.is_back.is_set():
                if job.slug in self.made:
                    self.tried.set()
                return _report(job, Outcome.FAILED, error=AWAY, backend_unreachable=True)
            self.sent.append(job.slug)
        elif job.slug not in self.made:
            self.made.append(job.slug)
        return _report(job)


def test_a_backend_that_is_away_parks_uploads():
    """All are converted meanwhile, each says once that it waits, and each has one JobFinished."""
    backend = _Backend()
    batch = _Batch(_jobs(3, upload=True), backend.run, patience_s=100.0)
    assert backend.tried.wait(PATIENCE_S)
    assert ["video0", "video1", "video2"] == sorted(backend.made)
    assert [] == batch.finished()
    backend.is_back.set()
    batch.now_s = 50.0
    assert [Outcome.DONE] * 3 == [report.outcome for report in batch.end()]
    assert ["video0", "video1", "video2"] == sorted(backend.sent) == sorted(batch.finished())
    waits = [event.job for event in batch.events if isinstance(event, LogLine) and event.level is LogLevel.WAITING]
    assert ["video0", "video1", "video2"] == sorted(waits)


def test_an_upload_whose_backend_goes_away_is_parked(gate):
    """What it has made is kept, and not made again; those that come later say why they wait, but not its failure."""
    contexts: list[RunContext] = []
    is_back = threading.Event()
    away = {"error": "A file of video0 failed.", "backend_unreachable": True}

    def run(job: Job, context: RunContext) -> JobReport:
        if job.slug == "video0":
            contexts.append(context)
            _uploads(job, context)
        if context.uploads:
            gate.wait(job.slug)
        if job.slug in ("video1", "video2"):
            return _report(job, Outcome.FAILED, error="Damaged.")
        return _report(job) if is_back.is_set() or not context.uploads else _report(job, Outcome.FAILED, **away)

    batch = _Batch(_jobs(4, upload=True), run, patience_s=100.0)
    gate.arrived("video0", "video1", "video2")
    gate.let("video0")
    _wait_for(lambda: _waits(batch) == [f"video0: {GONE} {WAITS}"])
    gate.let("video1", "video3")
    _wait_for(lambda: _waits(batch)[1:] == [f"video3: {GONE} {WAITS}"])
    is_back.set()
    gate.let("video2")
    batch.now_s = 50.0
    outcomes = [report.outcome for report in batch.end()]
    assert [Outcome.DONE, Outcome.FAILED, Outcome.FAILED, Outcome.DONE] == outcomes
    assert [(True, False), (True, True)] == [(one.uploads, one.is_made) for one in contexts]
    assert {(True, 0.0)} == {(one.parks, one.away_s) for one in contexts}


@pytest.mark.parametrize("upload", [False, True])
def test_a_video_whose_source_goes_away_is_parked(gate, upload):
    """Others go on meanwhile, also with their uploads; it is fetched when the server is back."""
    is_back = threading.Event()
    tried: list[bool] = []
    gone = {"error": "The connection to the server broke off.", "backend_unreachable": True}

    def run(job: Job, context: RunContext) -> JobReport:
        if job.slug == "video0":
            context.sink(PhaseStarted(job=job.slug, phase=PhaseName.FETCH, overall=0.0))
            tried.append(context.uploads)
            if not is_back.is_set():
                return _report(job, Outcome.FAILED, **gone)
            context.sink(PhaseStarted(job=job.slug, phase=PhaseName.HLS, overall=0.0))
        assert context.uploads
        gate.wait(job.slug)
        return _report(job)

    batch = _Batch(_jobs(3, upload=upload), run, patience_s=100.0)
    gate.arrived("video1", "video2")
    text = "video0: The connection to the server broke off. This video waits and goes on by itself; other videos come"
    assert [f"{text} first."] == _waits(batch)
    is_back.set()
    batch.now_s = 50.0
    gate.let("video0", "video1", "video2")
    assert [Outcome.DONE] * 3 == [report.outcome for report in batch.end()]
    assert {True} == set(tried)


def test_a_source_that_stays_away_ends_its_video():
    """With its own sentence, when patience is spent; it is not tried without the upload, as if that were the reason."""
    tried = []

    def run(job: Job, context: RunContext) -> JobReport:
        tried.append(context.uploads)
        context.sink(PhaseStarted(job=job.slug, phase=PhaseName.FETCH, overall=0.0))
        return _report(job, Outcome.FAILED, error="What has been fetched is kept.", backend_unreachable=True)

    batch = _Batch(_jobs(1), run, patience_s=0.0)
    (report,) = batch.end()
    assert (Outcome.FAILED, "What has been fetched is kept.") == (report.outcome, report.error)
    assert {True} == set(tried)


@pytest.mark.parametrize("ends", [Outcome.DONE, Outcome.CANCELLED])
def test_a_video_whose_source_is_back_is_converted_while_the_backend_is_away(ends):
    """Each run is judged by itself: the source was away in the first, and the backend when the second was checked."""
    contexts: list[RunContext] = []
    is_back = threading.Event()

    def run(job: Job, context: RunContext) -> JobReport:
        contexts.append(context)
        if len(contexts) == 1:
            context.sink(PhaseStarted(job=job.slug, phase=PhaseName.FETCH, overall=0.0))
            return _report(job, Outcome.FAILED, error="The source is away.", backend_unreachable=True)
        if context.uploads and not is_back.is_set():
            return _report(job, Outcome.FAILED, error=AWAY, backend_unreachable=True)
        return _report(job, warnings=() if context.uploads else ("It was converted.",))

    batch = _Batch(_jobs(1, upload=True), run, patience_s=100.0)
    _wait_for(lambda: len(_waits(batch)) > 1)
    source = "video0: The source is away. This video waits and goes on by itself; other videos come first."
    assert [source, f"video0: {AWAY} {WAITS}"] == _waits(batch)
    assert [(True, False), (True, False), (False, False)] == [(one.uploads, one.is_made) for one in contexts]
    (is_back.set if ends is Outcome.DONE else batch.cancel.cancel)()
    batch.now_s = 50.0
    (report,) = batch.end()
    assert ends is report.outcome
    assert (() if ends is Outcome.DONE else ("It was converted.",)) == report.warnings


def test_an_upload_that_waits_tells_nothing_of_a_source_that_was_away():
    """What is told in the end is of the run that made the video, not of a fetch that failed before it."""
    contexts: list[RunContext] = []

    def run(job: Job, context: RunContext) -> JobReport:
        contexts.append(context)
        phase = PhaseName.FETCH if len(contexts) == 1 else PhaseName.UPLOAD
        context.sink(PhaseStarted(job=job.slug, phase=phase, overall=0.0))
        warnings = ("The source is away.",) if phase is PhaseName.FETCH else ("It was converted.",)
        return _report(job, Outcome.FAILED, error=AWAY, warnings=warnings, backend_unreachable=True)

    batch = _Batch(_jobs(1, upload=True), run, patience_s=100.0)
    _wait_for(lambda: len(contexts) > 1)
    batch.now_s = 500.0
    (report,) = batch.end()
    assert (Outcome.FAILED, ("It was converted.",)) == (report.outcome, report.warnings)


@pytest.mark.parametrize(
    ("asked", "first", "later"),
    [
        (Existing.ASK, Existing.ASK, Existing.RESUME),
        (Existing.FRESH, Existing.FRESH, Existing.UPLOAD_AGAIN),
        (Existing.UPLOAD_AGAIN, Existing.UPLOAD_AGAIN, Existing.UPLOAD_AGAIN),
        (Existing.RESUME, Existing.RESUME, Existing.RESUME),
    ],
    ids=["ask", "fresh", "again", "resume"],
)
def test_what_a_run_has_made_is_not_made_again(job, media_info, asked, first, later):
    """A further try asks nobody whether to go on with the upload that the run itself has begun, and sends no file of it
    twice.
    """
    plan = make_plan(replace(job, upload=UploadRequest(prefix="videos/"), existing=asked), media_info())
    turn = Turn(scheduler=Scheduler(capacity_of(2)), order=0)
    begins = RunContext(turn=turn, uploads=False, sink=lambda event: None, cancel=CancelToken())
    goes_on = replace(begins, uploads=True, is_made=True)
    sends_the_rest = replace(goes_on, has_sent=True)
    expected = [first, later, Existing.RESUME]
    assert expected == [one.of(plan).job.existing for one in (begins, goes_on, sends_the_rest)]
    assert PhaseName.UPLOAD not in begins.of(plan).phases
    assert plan.phases == goes_on.of(plan).phases


def test_in_the_end_patience_is_spent():
    """Each that could not be sent says why, and what to do."""
    backend = _Backend()
    batch = _Batch(_jobs(3, upload=True), backend.run, patience_s=100.0)
    assert backend.tried.wait(PATIENCE_S)
    batch.now_s = 500.0
    reports = batch.end()
    assert [(Outcome.FAILED, f"{AWAY} {LATER}")] * 3 == [(report.outcome, report.error) for report in reports]


@pytest.mark.parametrize(
    ("steps", "ends"),
    [
        (((10, 10), (20, 20)), Outcome.DONE),
        (((10, 10), (10, 10)), Outcome.FAILED),
        (((90, 0),), Outcome.FAILED),
    ],
    ids=["further than before", "no further", "never confirmed"],
)
def test_patience_counts_from_the_last_sign_of_the_backend(gate, steps, ends):
    """An upload of which the store has more is one, whatever happened before; what is sent in vain is none."""
    contexts: list[RunContext] = []

    def run(job: Job, context: RunContext) -> JobReport:
        contexts.append(context)
        number = sum(one.uploads for one in contexts) - 2
        if not context.uploads or number == len(steps):
            return _report(job)
        if number >= 0:
            _uploads(job, context)
            _sends(job, context, *steps[number])
            gate.wait(f"video{number}")
        return _report(job, Outcome.FAILED, error=AWAY, backend_unreachable=True)

    batch = _Batch(_jobs(1, upload=True), run, patience_s=100.0)
    for number in range(len(steps)):
        gate.arrived(f"video{number}")
        batch.now_s += 500.0
        gate.let(f"video{number}")
    assert [ends] == [report.outcome for report in batch.end()]
    assert [False, False, False, True][: len(contexts)] == [one.has_sent for one in contexts[:4]]


def test_patience_counts_from_the_last_upload_that_ended_well(gate):
    """The others' backend was there until then."""
    tried: list[str] = []

    def run(job: Job, context: RunContext) -> JobReport:
        if not context.uploads:
            return _report(job)
        if context.is_made:
            tried.append(job.slug)
            if tried.count(job.slug) == 1:
                gate.wait(job.slug)
        is_there = tried.count(job.slug) == (1 if job.slug == "video1" else 2)
        return _report(job) if is_there else _report(job, Outcome.FAILED, error=AWAY, backend_unreachable=True)

    batch = _Batch(_jobs(2, upload=True), run, patience_s=100.0)
    gate.arrived("video0", "video1")
    batch.now_s = 500.0
    gate.let("video1")
    _wait_for(lambda: batch.ended == ["video1"])
    gate.let("video0")
    assert [Outcome.DONE] * 2 == [report.outcome for report in batch.end()]


def test_parked_uploads_can_be_cancelled():
    """At once: nothing waits for its time."""
    backend = _Backend()
    batch = _Batch(_jobs(2, upload=True), backend.run, patience_s=100.0)
    assert backend.tried.wait(PATIENCE_S)
    batch.cancel.cancel()
    assert [Outcome.CANCELLED] * 2 == [report.outcome for report in batch.end()]
    assert ["video0", "video1"] == sorted(batch.finished())
