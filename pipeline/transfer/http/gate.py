"""Limits how many tries run at once: as many as asked for, half after the server or the connection was overloaded.

As TCP finds its window (additive increase, multiplicative decrease): the fewer, the sooner each of them gets through.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.cancel import CancelToken
from pipeline.transfer.http.control import LOOK_S, TransferControl


@dataclass(frozen=True, kw_only=True)
class Permit:
    """Permission for one try; `narrowed` is how often the gate was narrowed before it, `width` how many may go."""

    narrowed: int
    width: int = 1


class Gate:
    """Limits the tries that run at the same time. None starts while the upload is paused."""

    def __init__(self, control: TransferControl, cancel: CancelToken) -> None:
        self._control = control
        self._cancel = cancel
        self._free = threading.Condition()
        self._width = control.parallel
        self._under_way = 0
        self._narrowed = 0
        self._successes = 0

    @property
    def width(self) -> int:
        """How many tries may be under way now."""
        return self._width

    @contextmanager
    def permit(self) -> Iterator[Permit]:
        """Wait for permission to try, and keep it while the block runs. Raises Cancelled."""
        with self._free:
            while self._control.paused or self._under_way >= self._width:
                self._free.wait(LOOK_S)
                self._cancel.check()
            self._under_way += 1
            permit = Permit(narrowed=self._narrowed, width=self._width)
        try:
            yield permit
        finally:
            with self._free:
                self._under_way -= 1
                self._free.notify()

    def narrow(self, permit: Permit) -> None:
        """Halve the number of tries, but once only for all that were under way together when it became too much."""
        with self._free:
            if permit.narrowed == self._narrowed:
                self._narrowed += 1
                self._width = max(1, self._width // 2)
                self._successes = 0

    def restrict_to_one(self) -> None:
        """Let one try at a time through, until it succeeds."""
        with self._free:
            self._narrowed += 1
            self._width = 1
            self._successes = 0

    def widen(self) -> None:
        """Count a success; after as many as go at a time one more may go, up to what was asked for."""
        with self._free:
            self._successes += 1
            if self._width < self._control.parallel and self._successes >= self._width:
                self._successes = 0
                self._width += 1
                self._free.notify()
