"""The jobs of one run in the queue: claims one after another, keeps its claims, and reads how others' jobs ended.

If the queue can't be used any more, the run goes on without it: it does all jobs that are left, and says so once.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from pipeline.cancel import CancelToken
from pipeline.errors import CodecError, JobStoreError
from pipeline.job import Existing, Job, UploadJob, once_made
from pipeline.job_owner import JobOwner
from pipeline.job_store import IN_MEMORY, JobStore, queue_file
from pipeline.model import JobReport, Outcome
from pipeline.queued_job import JobState, QueuedJob

T = TypeVar("T")

HEARTBEAT_S = 2.0
"""How often a heartbeat is sent for each claimed job, and checked whether the claim still holds, in seconds."""

WITHOUT_QUEUE = "This run goes on without it: other processes don't see its jobs."

DONE_ELSEWHERE = "Another process did this job, and this version can't read its report: run the command again."


@dataclass(frozen=True, kw_only=True)
class TakenJob:
    """A job that this run has claimed.

    `cancel` is cancelled when the claim is lost. `left_behind` says that another process has begun the job during this
    run and left it: it is resumed without asking, from what that process has stored in `left`. `note_made` stores that
    the folder is made, and whether a part of it is sent, for whoever has the job next.
    """

    order: int
    cancel: CancelToken
    left_behind: bool
    left: Existing | None = None
    note_made: Callable[[bool], None] = lambda has_sent: None


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
        """Return an empty text: no other process has any."""
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
        self._warn = warn
        self._owner = JobOwner.current()
        self._lock = threading.RLock()
        self._without_queue = False
        self._taken: dict[int, TakenJob] = {}
        self._ids: list[str] = []
        self._begun: dict[str, int] = {}
        self._stopped = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="queue-heartbeat", daemon=True)
        self._backend_url = backend_url
        self._try(lambda: self._add(range(len(jobs))))

    def __enter__(self) -> Claims:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._heart.join()
        self._try(lambda: self._store.leave(self._ids, self._owner))

    def take(self, orders: Sequence[int], *, early: bool = False) -> TakenJob | None:
        """Claim the first of these jobs that can begin now; return None if others have or had them all.

        `early` also claims parked jobs whose time has not come.
        """
        with self._lock:
            claimed = self._try(
                lambda: self._store.claim([self._ids[order] for order in orders], self._owner, early=early)
            )
            if self._without_queue:
                order, left_behind = next((order for order in orders if order not in self._taken), None), False
            elif claimed is None:
                return None
            else:
                order = next(order for order in orders if self._ids[order] == claimed.id)
                left_behind = claimed.tries - 1 > self._begun.get(claimed.id, 0)
            if order is None:
                return None
            self._taken[order] = TakenJob(
                order=order,
                cancel=CancelToken(),
                left_behind=left_behind,
                left=_left(claimed) if left_behind else None,
                note_made=partial(self._note_made, order),
            )
            return self._taken[order]

    def finish(self, order: int, report: JobReport) -> bool:
        """Store how a job ended; return False if another process has it."""
        return self._let_go(order, lambda id: self._store.finish(id, self._owner, report))

    def park(self, order: int, pause_s: float, reason: str) -> bool:
        """Let a job wait for so many seconds, in all processes; return False if another process has it."""
        return self._let_go(
            order, lambda id: self._store.park(id, self._owner, until=time.time() + pause_s, reason=reason)
        )

    def ended(self, orders: Sequence[int]) -> dict[int, JobReport]:
        """Return the reports of those of these jobs that others have ended, or that were cancelled in the queue."""
        with self._lock:
            states = self._try(lambda: self._store.states([self._ids[order] for order in orders]))
            if states is None:
                return {}
            missing = [order for order in orders if self._ids[order] not in states]
            if missing:  # they have ended, and the history was cleared: this run finds them done
                self._try(lambda: self._add(missing))
            over = [order for order in orders if (state := states.get(self._ids[order])) is not None and state.ended]
            ended = self._try(lambda: self._store.of([self._ids[order] for order in over])) or []
            by_id = {job.id: job for job in ended}
            return {order: self._report(order, by_id[self._ids[order]]) for order in over if self._ids[order] in by_id}

    def whereabouts(self, order: int) -> str:
        """Return which process has a job, in words, empty if none has."""
        found = self._try(lambda: self._store.of([self._ids[order]])) or []
        owner = found[0].owner if found else None
        return "" if owner is None else f"{owner.host}, process {owner.pid}"

    def _add(self, orders: Sequence[int]) -> None:
        """Add jobs to the queue, and note how often each was begun before."""
        ids = self._store.add(
            [self._jobs[order] for order in orders], wanted_by=self._owner, backend_url=self._backend_url
        )
        self._ids = self._ids or ids
        for order, id in zip(orders, ids, strict=True):
            self._ids[order] = id
        for job in self._store.of(ids):
            in_work = job.state is JobState.RUNNING and not job.left_behind
            self._begun[job.id] = job.tries - (1 if in_work else 0)

    def _note_made(self, order: int, has_sent: bool) -> None:
        existing = once_made(self._jobs[order].existing, has_sent=has_sent)
        self._try(lambda: self._store.set_existing(self._ids[order], self._owner, existing))

    def _let_go(self, order: int, tell: Callable[[str], bool]) -> bool:
        with self._lock:
            self._taken.pop(order, None)
            return self._try(lambda: tell(self._ids[order])) is not False

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

    def _beat(self) -> None:
        while not self._stopped.wait(HEARTBEAT_S):
            self.beat()

    def beat(self) -> None:
        """Send a heartbeat for every job that this run has, and cancel those that it has lost."""
        with self._lock:
            taken = list(self._taken.values())
        for one in taken:
            if self._try(partial(self._heartbeat, one.order)) is False:
                with self._lock:
                    lost = self._taken.get(one.order) is one  # and has not ended since
                if lost:
                    one.cancel.cancel()

    def _heartbeat(self, order: int) -> bool:
        return self._store.heartbeat(self._ids[order], self._owner)

    def _try(self, ask: Callable[[], T]) -> T | None:
        """Use the queue; return None if it can't be used, from then on without another try."""
        with self._lock:
            if self._without_queue:
                return None
            try:
                return ask()
            except JobStoreError as error:
                self._without_queue = True
                text = f"{error} {WITHOUT_QUEUE}"
        self._warn(text)
        return None


def _left(claimed: QueuedJob | None) -> Existing | None:
    """Return what the process that had a job before has stored for whoever goes on with it."""
    try:
        return None if claimed is None else claimed.job.existing
    except CodecError:  # a newer version has added the job
        return None
