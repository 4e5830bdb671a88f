"""Puts chunks in order, in whatever order they are made. Knows nothing of their content."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pipeline.errors import Cancelled

Settled = TypeVar("Settled")


class ChunkOrder(Generic[Settled]):
    """Lets each chunk be settled after the one before it."""

    def __init__(self) -> None:
        self.settled: list[Settled] = []
        self._keys: list[str] = []
        self._made: dict[tuple[int, str], Callable[[Settled | None], Settled]] = {}
        self._lock = threading.Lock()

    def expect(self, keys: Sequence[str]) -> None:
        """Set the chunks. Settled ones stay settled, up to the first that has changed."""
        with self._lock:
            same = next(
                (n for n, pair in enumerate(zip(self._keys, keys, strict=False)) if pair[0] != pair[1]), len(keys)
            )
            del self.settled[same:]
            self._keys = list(keys)
            self._go_on()

    def begin(self, number: int, key: str) -> None:
        """Forget other chunks with this number, as their files are about to be removed.

        Raises Cancelled if this chunk is not expected any more.
        """
        with self._lock:
            if self._keys[number : number + 1] != [key]:
                raise Cancelled
            self._made = {made: settle for made, settle in self._made.items() if made[0] != number or made[1] == key}

    def put(self, number: int, key: str, settle: Callable[[Settled | None], Settled]) -> None:
        """Settle a chunk, and those that waited for it; or let it wait for its turn.

        `settle` is told what the one before was settled as.
        """
        with self._lock:
            self._made[number, key] = settle
            self._go_on()

    def _go_on(self) -> None:
        while (turn := len(self.settled)) < len(self._keys) and (turn, self._keys[turn]) in self._made:
            settle = self._made[turn, self._keys[turn]]
            self.settled.append(settle(self.settled[-1] if self.settled else None))
