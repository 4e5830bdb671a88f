"""Follows jobs in the queue of several machines until they have ended, also while the queue can't be reached.

One thread calls `turn` again and again; others may add jobs meanwhile, and cancel some.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from pipeline.engines.procrastinate.database import Database, QueueUnreachableError
from pipeline.engines.procrastinate.open_jobs import OpenJob
from pipeline.engines.procrastinate.schema import EVENT_CHANNEL
from pipeline.engines.procrastinate.submission import JobQueue, MachineEvent
from pipeline.events import JobFinished

LOOK_S = 0.2
"""How long one turn waits for events, in seconds."""

STANDING_S = 5.0
"""How often the state of the jobs is read while no events come, in seconds."""


class JobsListener(Protocol):
    """Whoever added the jobs."""

    def told(self, one: MachineEvent) -> None:
        """Take an event of a job; the last one of each is its JobFinished."""
        ...

    def standing(self, jobs: Sequence[OpenJob]) -> None:
        """Take the state of the jobs that have not ended, and of their transcriptions."""
        ...

    def away(self, reason: str) -> None:
        """Take that the queue can't be reached, once each time; the jobs go on meanwhile."""
        ...


class JobWaiting:
    """Follows jobs until they have ended. `listener` is a connection for notifications alone."""

    def __init__(
        self, queue: JobQueue, listener: Database, told_to: JobsListener, jobs: Iterable[uuid.UUID] = ()
    ) -> None:
        self._queue = queue
        self._listener = listener
        self._told_to = told_to
        self._lock = threading.Lock()
        self._open = list(jobs)
        self._unwanted: set[uuid.UUID] = set()
        self._looked_s = time.monotonic()
        self._reached = True

    @property
    def open(self) -> list[uuid.UUID]:
        """The jobs that have not ended, in their order."""
        with self._lock:
            return list(self._open)

    @property
    def unwanted(self) -> list[uuid.UUID]:
        """The jobs that are to be cancelled, of which the queue was not told that yet."""
        with self._lock:
            return [job for job in self._open if job in self._unwanted]

    def add(self, jobs: Iterable[uuid.UUID]) -> None:
        """Follow these, too."""
        with self._lock:
            self._open += [job for job in jobs if job not in self._open]

    def cancel(self, jobs: Collection[uuid.UUID]) -> None:
        """Cancel these as soon as the queue can be reached."""
        with self._lock:
            self._unwanted |= set(jobs)

    def turn(self) -> None:
        """Pass new events on, and wait a moment for more. Raises QueueError where the queue can't be used at all."""
        try:
            self._tell_cancels()
            self._tell_news()
            self._listener.wait_for_notification(EVENT_CHANNEL, LOOK_S)
            self._reached = True
        except QueueUnreachableError as error:
            if self._reached:
                self._told_to.away(str(error))
            self._reached = False
            threading.Event().wait(LOOK_S)

    def _tell_cancels(self) -> None:
        unwanted = self.unwanted
        if unwanted:
            self._queue.cancel(unwanted)
            with self._lock:
                self._unwanted -= set(unwanted)

    def _tell_news(self) -> None:
        jobs = self.open
        told = self._queue.news(jobs) if jobs else []
        for one in told:
            if isinstance(one.event, JobFinished):
                with self._lock:
                    self._open.remove(one.job)
            self._told_to.told(one)
        if jobs and not told and time.monotonic() - self._looked_s > STANDING_S:
            self._looked_s = time.monotonic()
            self._told_to.standing([one for one in self._queue.open_jobs() if one.conversion in jobs])
