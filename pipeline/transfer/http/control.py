"""What a front end controls of an upload: how many files at a time, how fast, and whether it is paused.

Safe from every thread.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from datetime import datetime

from pipeline.cancel import CancelToken
from pipeline.transfer.http.timetable import RateTimetable

PARALLEL = 4
LOOK_S = 0.1
"""How often whoever waits looks again; Cancel and a new limit take effect within this."""

_BURST_S = 0.1
_SHORTEST_S = 1e-3
"""Waiting for less would be waiting for rounding errors."""


class TransferControl:
    """Pauses, resumes and slows an upload while it runs. A limit goes before a timetable; without both it goes as fast
    as it can.

    `may_send` is asked before each block: while it says no, the upload is paused too, whoever resumes it. `away_s` is
    how long a server that was there is waited for while it can't be reached, in seconds: without end, unless whoever
    has the upload tries again later.
    """

    def __init__(
        self,
        *,
        parallel: int = PARALLEL,
        limit_bytes_s: float | None = None,
        timetable: RateTimetable | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], datetime] = datetime.now,
        may_send: Callable[[], bool] = lambda: True,
        away_s: float = math.inf,
    ) -> None:
        self.parallel = parallel
        self.away_s = away_s
        self._lock = threading.Lock()
        self._running = threading.Event()
        self._running.set()
        self._pauses = 0
        self._has_waited = False
        self.timetable = timetable
        self._limit = limit_bytes_s
        self._counted_limit: float | None = None
        self._clock = clock
        self._wall_clock = wall_clock
        self._may_send = may_send
        self._credit = 0.0
        self._counted_at = clock()

    def pause(self) -> None:
        """Send nothing more until `resume`; what is on its way stops where it is."""
        with self._lock:
            if self._running.is_set():
                self._running.clear()
                self._pauses += 1

    def resume(self) -> None:
        """Go on."""
        self._running.set()

    @property
    def paused(self) -> bool:
        """Whether the upload is paused."""
        return not self._running.is_set()

    @property
    def pauses(self) -> int:
        """How often it was paused: a connection that broke during a pause is nobody's fault."""
        return self._pauses

    @property
    def held_back(self) -> bool:
        """Whether it was paused, or a limit has made it wait: what it took then says nothing of the line."""
        return self._pauses > 0 or self._has_waited

    @property
    def limit_bytes_s(self) -> float | None:
        """The most bytes a second for all files together now, None for no limit."""
        timetable = self.timetable
        if self._limit is not None or timetable is None:
            return self._limit
        return timetable.limit_at(self._wall_clock())

    @limit_bytes_s.setter
    def limit_bytes_s(self, limit: float | None) -> None:
        self._limit = limit

    def wait_until_running(self, cancel: CancelToken) -> None:
        """Return when the upload is not paused. Raises Cancelled."""
        while not self._running.wait(LOOK_S):
            cancel.check()
        while not self._may_send():
            self._has_waited = True
            cancel.wait(LOOK_S)
        cancel.check()

    def admit(self, size_bytes: int, cancel: CancelToken) -> None:
        """Return when so many bytes may go out: a token bucket that all threads share. Raises Cancelled."""
        self.wait_until_running(cancel)
        while (pause := self._take(size_bytes)) > 0:
            self._has_waited = True
            cancel.wait(min(pause, LOOK_S))
            self.wait_until_running(cancel)

    def _take(self, size_bytes: int) -> float:
        """Take from the bucket, which may owe one block; return how long it stays empty, 0 when it was taken."""
        with self._lock:
            limit, now = self.limit_bytes_s, self._clock()
            if limit != self._counted_limit:  # nobody waits for what another limit would have cost
                self._counted_limit, self._credit, self._counted_at = limit, 0.0, now
            if limit is None:
                return 0.0
            self._credit = min(self._credit + (now - self._counted_at) * limit, limit * _BURST_S)
            self._counted_at = now
            if self._credit < -limit * _SHORTEST_S:
                return -self._credit / limit
            self._credit -= size_bytes
            return 0.0
