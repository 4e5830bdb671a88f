"""Carries messages from threads to the Tk thread. Owns the queue and the time spent on it; knows no message."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Generic, TypeVar

INTERVAL_MS = 50
BEHIND_MS = 5
"""The pause between two turns, and while messages come faster than that."""

MAX_MESSAGES = 100
MAX_SECONDS = 0.010
"""How much is taken from the queue at a time: more would hold up the window's own events."""

T = TypeVar("T")


class EventPump(Generic[T]):
    """A queue that any thread puts into and the Tk thread empties in small portions."""

    def __init__(self, receive: Callable[[list[T]], None], *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._receive = receive
        self._clock = clock
        self._queue: queue.SimpleQueue[T] = queue.SimpleQueue()

    def put(self, message: T) -> None:
        """Hand over a message; safe in every thread, returns at once."""
        self._queue.put(message)

    @property
    def waiting(self) -> int:
        """How many messages there are to take."""
        return self._queue.qsize()

    @property
    def pause_ms(self) -> int:
        """When the queue is to be emptied again: soon while there is more than one portion in it."""
        return BEHIND_MS if self.waiting > MAX_MESSAGES else INTERVAL_MS

    def drain(self) -> int:
        """Take what waits, 100 messages or 10 ms worth of it, hand it on together and return how many there were."""
        deadline = self._clock() + MAX_SECONDS
        taken: list[T] = []
        while len(taken) < MAX_MESSAGES:
            try:
                taken.append(self._queue.get_nowait())
            except queue.Empty:
                break
            if self._clock() >= deadline:
                break
        if taken:
            self._receive(taken)
        return len(taken)
