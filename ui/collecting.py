"""Takes away what is left of closed windows in the Tk thread alone.

Tk's variables, fonts and images call Tk when they are taken away. Python's collector runs in whichever thread has just
made an object, and Tk called from another thread waits for the Tk thread, which may be waiting for that very thread:
then the window stands still for ever.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

FULL_EVERY_S = 10.0
FULL_SHARE = 0.01
"""How much of the time the collections of all objects may take: a large dataset has millions."""

YOUNGEST, YOUNG = 0, 1
"""Generations of the collector (gc.collect); a full collection takes the oldest too."""


@contextmanager
def collected_here() -> Iterator[None]:
    """Let no thread collect by itself inside the block, which a `Collector` does meanwhile, and this one at its end."""
    gc.disable()
    try:
        yield
    finally:
        gc.collect()
        gc.enable()


class Collector:
    """Collects new objects as soon as Python would by its own thresholds, and now and then all of them."""

    def __init__(self, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._next_full = clock() + FULL_EVERY_S

    def look(self) -> None:
        """Collect if there is enough to collect. Called by the Tk thread, often."""
        counts, most = gc.get_count(), gc.get_threshold()
        if not 0 < most[YOUNGEST] < counts[YOUNGEST]:
            return
        begun = self._clock()
        if begun >= self._next_full:
            gc.collect()
            ended = self._clock()
            self._next_full = ended + max(FULL_EVERY_S, (ended - begun) / FULL_SHARE)
        else:
            gc.collect(YOUNG if counts[YOUNG] > most[YOUNG] else YOUNGEST)
