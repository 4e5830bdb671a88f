"""Saves a while after the first change that is not saved. Knows time, and one function to call."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol


class Scheduled(Protocol):
    """A call that is due some time."""

    def cancel(self) -> None:
        """Don't make the call, unless it has begun."""


class Clock(Protocol):
    """Makes calls later."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Scheduled:
        """Call a function after so many seconds, on a thread of its own."""


class SystemClock:
    """The computer's own time."""

    def call_later(self, delay_s: float, callback: Callable[[], None]) -> Scheduled:
        """Call a function after so many seconds; it does not keep the program running."""
        timer = threading.Timer(delay_s, callback)
        timer.daemon = True
        timer.start()
        return timer


class Autosave:
    """A timer that runs while there is something to save, and not otherwise."""

    def __init__(self, save: Callable[[], None], *, clock: Clock, interval_s: float) -> None:
        self._save = save
        self._clock = clock
        self._interval_s = interval_s
        self._lock = threading.Lock()
        self._timer: Scheduled | None = None

    def start(self) -> None:
        """Start the timer, unless it runs already."""
        with self._lock:
            if self._timer is None:
                self._timer = self._clock.call_later(self._interval_s, self._due)

    def stop(self) -> None:
        """Stop the timer."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

    def _due(self) -> None:
        with self._lock:
            if self._timer is None:  # stopped while it was about to call
                return
            self._timer = None
        self._save()
