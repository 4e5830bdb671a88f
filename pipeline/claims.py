"""The jobs of one run in the queue: claims one after another, keeps its claims, and reads how others' jobs ended.

If the queue can't be used any more, the run goes on without it: it does all jobs that are left, and says so once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import CodecError, JobStoreError
from pipeline.job import Existing, Job, UploadJob, once_made
from pipeline.job_store import IN_MEMORY, JobStore, queue_file
from pipeline.model import JobReport, Outcome
from pipeline.own_claims import WITHOUT_QUEUE, OwnClaims, TakenJob
from pipeline.queued_job import JobState, QueuedJob

DONE_ELSEWHERE = "Another process did this job, and this version can't read its report: run the command again."


class NoClaims:
    """Stands in for claims where no other process sees the jobs: all are this run's."""

    def take(self, orders: Sequence[int], *, early: bool = False) -> TakenJob | None:
        """Return the first."""
        return TakenJob(order=orders[0], cancel=CancelToken(), left_behind=False) if orders else None

    def finish(self, order: int, report: JobReport) -> bool:
        """Return True: no other process has the job."""
        return True

    def park(self, order: int, pause_s: float, reason: str) -> bool:
        """Return True: the job stays this run's."""
        return True

    def ended(self, orders: Sequence[int]) -> dict[int, JobReport]:
        """Return nothing: no other process ends any."""
        return {}

    def whereabouts(self, order: int) -> str:
        """Return an empty text: none waits for another process."""
        return ""


def open_store(data_dir: Path | None, warn: Callable[[str], None]) -> JobStore:
    """Open the queue; if it can't be used, call `warn` with the reason and return one in memory."""
    try:
        return JobStore(queue_file(data_dir))
    except JobStoreError as error:
        if data_dir is not None:  # a configuration without a folder wants nothing kept
            warn(f"{error} {WITHOUT_QUEUE}")
        return JobStore(IN_MEMORY)


class Claims:
    """The claims of one run, by the jobs' order in it. Thread-safe; never raises JobStoreError. A context manager."""

    def __init__(
        self, store: JobStore, jobs: Sequence[Job | UploadJob], warn: Callable[[str], None], *, backend_url: str = ""
    ) -> None:
        """Add the jobs to the queue; `warn` is called once if it can't be used."""
        self._store = store
        self._jobs = jobs
        self._own = OwnClaims(store, warn)
        self._lock = threading.RLock()
        self._ids: list[str] = []
        self._begun: dict[str, int] = {}
        self._backend_url = backend_url
        self._own.attempt(lambda: self._add(range(len(jobs))))

    def __enter__(self) -> Claims:
        self._own.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._own.__exit__()
        self._own.attempt(lambda: self._store.leave(self._ids, self._own.owner))

    def take(self, orders: Sequence[int], *, early: bool = False) -> TakenJob | None:
        """Claim the first of these jobs that can begin now; return None if others have or had them all.

        `early` also claims parked jobs whose time has not come.
        """
        with self._lock:
            claimed = self._own.attempt(
                lambda: self._store.claim([self._ids[order] for order in orders], self._own.owner, early=early)
            )
            if self._own.without_queue:
                order, left_behind = next((order for order in orders if order not in self._own), None), False
            elif claimed is None:
                return None
            else:
                order = next(order for order in orders if self._ids[order] == claimed.id)
                left_behind = claimed.tries - 1 > self._begun.get(claimed.id, 0)
            if order is None:
                return None
            left_behind = left_behind or self._is_made_anew(order, claimed)
            taken = TakenJob(
                order=order,
                cancel=CancelToken(),
                left_behind=left_behind,
                left=_left(claimed) if left_behind else None,
                note_made=partial(self._note_made, order),
            )
            return self._own.keep(taken, self._id(order))

    def finish(self, order: int, report: JobReport) -> bool:
        """Store how a job ended; return False if another process has it."""
        return self._let_go(order, lambda id: self._store.finish(id, self._own.owner, report))

    def park(self, order: int, pause_s: float, reason: str) -> bool:
        """Let a job wait for so many seconds, in all processes; return False if another process has it."""
        return self._let_go(
            order, lambda id: self._store.park(id, self._own.owner, until=time.time() + pause_s, reason=reason)
        )

    def ended(self, orders: Sequence[int]) -> dict[int, JobReport]:
        """Return the reports of those of these jobs that others have ended, or that were cancelled in the queue."""
        with self._lock:
            states = self._own.attempt(lambda: self._store.states([self._ids[order] for order in orders]))
            if states is None:
                return {}
            missing = [order for order in orders if self._ids[order] not in states]
            if missing:  # they have ended, and the history was cleared: this run finds them done
                self._own.attempt(lambda: self._add(missing))
            over = [order for order in orders if (state := states.get(self._ids[order])) is not None and state.ended]
            ended = self._own.attempt(lambda: self._store.of([self._ids[order] for order in over])) or []
            by_id = {job.id: job for job in ended}
            return {order: self._report(order, by_id[self._ids[order]]) for order in over if self._ids[order] in by_id}

    def whereabouts(self, order: int) -> str:
        """Return what a job waits for, as a sentence, empty if that is not known."""
        found = self._own.attempt(lambda: self._store.of([self._ids[order]])) or []
        slug = self._jobs[order].slug
        if found and found[0].state is JobState.HELD:
            return f"{slug} is held in the queue: it goes on when it is started there."
        owner = found[0].owner if found else None
        if owner is None:
            return ""
        return f"Another process works on {slug} ({owner.host}, process {owner.pid}); its result is waited for."

    def _add(self, orders: Sequence[int]) -> None:
        """Add jobs to the queue, and note how often each was begun before."""
        ids = self._store.add(
            [self._jobs[order] for order in orders], wanted_by=self._own.owner, backend_url=self._backend_url
        )
        self._ids = self._ids or ids
        for order, id in zip(orders, ids, strict=True):
            self._ids[order] = id
        for job in self._store.of(ids):
            in_work = job.state is JobState.RUNNING and not job.left_behind
            self._begun[job.id] = job.tries - (1 if in_work else 0)

    def _note_made(self, order: int, has_sent: bool) -> None:
        existing = once_made(self._jobs[order].existing, has_sent=has_sent)
        self._own.attempt(lambda: self._store.set_existing(self._ids[order], self._own.owner, existing))

    def _let_go(self, order: int, tell: Callable[[str], bool]) -> bool:
        return self._own.let_go(order, lambda: tell(self._ids[order]))

    def _is_made_anew(self, order: int, claimed: QueuedJob | None) -> bool:
        """Whether a job is to be made anew, and the same command has made it before: only its upload is left."""
        return self._jobs[order].existing is Existing.FRESH and _left(claimed) is Existing.UPLOAD_AGAIN

    def _id(self, order: int) -> str:
        return self._ids[order] if self._ids else ""

    def _report(self, order: int, ended: QueuedJob) -> JobReport:
        job = self._jobs[order]
        try:
            report = ended.report
        except CodecError:
            report = JobReport(
                slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.FAILED, error=DONE_ELSEWHERE
            )
        if report is None:
            return JobReport(
                slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.CANCELLED, error=ended.reason
            )
        return replace(report, slug=job.slug, source=job.source, folder=job.folder)  # with the paths of this run

    def beat(self) -> None:
        """Send a heartbeat for every job that this run has, and cancel those that it has lost."""
        self._own.beat()


def _left(claimed: QueuedJob | None) -> Existing | None:
    """Return what the process that had a job before has stored for whoever goes on with it."""
    try:
        return None if claimed is None else claimed.job.existing
    except CodecError:  # a newer version has added the job
        return None
