"""The jobs that this process has claimed: heartbeats for them, and which of them it has lost.

If the queue can't be used any more, that is said once, and from then on nothing is asked of it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, JobStoreError
from pipeline.job import Existing
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore

T = TypeVar("T")

HEARTBEAT_S = 2.0
"""How often a heartbeat is sent for each claimed job, and checked whether the claim still holds, in seconds."""

WITHOUT_QUEUE = "This run goes on without it: other processes don't see its jobs."


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


class OwnClaims:
    """The claims that hold, by the jobs' order in the run. Thread-safe; never raises JobStoreError. A context manager:
    inside it a thread sends heartbeats.
    """

    def __init__(
        self,
        store: JobStore,
        warn: Callable[[str], None],
        *,
        consequence: str = WITHOUT_QUEUE,
        pauses_s: Sequence[float] = (),
        cancel: CancelToken | None = None,
    ) -> None:
        """Prepare the claims of a run.

        Args:
            store: the queue.
            warn: called once if it can't be used, with the reason and the consequence.
            consequence: what becomes of the run then, as a sentence.
            pauses_s: the pauses before the queue is tried once more each, in seconds.
            cancel: ends these pauses: nothing is tried again after it.
        """
        self._store = store
        self._warn = warn
        self._consequence = consequence
        self._pauses_s = pauses_s
        self._cancel = cancel or CancelToken()
        self._lock = threading.RLock()
        self._taken: dict[int, tuple[TakenJob, str]] = {}
        self._stopped = threading.Event()
        self._heart = threading.Thread(target=self._beat, name="queue-heartbeat", daemon=True)
        self.owner = JobOwner.current()
        self.without_queue = False

    def __enter__(self) -> OwnClaims:
        self._heart.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._heart.join()

    def __contains__(self, order: int) -> bool:
        return order in self._taken

    def keep(self, taken: TakenJob, id: str) -> TakenJob:
        """Send heartbeats for a job with this id in the queue from now on; return it."""
        with self._lock:
            self._taken[taken.order] = taken, id
        return taken

    def let_go(self, order: int, tell: Callable[[], bool]) -> bool:
        """Send no more for a job, and tell the queue why; return False if it says that another process has it."""
        with self._lock:
            self._taken.pop(order, None)
            return self.attempt(tell) is not False

    def beat(self) -> None:
        """Send a heartbeat for every job that this run has, and cancel those that it has lost."""
        with self._lock:
            taken = list(self._taken.values())
        for one, id in taken:
            if self.attempt(partial(self._store.heartbeat, id, self.owner)) is False:
                with self._lock:
                    lost = self._taken.get(one.order) == (one, id)  # and has not ended since
                if lost:
                    one.cancel.cancel()

    def attempt(self, ask: Callable[[], T]) -> T | None:
        """Use the queue; return None if it can't be used, from then on without another try."""
        with self._lock:
            if self.without_queue:
                return None
            try:
                return self._patiently(ask)
            except JobStoreError as error:
                self.without_queue = True
                text = f"{error} {self._consequence}"
        self._warn(text)
        return None

    def _patiently(self, ask: Callable[[], T]) -> T:
        """Use the queue, after each pause once more where it fails. Raises JobStoreError."""
        for pause_s in self._pauses_s:
            try:
                return ask()
            except JobStoreError:
                if self._cancel.cancelled:
                    raise
                with suppress(Cancelled):
                    self._cancel.wait(pause_s)
        return ask()

    def _beat(self) -> None:
        while not self._stopped.wait(HEARTBEAT_S):
            self.beat()
