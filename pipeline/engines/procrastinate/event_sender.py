"""Stores a running job's events in the queue, a few times a second; of progress, the latest of each phase is enough.

The job's last event is left out: it is stored in the transaction that ends the job.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from pipeline.engines.engine import EncodeProgress, TranscriptionProgress
from pipeline.engines.procrastinate.attempts import Attempt
from pipeline.engines.procrastinate.database import QueueError, UnstorableError
from pipeline.engines.procrastinate.job_events import QueueEvent
from pipeline.errors import SettingsError
from pipeline.events import JobFinished, PhaseProgress

PAUSE_S = 0.3
"""Between two writes, in seconds: progress bars need no more."""


class EventSender:
    """Sends from its own thread while the block runs; `lost` is called when the job is no longer this worker's.

    While the queue can't be reached, events are kept; of progress, the latest of each phase. What its database can't
    store is left out.
    """

    def __init__(self, attempt: Attempt, lost: Callable[[], None], *, pause_s: float = PAUSE_S) -> None:
        self._attempt = attempt
        self._lost = lost
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._waiting: list[QueueEvent] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._send, name="queue-events")

    def __enter__(self) -> EventSender:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def take(self, event: QueueEvent) -> None:
        """Accept an event; may be called in any thread, and never waits."""
        if isinstance(event, JobFinished):
            return
        with self._lock:
            self._waiting = _thinned([*self._waiting, event])

    def rest(self) -> tuple[QueueEvent, ...]:
        """Return what was not sent; called after the block has ended."""
        return tuple(self._waiting)

    def _send(self) -> None:
        while not self._stopped.wait(self._pause_s):
            with self._lock:
                events, self._waiting = self._waiting, []
            if not events:
                continue
            try:
                if not self._attempt.send(events):
                    self._lost()
                    return
            except UnstorableError:
                continue  # what follows may be kept
            except (QueueError, SettingsError):
                with self._lock:
                    self._waiting = _thinned([*events, *self._waiting])


def _thinned(events: list[QueueEvent]) -> list[QueueEvent]:
    """Return events without progress that a later event of the same kind or phase supersedes."""
    last = {_progress_of(event): number for number, event in enumerate(events)}
    return [event for number, event in enumerate(events) if (of := _progress_of(event)) is None or last[of] == number]


def _progress_of(event: QueueEvent) -> object:
    """Return what an event tells the progress of, None if it is no progress event."""
    if isinstance(event, PhaseProgress):
        return event.phase
    return type(event) if isinstance(event, EncodeProgress | TranscriptionProgress) else None
