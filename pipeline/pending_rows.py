"""The rows of the queue that a run takes one after another, in the queue's order, also those that are added meanwhile.

Owns which of them this run has, and what becomes of them in the queue when it stops. Knows neither how a job is run nor
who shows it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import count

from pipeline.cancel import CancelToken
from pipeline.errors import CodecError
from pipeline.job import Job, UploadJob, UploadRequest, once_made, resumed
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome
from pipeline.own_claims import OwnClaims, TakenJob
from pipeline.queued_job import JobState, QueuedJob

LOOK_S = 1.0
"""How often to look for rows that others have left, or whose parked time has come, in seconds, while none can begin."""

QUEUE_PAUSES_S = (1.0, 5.0, 15.0)
"""The pauses before a queue is used once more that could not be: its disk is full for a moment, or another process
writes for longer than SQLite waits.
"""

LEFT = "What runs is finished, and what waits stays in the queue for the next run."
LEFT_PARKED = "The queue can't be used: the upload waits there for the next run."


@dataclass(frozen=True, kw_only=True)
class TakenRow:
    """A row that a run has taken; `job` goes on, without a question, with what is left of earlier tries."""

    row: QueuedJob
    job: Job | UploadJob

    @property
    def id(self) -> str:
        """The row's id."""
        return self.row.id

    @property
    def slug(self) -> str:
        """The job's folder below the output folder; two rows with different output folders may have the same."""
        return self.job.slug

    @property
    def upload(self) -> UploadRequest | None:
        """Where its files go."""
        return self.job.upload


WhyNot = Callable[[QueuedJob], str]
"""Returns why this process can't do a row, empty if it can. Called while the queue is locked: it only looks at it."""


class PendingRows:
    """The rows of the queue as a batch takes them (see `batch_pending.Pending`). Thread-safe.

    A context manager, inside which heartbeats are sent.
    """

    def __init__(
        self,
        store: JobStore,
        cancel: CancelToken,
        *,
        warn: Callable[[str], None],
        only: Collection[str] | None,
        why_not: WhyNot,
        passed_over: Callable[[QueuedJob, str], None],
        clock: Callable[[], float],
    ) -> None:
        self._store = store
        self._cancel = cancel
        self._own = OwnClaims(store, warn, consequence=LEFT, pauses_s=QUEUE_PAUSES_S, cancel=cancel)
        self._only = None if only is None else set(only)
        self._why_not = why_not
        self._passed_over = passed_over
        self._clock = clock
        self._lock = threading.RLock()
        self._numbers = count()
        self._rows: dict[int, TakenRow] = {}
        self._here: dict[int, str] = {}
        self._seen: set[str] = set()
        self._awaited: set[str] = set()
        self._unfit: dict[str, tuple[str, str]] = {}
        self._look_at_s = clock()
        self._looked_at: tuple[int, int] | None = None
        self._parked_looked_at: tuple[int, int] | None = None
        self.others_have_all = False
        self.is_closed = False

    def __enter__(self) -> PendingRows:
        self._own.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._own.__exit__()
        for order, id in self._here.items():
            if order in self._own:  # an error has ended the run before the row
                self._own.let_go(order, partial(self._store.release, id, self._own.owner))

    def __bool__(self) -> bool:
        return not self.is_closed and (not self.others_have_all or bool(self._awaited))

    @property
    def may_be_taken(self) -> bool:
        """Whether it is time to try to take one."""
        if self.is_closed or not self.others_have_all:
            return not self.is_closed
        return self._clock() >= self._look_at_s or self._own.attempt(self._store.mark) != self._looked_at

    def include(self, ids: Collection[str]) -> None:
        """Take these rows, too."""
        with self._lock:
            if self._only is not None:
                self._only.update(ids)
        self.look_again()

    def beat(self) -> None:
        """Notice at once what has been decided of rows that run here."""
        self._own.beat()

    def take(self) -> TakenJob | None:
        """Take the first row that can begin; return None if there is none now.

        One that was parked before this run began is taken at once: that somebody runs the queue is a reason to try.
        """
        passed: list[tuple[QueuedJob, str]] = []
        with self._lock:
            self._looked_at = self._own.attempt(self._store.mark)
            claimed = None if self.is_closed else self._own.attempt(lambda: self._claim(passed))
            self.others_have_all = claimed is None
            self._look_at_s = self._clock() + LOOK_S
            self._awaited &= set(self._in_state(JobState.PARKED, self._awaited)) if claimed is None else self._awaited
            taken = None if claimed is None else self._taken(claimed)
        for row, why in passed:
            self._passed_over(row, why)
        return taken

    def retake(self, order: int) -> TakenJob | None:
        """Claim a row again that this run has parked; return None if it can't be had any more."""
        with self._lock:
            id = self._here[order]
            claimed = self._own.attempt(lambda: self._store.claim([id], self._own.owner, early=True))
            return None if claimed is None else self._keep(order, claimed)

    def job(self, order: int) -> TakenRow:
        """Return a row that this run has taken."""
        return self._rows[order]

    def finish(self, order: int, report: JobReport) -> bool:
        """Store how a row ended; one that ends because the whole run is stopped waits again. Return False if it was
        held, cancelled or lost.
        """
        id, owner = self._here[order], self._own.owner

        def tell() -> bool:
            if report.outcome is Outcome.CANCELLED and self._cancel.cancelled:
                return self._store.release(id, owner)
            return self._store.finish(id, owner, report)

        return self._leave(order, self._own.let_go(order, tell))

    def park(self, order: int, pause_s: float, reason: str) -> bool:
        """Let a row wait for so many seconds; return False if it was held, cancelled or lost."""
        id, owner = self._here[order], self._own.owner
        return self._own.let_go(order, lambda: self._store.park(id, owner, until=time.time() + pause_s, reason=reason))

    def put_back(self, order: int) -> bool:
        """Wait for a row that is parked in the queue; return False for one that was held, cancelled or lost."""
        with self._lock:
            id = self._here.pop(order, "")
            is_parked = not self.is_closed and bool(self._in_state(JobState.PARKED, [id]))
            if is_parked:
                self._awaited.add(id)
            return is_parked

    @property
    def why_left(self) -> str:
        """Why a parked row is left to a later run, empty if it was held, cancelled or lost."""
        return LEFT_PARKED if self._own.without_queue else ""

    def withdrawn(self, orders: Sequence[int]) -> list[int]:
        """Return those of these parked rows that were started, held, cancelled or taken since."""
        with self._lock:
            mark = self._own.attempt(self._store.mark)
            if mark == self._parked_looked_at:
                return []
            self._parked_looked_at = mark
            parked = self._in_state(JobState.PARKED, [self._here[order] for order in orders])
            return [] if self._own.without_queue else [order for order in orders if self._here[order] not in parked]

    def clear(self) -> list[int]:
        """Let no other row begin: they stay in the queue."""
        self.is_closed = True
        return []

    def ended(self) -> dict[int, JobReport]:
        """Return nothing: what others do is not waited for."""
        return {}

    def news(self) -> dict[int, str]:
        """Return nothing: what others do is not waited for."""
        return {}

    def look_again(self) -> None:
        """Look for a row that can begin though there was none a moment ago."""
        self.others_have_all = False

    def _claim(self, passed: list[tuple[QueuedJob, str]]) -> QueuedJob | None:
        def fits(row: QueuedJob) -> bool:
            if self._unfit.get(row.id) == (row.job_text, row.backend_url):
                return False
            why = _unreadable(row) or self._why_not(row)
            if why:
                self._unfit[row.id] = row.job_text, row.backend_url
                passed.append((row, why))
            return not why

        return self._store.claim_next(
            self._own.owner,
            only=self._only,
            without=set(self._here.values()),
            early=lambda id: id not in self._seen,
            fits=fits,
        )

    def _taken(self, row: QueuedJob) -> TakenJob:
        order = next(self._numbers)
        job = self._store.listed.job_of(row)
        self._rows[order] = TakenRow(row=row, job=resumed(job) if row.tries > 1 else job)
        self._here[order] = row.id
        self._seen.add(row.id)
        return self._keep(order, row)

    def _keep(self, order: int, row: QueuedJob) -> TakenJob:
        left = row.job.existing if row.tries > 1 else None
        taken = TakenJob(
            order=order,
            cancel=CancelToken(),
            left_behind=row.tries > 1,
            left=left,
            note_made=partial(self._note_made, order),
        )
        return self._own.keep(taken, row.id)

    def _note_made(self, order: int, has_sent: bool) -> None:
        existing = once_made(self._rows[order].job.existing, has_sent=has_sent)
        id = self._here.get(order, "")
        self._own.attempt(lambda: self._store.set_existing(id, self._own.owner, existing))

    def _leave(self, order: int, told: bool) -> bool:
        if told:
            with self._lock:
                self._here.pop(order, None)
        return told

    def _in_state(self, state: JobState, ids: Collection[str]) -> list[str]:
        states = self._own.attempt(lambda: self._store.states(list(ids))) or {}
        return [id for id, one in states.items() if one is state]


def _unreadable(row: QueuedJob) -> str:
    try:
        _ = row.job
    except CodecError as error:
        return str(error)
    return ""
