"""The one way to stop a job. Owns the flag and its listeners; knows nothing of who listens."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.errors import Cancelled
from pipeline.suspension import Suspension


class CancelToken:
    """A thread-safe flag that is raised once and never lowered.

    `suspension` says meanwhile whether the job's programs stand still; all tokens of a job have the same.
    """

    def __init__(self, suspension: Suspension | None = None) -> None:
        self.suspension = suspension or Suspension()
        self._event = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether the job was asked to stop."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the job to stop; listeners are called once, in this thread."""
        with self._lock:
            if self._event.is_set():
                return
            self._event.set()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    def check(self) -> None:
        """Raise `Cancelled` when the job was asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Pause for `seconds`, or raise `Cancelled` as soon as the job is asked to stop."""
        if self._event.wait(seconds):
            raise Cancelled

    @contextmanager
    def on_cancel(self, listener: Callable[[], None]) -> Iterator[None]:
        """Call `listener` if the job is cancelled inside the block (at once if it already was)."""
        with self._lock:
            late = self._event.is_set()
            if not late:
                self._listeners.append(listener)
        if late:
            listener()
        try:
            yield
        finally:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)
