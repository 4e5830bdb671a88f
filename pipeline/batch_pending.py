"""The jobs of a batch that have not begun here: which is next, and what other processes have made of the rest.

A batch asks for them by the `Pending` protocol. Here are those known beforehand; `pending_rows` has those of the queue.

Knows neither how a job is run nor who shows it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from pipeline.batch_callbacks import AnyJob, JobT
from pipeline.claims import Claims, NoClaims
from pipeline.model import JobReport
from pipeline.own_claims import TakenJob

JobT_co = TypeVar("JobT_co", bound=AnyJob, covariant=True)

OTHERS_S = 1.0
"""How often to check whether other processes have ended or left jobs, in seconds, while they have all the rest."""


class Pending(Protocol[JobT_co]):
    """Where a batch has its jobs from: a list that is known beforehand, or one that grows. Thread-safe.

    It is true while a job may yet begin here.
    """

    @property
    def others_have_all(self) -> bool:
        """Whether none can begin now: other processes have all that is left."""
        ...

    @property
    def is_closed(self) -> bool:
        """Whether no other job is to begin, nor a parked one to be tried again: what runs goes on to its end."""
        ...

    @property
    def may_be_taken(self) -> bool:
        """Whether it is time to try to take one."""
        ...

    def __bool__(self) -> bool: ...

    def take(self) -> TakenJob | None:
        """Take the first that can begin; return None if there is none now."""
        ...

    def retake(self, order: int) -> TakenJob | None:
        """Claim a parked job again; return None if another process has it meanwhile."""
        ...

    def job(self, order: int) -> JobT_co:
        """Return a job."""
        ...

    def finish(self, order: int, report: JobReport) -> bool:
        """Store how a job ended; return False if it is no longer claimed here."""
        ...

    def park(self, order: int, pause_s: float, reason: str) -> bool:
        """Let a job wait for so many seconds; return False if it is no longer claimed here."""
        ...

    def put_back(self, order: int) -> bool:
        """Wait for what becomes of a job that is no longer claimed here; return False if nobody waits for it."""
        ...

    @property
    def why_left(self) -> str:
        """Why a parked job is not tried again here, as a sentence, empty if somebody has decided so."""
        ...

    def withdrawn(self, orders: Sequence[int]) -> list[int]:
        """Return those of these parked jobs of which somebody else has decided meanwhile."""
        ...

    def clear(self) -> list[int]:
        """Let no other job begin; return those that do not."""
        ...

    def ended(self) -> dict[int, JobReport]:
        """Return the reports of those that others have ended, and remove them."""
        ...

    def news(self) -> dict[int, str]:
        """Return what jobs wait for, a sentence each, where that was not returned before."""
        ...

    def look_again(self) -> None:
        """Look for a job that can begin though there was none a moment ago."""
        ...


class PendingJobs(Generic[JobT]):
    """The jobs of a batch that are known beforehand, by their order. `clock` returns a time in seconds."""

    def __init__(self, jobs: Sequence[JobT], claims: Claims | NoClaims, clock: Callable[[], float]) -> None:
        self._jobs = jobs
        self._orders = list(range(len(jobs)))
        self._claims = claims
        self._clock = clock
        self._lock = threading.Lock()
        self._look_at_s = clock()
        self._told: set[int] = set()
        self.others_have_all = False

    def __bool__(self) -> bool:
        return bool(self._orders)

    @property
    def is_closed(self) -> bool:
        """See `Pending`: it goes on to the end, or is cancelled."""
        return False

    @property
    def may_be_taken(self) -> bool:
        """Whether it is time to try to take one."""
        return bool(self._orders) and (not self.others_have_all or self._clock() >= self._look_at_s)

    def take(self) -> TakenJob | None:
        """Take the first that can begin; return None if others have all of them."""
        with self._lock:
            taken = self._claims.take(self._orders)
            self.others_have_all = taken is None
            if taken is None:
                self._look_at_s = self._clock() + OTHERS_S
            else:
                self._orders.remove(taken.order)
            return taken

    def retake(self, order: int) -> TakenJob | None:
        """See `Pending`."""
        return self._claims.take([order], early=True)

    def job(self, order: int) -> JobT:
        """See `Pending`."""
        return self._jobs[order]

    def finish(self, order: int, report: JobReport) -> bool:
        """See `Pending`."""
        return self._claims.finish(order, report)

    def park(self, order: int, pause_s: float, reason: str) -> bool:
        """See `Pending`."""
        return self._claims.park(order, pause_s, reason)

    def put_back(self, order: int) -> bool:
        """See `Pending`: the other process that has it now may leave it again."""
        with self._lock:
            self._orders = sorted([*self._orders, order])
        return True

    @property
    def why_left(self) -> str:
        """See `Pending`: this run tries all of them to the end."""
        return ""

    def withdrawn(self, orders: Sequence[int]) -> list[int]:
        """See `Pending`: each is asked about when it is due."""
        return []

    def look_again(self) -> None:
        """See `Pending`: none is added."""

    def clear(self) -> list[int]:
        """Remove and return all."""
        with self._lock:
            orders, self._orders = self._orders, []
            return orders

    def ended(self) -> dict[int, JobReport]:
        """Return the reports of those that others have ended, and remove them."""
        with self._lock:
            reports = self._claims.ended(self._orders)
            self._orders = [order for order in self._orders if order not in reports]
            return reports

    def news(self) -> dict[int, str]:
        """Return what jobs wait for, a sentence each, where that was not returned before."""
        with self._lock:
            where = {order: self._claims.whereabouts(order) for order in self._orders if order not in self._told}
            self._told.update(order for order, text in where.items() if text)
            return {order: text for order, text in where.items() if text}
