"""The jobs of a batch that wait for a server: a job whose backend can't be reached is converted without its upload and
parked; so is one whose backend goes away during the upload. It is tried again after growing pauses; as soon as one
succeeds, all are. When nothing else is left to do, each is tried until patience is spent. So is a job whose source
can't be fetched any more, which says nothing of the others.

Knows neither how a job is run nor who shows it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.batch_callbacks import AnyJob
from pipeline.batch_entry import BatchEntry
from pipeline.batch_patience import ParkingPatience
from pipeline.batch_pending import Pending
from pipeline.model import JobReport


class ParkedJobs:
    """The parked jobs; thread-safe. `clock` returns a time in seconds, `patience_s` is that of `run_batch`."""

    def __init__(self, pending: Pending[AnyJob], patience_s: float, clock: Callable[[], float]) -> None:
        self._pending = pending
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
        """Remove and return those that are due, and those of which somebody else has decided meanwhile.

        `nothing_else` says that only parked ones are left.
        """
        if nothing_else and self and self._patience.begin():
            self.all_are_due()
        withdrawn = self._pending.withdrawn([entry.order for entry in self._entries]) if self else []
        with self._lock:
            now_s = self._clock()
            due = [entry for entry in self._entries if entry.due_s <= now_s or entry.order in withdrawn]
            self._entries = [entry for entry in self._entries if entry not in due]
        return due

    def take_all(self) -> list[BatchEntry]:
        """Remove and return all."""
        with self._lock:
            entries, self._entries = self._entries, []
        return entries

    def retake(self, entry: BatchEntry) -> bool:
        """Claim a job again that was parked; return False if another process has it meanwhile."""
        taken = self._pending.retake(entry.order)
        if taken is not None:
            entry.take(taken)
        return taken is not None

    def put(self, entry: BatchEntry, made: JobReport, why: str) -> bool:
        """Park a job; return False if it is no longer claimed."""
        pause_s = self._patience.pause_s(entry.tries)
        entry.last, entry.tries = entry.last or made, entry.tries + 1
        entry.due_s = self._clock() + pause_s
        if not self._pending.park(entry.order, pause_s, why):
            return False
        with self._lock:
            self._entries.append(entry)
        return True
