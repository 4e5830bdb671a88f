"""How long uploads are tried again whose backend can't be reached, and after which pauses. Knows no job."""

from __future__ import annotations

from collections.abc import Callable

PAUSES_S = (15.0, 30.0, 60.0, 120.0, 300.0)
"""How long a parked upload waits before each further try while other jobs go on; the last one is repeated."""

END_PAUSE_S = 20.0
"""The longest pause when only parked uploads are left."""


class ParkingPatience:
    """Runs out when nothing but parked uploads is left, and `limit_s` has passed without a sign of their backend.

    `clock` returns the time in seconds.
    """

    def __init__(self, limit_s: float, clock: Callable[[], float]) -> None:
        self._limit_s = limit_s
        self._clock = clock
        self._since_s: float | None = None

    def begin(self) -> bool:
        """Count from now on, for nothing else is left; return False if that is so already."""
        if self._since_s is not None:
            return False
        self._since_s = self._clock()
        return True

    def renew(self) -> None:
        """Count anew when nothing else is left the next time: the backend was there."""
        self._since_s = None

    @property
    def is_spent(self) -> bool:
        """Whether no further try is made."""
        since_s = self._since_s
        return since_s is not None and self._clock() - since_s >= self._limit_s

    def pause_s(self, tries: int) -> float:
        """Return how long an upload waits that was tried so many times before."""
        pause_s = PAUSES_S[min(tries, len(PAUSES_S) - 1)]
        return pause_s if self._since_s is None else min(pause_s, END_PAUSE_S)
