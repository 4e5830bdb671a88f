"""A run over the queue: its order, what is added, held, cancelled or started meanwhile, and what a stop leaves."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.batch import BatchCallbacks, RunContext, RunJob
from pipeline.cancel import CancelToken
from pipeline.errors import JobStoreError
from pipeline.events import Event, JobFinished, PhaseStarted
from pipeline.job import Existing, Job, UploadRequest
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.pending_rows import TakenRow
from pipeline.queue_run import QueueRun
from pipeline.queued_job import JobState, QueuedJob
from pipeline.scheduler import Capacity, Scheduler
from pipeline.source_address import parse_address

PATIENCE_S = 60.0
AWAY = "Cannot connect to the backend."


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Others' changes are looked for often; heartbeats come when a test says so."""
    monkeypatch.setattr("pipeline.pending_rows.LOOK_S", 0.01)
    monkeypatch.setattr("pipeline.own_claims.HEARTBEAT_S", 3600.0)
    monkeypatch.setattr("pipeline.pending_rows.QUEUE_PAUSES_S", (0.0, 0.0))


@pytest.fixture
def store(tmp_path) -> Iterator[JobStore]:
    """The queue."""
    with JobStore(tmp_path / "queue.sqlite3") as store:
        yield store


def lesson(name: str, *, upload: bool = False, folder: str = "out") -> Job:
    """Return the job of a lesson."""
    request = UploadRequest(prefix=f"{name}/") if upload else None
    top = Path("/videos").absolute()
    return Job(source=top / f"{name}.mp4", output_dir=top / folder, slug=name, upload=request)


class Run:
    """A run in a thread. Each job waits until the test lets it end, or it is cancelled; `ends` says how it ends."""

    def __init__(self, store: JobStore, *, at_once: int = 1, ends: Callable[[TakenRow, RunContext], JobReport], **more):
        self.begun: list[tuple[str, Existing]] = []
        self.uploading: list[str] = []
        self.finished: list[tuple[str, str]] = []
        self.passed: list[tuple[str, str]] = []
        self.said: list[str] = []
        self.cancel = CancelToken()
        self.now_s = 0.0
        self.reports: list[JobReport] = []
        self.error: BaseException | None = None
        self._ends = ends
        self._changed = threading.Condition()
        self._let: set[str] = set()
        self.queue = QueueRun(
            store,
            BatchCallbacks(prepare=self._prepare, skip=lambda row: pytest.fail("none is skipped"), show=self._show),
            at_once=at_once,
            scheduler=Scheduler(Capacity(most={})),
            cancel=self.cancel,
            warn=self.said.append,
            passed_over=lambda row, why: self.passed.append((row.slug, why)),
            clock=lambda: self.now_s,
            **more,
        )
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def let(self, *names: str) -> None:
        """Let jobs go on."""
        with self._changed:
            self._let.update(names)
            self._changed.notify_all()

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        end_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end_s and self._thread.is_alive()
            time.sleep(0.005)

    def has_begun(self, *names: str) -> None:
        """Wait until these were begun, in this order, and no other."""
        self.wait(lambda: len(self.begun) >= len(names))
        assert list(names) == [name for name, _ in self.begun]

    def end(self) -> list[tuple[str, str]]:
        """Wait for the end; return which jobs have ended how."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        assert len(self.finished) == len(self.reports)
        return self.finished

    def _work(self) -> None:
        try:
            self.reports = self.queue.run()
        except Exception as error:  # noqa: BLE001  # raised again in the test
            self.error = error

    def _prepare(self, row: TakenRow) -> RunJob | JobReport:
        self.begun.append((row.slug, row.job.existing))
        return lambda context: self._run(row, context)

    def _run(self, row: TakenRow, context: RunContext) -> JobReport:
        with context.cancel.on_cancel(lambda: self.let()):
            if row.upload is not None and context.uploads:
                context.sink(PhaseStarted(job=row.slug, phase=PhaseName.UPLOAD, overall=0.9))
                self.uploading.append(row.slug)
            with self._changed:
                assert self._changed.wait_for(lambda: row.slug in self._let or context.cancel.cancelled, PATIENCE_S)
        return report(row, Outcome.CANCELLED) if context.cancel.cancelled else self._ends(row, context)

    def _show(self, row: TakenRow, event: Event) -> None:
        if isinstance(event, JobFinished):
            self.finished.append((row.id, event.report.outcome.value))


def report(row: TakenRow, outcome: Outcome = Outcome.DONE, **fields: object) -> JobReport:
    """Return how a row went."""
    return JobReport(slug=row.slug, source=row.job.source, folder=row.job.folder, outcome=outcome, **fields)


@pytest.fixture
def run(store) -> Iterator[Callable[..., Run]]:
    """Return a function that starts a run; none goes on behind the test."""
    runs: list[Run] = []

    def start(*, ends: Callable[[TakenRow, RunContext], JobReport] = lambda row, _: report(row), **options) -> Run:
        runs.append(Run(store, ends=ends, **options))
        return runs[-1]

    yield start
    for one in runs:
        one.cancel.cancel()
        one._thread.join(PATIENCE_S)


def states(store: JobStore) -> dict[str, str]:
    """Return the states of all rows by their slugs."""
    return {row.slug: row.state.value for row in store.listed.rows()}


def test_a_list_that_changes_while_it_is_run(store, run):
    """What is added or started comes in its turn, what is held is passed over, what failed stops nothing."""
    a, b, c = store.listed.add([lesson(name) for name in "abc"])
    one = run(ends=lambda row, _: report(row, Outcome.FAILED if row.slug == "a" else Outcome.DONE))
    one.has_begun("a")
    store.listed.hold([b])
    (d,) = store.listed.add([lesson("d")])
    store.listed.move([d], before=c)
    one.let("a")
    one.has_begun("a", "d")
    store.listed.start([b])
    one.let("b", "d", "c")
    assert [(a, "failed"), (d, "done"), (b, "done"), (c, "done")] == one.end()
    assert ["failed", "done", "done", "done"] == [report.outcome.value for report in one.reports]


def test_a_run_that_waits_for_its_last_job_takes_what_comes(store, run):
    """Also where another process adds it."""
    store.listed.add([lesson("a")])
    one = run(at_once=2)
    one.has_begun("a")
    store.add([lesson("b")])
    one.has_begun("a", "b")
    one.let("a", "b")
    assert 2 == len(one.end())


def test_what_comes_when_the_last_job_ends_is_not_left(store, run):
    """Though nothing was there a moment ago."""
    store.listed.add([lesson("a")])

    def ends(row: TakenRow, _: RunContext) -> JobReport:
        if row.slug == "a":
            store.listed.add([lesson("b")])
        return report(row)

    one = run(at_once=2, ends=ends)
    one.wait(lambda: one.queue._rows.others_have_all)
    one.let("a", "b")
    assert 2 == len(one.end())


def test_a_row_that_is_held_and_started_at_once_is_not_begun_twice(store, run):
    """It ends first, as its folder is still written to, and is begun again then."""
    (id,) = store.listed.add([lesson("a")])
    one = run(at_once=3)
    one.has_begun("a")
    store.listed.hold([id])
    store.listed.start([id])
    store.listed.add([lesson("b")])
    one.has_begun("a", "b")
    one.wait(lambda: one.queue._rows.others_have_all)
    one.has_begun("a", "b")
    one.queue.look()
    one.has_begun("a", "b", "a")
    one.let("a", "b")
    assert [(id, "cancelled"), (id, "done")] == [end for end in one.end() if end[0] == id]


def test_two_videos_of_one_name_are_told_apart(store, run):
    """Their events come with their rows."""
    ids = store.listed.add([lesson("a"), lesson("a", folder="other")])
    one = run()
    one.let("a")
    assert [(ids[0], "done"), (ids[1], "done")] == one.end()


def test_a_row_is_held_cancelled_or_goes_on(store, run):
    """While it runs: it stops, and the others go on; the held one goes on with what it has when it is started."""
    held, cancelled, other = store.listed.add([lesson(name) for name in "abc"])
    one = run(at_once=3)
    one.has_begun("a", "b", "c")
    store.listed.hold([held])
    store.cancel(cancelled)
    one.queue.look()
    one.wait(lambda: 2 == len(one.finished))
    assert {"a": "held", "b": "cancelled", "c": "running"} == states(store)
    store.listed.start([held])
    one.wait(lambda: 4 == len(one.begun))
    one.let("a", "c")
    assert [(held, "cancelled"), (cancelled, "cancelled")] == sorted(one.end()[:2], key=lambda end: end[0] != held)
    assert {(held, "done"), (other, "done")} == set(one.finished[2:])
    assert [("a", Existing.ASK), ("a", Existing.RESUME)] == [begun for begun in one.begun if begun[0] == "a"]


def test_the_next_is_encoded_while_one_uploads(store, run):
    """One at a time is converted; uploads do not count."""
    store.listed.add([lesson("a", upload=True), lesson("b"), lesson("c")])
    one = run()
    one.has_begun("a", "b")
    assert (["a"], {"a": "running", "b": "running", "c": "waiting"}) == (one.uploading, states(store))
    one.let("a", "b", "c")
    assert 3 == len(one.end())


def test_without_overlap_one_comes_after_another(store, run):
    """Its upload, too."""
    store.listed.add([lesson("a", upload=True), lesson("b")])
    one = run(overlaps=False)
    one.wait(lambda: ["a"] == one.uploading)
    assert {"a": "running", "b": "waiting"} == states(store)
    one.let("a", "b")
    assert 2 == len(one.end())


def test_a_run_that_is_stopped_leaves_its_rows_waiting(store, run):
    """Nothing is cancelled in the queue, and the next run goes on with it."""
    ids = store.listed.add([lesson("a"), lesson("b")])
    one = run()
    one.has_begun("a")
    one.cancel.cancel()
    assert ([(ids[0], "cancelled")], {"a": "waiting", "b": "waiting"}) == (one.end(), states(store))
    again = run()
    again.let("a", "b")
    again.end()
    assert [("a", Existing.RESUME), ("b", Existing.ASK)] == again.begun


def test_this_one_is_finished_and_then_it_stops(store, run):
    """No other begins, though there is room."""
    ids = store.listed.add([lesson("a"), lesson("b")])
    one = run()
    one.has_begun("a")
    one.queue.finish_then_stop()
    store.listed.add([lesson("c")])
    one.let("a", "b", "c")
    assert ([(ids[0], "done")], {"a": "done", "b": "waiting", "c": "waiting"}) == (one.end(), states(store))


def test_only_what_is_selected(store, run):
    """And what is selected later."""
    ids = store.listed.add([lesson(name) for name in "abcd"])
    one = run(only=[ids[1]])
    one.has_begun("b")
    one.queue.include([ids[3]])
    one.let("b", "d")
    assert [(ids[1], "done"), (ids[3], "done")] == one.end()
    assert {"a": "waiting", "b": "done", "c": "waiting", "d": "done"} == states(store)


def test_what_this_process_cannot_do_is_left_to_others(store, run):
    """It is said once, and the row is as it was."""
    store.listed.add([lesson("a"), lesson("b"), lesson("c")])
    store._file._connection.execute("UPDATE jobs SET job = '{\"schema\": 99}' WHERE slug = 'c'")
    one = run(why_not=lambda row: "Another backend." if row.slug == "a" else "")
    one.let("b")
    one.end()
    (a, c) = [row for row in store.listed.rows() if row.slug != "b"]
    assert [(JobState.WAITING, 0)] * 2 == [(row.state, row.tries) for row in (a, c)]
    assert [("a", "Another backend."), ("c", True)] == [
        (slug, why if slug == "a" else "has schema 99" in why) for slug, why in one.passed
    ]


def away(row: TakenRow, context: RunContext) -> JobReport:
    """Uploads fail, as the backend is away."""
    if row.upload is None or not context.uploads:
        return report(row)
    return report(row, Outcome.FAILED, error=AWAY, backend_unreachable=True)


def parked(store: JobStore, run: Callable[..., Run]) -> tuple[str, Run]:
    """Return a row that waits for its backend, and a run in which another row runs."""
    waits, _ = store.listed.add([lesson("a", upload=True), lesson("b")])
    one = run(ends=away, patience_s=100.0)
    one.let("a")
    one.wait(lambda: states(store) == {"a": "parked", "b": "running"})
    return waits, one


@pytest.mark.parametrize("how", ["hold", "cancel"])
def test_a_parked_row_is_held_or_cancelled(store, run, how):
    """It ends here at once, though it would be tried again later."""
    waits, one = parked(store, run)
    store.cancel(waits) if how == "cancel" else store.listed.hold([waits])
    one.wait(lambda: [(waits, "cancelled")] == one.finished)
    one.let("b")
    assert 2 == len(one.end())
    assert [{"hold": JobState.HELD, "cancel": JobState.CANCELLED}[how]] == [row.state for row in store.of([waits])]


def test_a_parked_row_that_is_started_is_tried_at_once(store, run):
    """Its time has not come yet: somebody knows that the backend is back."""
    _, one = parked(store, run)
    tries = len(one.uploading)
    one._ends = lambda row, _: report(row)
    store.listed.start([row.id for row in store.listed.rows()])
    one.wait(lambda: len(one.uploading) == tries + 1)
    one.let("b")
    one.end()
    assert {"a": "done", "b": "done"} == states(store)


def test_a_parked_row_stays_parked_where_the_run_stops_after_this_one(store, run):
    """The next run tries it at once, and goes on with what is there."""
    waits, one = parked(store, run)
    one.queue.finish_then_stop()
    one.let("b")
    assert (waits, "cancelled") in one.end()
    assert {"a": "parked", "b": "done"} == states(store)
    again = run()
    again.let("a")
    assert [(waits, "done")] == again.end()
    assert [("a", Existing.RESUME)] == again.begun


def test_a_bug_leaves_no_row_behind(store, run, monkeypatch):
    """The program lives on, and the row can be run again."""
    store.listed.add([lesson("a")])
    monkeypatch.setattr(Run, "_prepare", lambda self, row: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run().end()
    assert {"a": "waiting"} == states(store)


def test_a_queue_that_breaks_ends_the_run_after_what_runs(store, run):
    """With one sentence, which says what becomes of the rest; what runs is finished."""
    store.listed.add([lesson("a"), lesson("b")])
    one = run()
    one.has_begun("a")
    store._file._connection.execute("DROP TABLE jobs")
    one.let("a")
    assert ["done"] == [outcome for _, outcome in one.end()]
    assert 1 == len(one.said)
    assert one.said[0].endswith("What runs is finished, and what waits stays in the queue for the next run.")


def test_a_queue_that_is_locked_for_a_while_is_tried_again(store, run, monkeypatch):
    """Nothing is said, and all that waits is done."""
    ids = store.listed.add([lesson("a"), lesson("b")])
    claim, failures = store.claim_next, iter(["locked", "full"])

    def claim_next(*args, **options):
        for reason in failures:
            raise JobStoreError(reason)
        return claim(*args, **options)

    monkeypatch.setattr(store, "claim_next", claim_next)
    one = run()
    one.let("a", "b")
    assert ([(ids[0], "done"), (ids[1], "done")], []) == (one.end(), one.said)


def test_a_parked_row_says_that_the_queue_is_gone(store, run):
    """It ends here, and nobody has cancelled it."""
    waits, one = parked(store, run)
    store._file._connection.execute("DROP TABLE jobs")
    one.now_s = 1e6
    one.wait(lambda: (waits, "cancelled") in one.finished)
    one.let("b")
    one.end()
    assert ["The queue can't be used: the upload waits there for the next run.", ""] == [
        report.error for report in one.reports
    ]


def test_a_signed_address_is_whole_in_the_process_that_was_given_it(store, run):
    """It is not in the file."""
    address = parse_address("https://videos.example/a.mp4?X-Amz-Signature=secret")
    jobs: list[str] = []
    store.listed.add([Job(source=Path("a.mp4"), output_dir=Path("/out"), slug="a", address=address)])

    def why_not(row: QueuedJob) -> str:
        jobs.append(row.job_text)
        return ""

    one = run(ends=lambda row, _: jobs.append(row.job.address.query) or report(row), why_not=why_not)
    one.let("a")
    one.end()
    assert (False, "X-Amz-Signature=secret") == ("secret" in jobs[0], jobs[1])
