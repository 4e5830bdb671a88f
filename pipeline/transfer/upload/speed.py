"""How fast an upload is and how long it still takes, smoothed so that neither figure jumps. Pure but for the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

SMOOTHING_S = 8.0
"""A change of speed shows by two thirds after so many seconds: slow enough to read, quick enough to believe."""

SETTLED_S = 2.0
"""Before that nothing is said: the first blocks go into the connection's own memory, at any speed."""


class Speedometer:
    """Averages bytes over time with weights that fade (an exponential moving average over uneven steps)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = self._at = clock()
        self._bytes = 0
        self._rate = 0.0
        self._known = 0.0

    def bytes_per_s(self, moved_bytes: int) -> float:
        """Return the speed now that so many bytes went out in all; 0 while it can't be told."""
        now = self._clock()
        passed = now - self._at
        if passed > 0:
            fading = math.exp(-passed / SMOOTHING_S)
            self._rate = self._rate * fading + (moved_bytes - self._bytes) / passed * (1 - fading)
            # of the time before the beginning nothing is known: without this the figure would climb from nothing
            self._known = self._known * fading + 1 - fading
            self._at, self._bytes = now, moved_bytes
        return self._rate / self._known if now - self._began >= SETTLED_S else 0.0


def seconds_left(bytes_left: int, bytes_per_s: float) -> float | None:
    """Return how long the rest takes at this speed, None where that can't be told."""
    return bytes_left / bytes_per_s if bytes_per_s >= 1 else None
