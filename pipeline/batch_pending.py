"""The jobs of a batch that have not begun here: which is next, and what other processes have made of the rest.

Knows neither how a job is run nor who shows it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.claims import Claims, NoClaims
from pipeline.model import JobReport
from pipeline.own_claims import TakenJob

OTHERS_S = 1.0
"""How often to check whether other processes have ended or left jobs, in seconds, while they have all the rest."""


class PendingJobs:
    """The jobs of a batch that have not begun, by their order; thread-safe. `clock` returns a time in seconds."""

    def __init__(self, count: int, claims: Claims | NoClaims, clock: Callable[[], float]) -> None:
        self._orders = list(range(count))
        self._claims = claims
        self._clock = clock
        self._lock = threading.Lock()
        self._look_at_s = clock()
        self._told: set[int] = set()
        self.others_have_all = False

    def __bool__(self) -> bool:
        return bool(self._orders)

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

    def put_back(self, order: int) -> None:
        """Add a job again that another process has now."""
        with self._lock:
            self._orders = sorted([*self._orders, order])

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
        """Return which process has each job, in words, where that was not returned before."""
        with self._lock:
            where = {order: self._claims.whereabouts(order) for order in self._orders if order not in self._told}
            self._told.update(order for order, text in where.items() if text)
            return {order: text for order, text in where.items() if text}
