"""How long an upload waits for temporary errors to pass, and what it says meanwhile.

One for all threads of an upload. Knows no HTTP.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from pipeline.events import LogLevel
from pipeline.transfer.http.messages import MessageListener
from pipeline.transfer.http.refusal import Refusal

PAUSES_S = (20.0, 40.0, 60.0)
"""The pauses when a thing's own tries are used up, in seconds; the last again and again:
a server that is back is noticed within that.
"""


def ignore_notice(text: str, level: LogLevel) -> None:
    """Ignore a notice."""


class Patience:
    """Ends `limit_s` after the last thing that got through, whichever thread it was:
    a server in trouble fails them all alike.

    With no limit (0) nothing is waited for beyond a thing's own tries. `in_rounds` says that what fails is tried again
    after all others. `announce` is told once when waiting begins, and once when it ends.
    """

    def __init__(
        self,
        limit_s: float = 0.0,
        announce: MessageListener = ignore_notice,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.limit_s = limit_s
        self.in_rounds = False
        self._announce = announce
        self._clock = clock
        self._lock = threading.Lock()
        self._steps = 0
        self._pauses = 0
        self._failing_since: float | None = None
        self._waits_for = ""

    @property
    def steps(self) -> int:
        """How many things got through so far."""
        return self._steps

    @property
    def spent(self) -> bool:
        """Whether nothing has got through for too long."""
        since = self._failing_since
        return since is not None and self._clock() - since >= self.limit_s

    @property
    def troubled(self) -> bool:
        """Whether own tries were used up since anything got through: those of other things would be no better."""
        return self._pauses > 0

    def lasts(self, steps: int) -> bool:
        """Whether a thing that fails since there were so many steps waits now.

        Where others get through it has its turn after them.
        """
        return not self.spent and not (self.in_rounds and self._steps != steps)

    def pause(self) -> float:
        """Return how long the next pause is, in seconds."""
        with self._lock:
            self._pauses += 1
            return PAUSES_S[min(self._pauses, len(PAUSES_S)) - 1]

    def failed(self) -> None:
        """A try failed: from the first one on after something got through the time counts."""
        with self._lock:
            if self._failing_since is None:
                self._failing_since = self._clock()

    def forgive(self) -> None:
        """What went by was nobody's failure: a pause that the editor made, a login, a network that was gone."""
        with self._lock:
            self._failing_since = None

    def progress(self) -> None:
        """Something got through."""
        with self._lock:
            self._steps += 1
            self._pauses = 0
            self._failing_since = None
            origin, self._waits_for = self._waits_for, ""
        if origin:
            self._announce(f"{origin} takes files again: the upload goes on.", LogLevel.INFO)

    def waits(self, refusal: Refusal, pause_s: float) -> None:
        """A longer pause begins."""
        with self._lock:
            first = not self._waits_for and self.limit_s > 0
            self._waits_for = refusal.origin
        if first:
            said = f"status {refusal.status}" if refusal.status else "no answer"
            most = f"{max(1, round(max(self.limit_s, pause_s) / 60))} min"
            self._announce(
                f"{refusal.origin} is too busy or has a problem ({said}): the upload waits, and goes on by itself. "
                f"It gives up when nothing gets through for {most}.",
                LogLevel.WAITING,
            )
