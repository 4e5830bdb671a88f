"""The jobs of a batch that wait for a server: a job whose backend can't be reached is converted without its upload and
parked; so is one whose backend goes away during the upload. It is tried again after growing pauses; as soon as one
succeeds, all are. When nothing else is left to do, each is tried until patience is spent. So is a job whose source
can't be fetched any more, which says nothing of the others.

Knows neither how a job is run nor who shows it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.batch_entry import BatchEntry
from pipeline.batch_patience import ParkingPatience
from pipeline.batch_pending import PendingJobs
from pipeline.claims import Claims, NoClaims
from pipeline.model import JobReport


class ParkedJobs:
    """The parked jobs; thread-safe. `clock` returns a time in seconds, `patience_s` is that of `run_batch`."""

    def __init__(
        self, pending: PendingJobs, claims: Claims | NoClaims, patience_s: float, clock: Callable[[], float]
    ) -> None:
        self._pending = pending
        self._claims = claims
        self._patience = ParkingPatience(patience_s, clock)
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: list[BatchEntry] = []

    def __bool__(self) -> bool:
        return bool(self._entries)

    @property
    def is_spent(self) -> bool:
        """Whether no further try is made."""
        return self._patience.is_spent

    def renew(self) -> None:
        """Count patience anew: the backend was there."""
        self._patience.renew()

    def all_are_due(self) -> None:
        """Try each again at once."""
        with self._lock:
            for entry in self._entries:
                entry.due_s = self._clock()

    def take_due(self, *, nothing_else: bool) -> list[BatchEntry]:
        """Remove those that are due, and return those that are claimed again.

        `nothing_else` says that only parked ones are left.
        """
        if nothing_else and self and self._patience.begin():
            self.all_are_due()
        with self._lock:
            now_s = self._clock()
            due = [entry for entry in self._entries if entry.due_s <= now_s]
            self._entries = [entry for entry in self._entries if entry not in due]
        return [entry for entry in due if self._retake(entry)]

    def take_all(self) -> list[BatchEntry]:
        """Remove all, and return those that are claimed again."""
        with self._lock:
            entries, self._entries = self._entries, []
        return [entry for entry in entries if self._retake(entry)]

    def put(self, entry: BatchEntry, made: JobReport, why: str) -> None:
        """Park a job, unless another process has it."""
        pause_s = self._patience.pause_s(entry.tries)
        entry.last, entry.tries = entry.last or made, entry.tries + 1
        entry.due_s = self._clock() + pause_s
        if not self._claims.park(entry.order, pause_s, why):
            self._pending.put_back(entry.order)
            return
        with self._lock:
            self._entries.append(entry)

    def _retake(self, entry: BatchEntry) -> bool:
        """Claim a parked job again; return False if another process has it meanwhile."""
        taken = self._claims.take([entry.order], early=True)
        if taken is None:
            self._pending.put_back(entry.order)
            return False
        entry.take(taken)
        return True
