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
    """Decides how long the threads of an upload wait while requests fail.

    It ends `limit_s` after the last request of any thread that succeeded, since a server in trouble fails them all
    alike. Without a limit (0) a file or part has its own tries and no more. `in_rounds` says that what fails is tried
    again after all others. `announce` is called once when waiting begins, and once when it ends.
    """

    def __init__(
        self,
        limit_s: float = 0.0,
        announce: MessageListener = ignore_notice,
        *,
        clock: Callable[[], float] = time.monotonic,
        work: str = "upload",
    ) -> None:
        self._work = work
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
        """How many requests have succeeded so far."""
        return self._steps

    @property
    def spent(self) -> bool:
        """Whether no request has succeeded for longer than the limit."""
        since = self._failing_since
        return since is not None and self._clock() - since >= self.limit_s

    @property
    def troubled(self) -> bool:
        """Whether a file or part has used up its own tries since the last success: another one would fare no better."""
        return self._pauses > 0

    def lasts(self, steps: int) -> bool:
        """Whether a file or part that has failed should wait and try again now.

        `steps` is how many requests had succeeded when it began to fail: in rounds it is put off while others succeed.
        """
        return not self.spent and not (self.in_rounds and self._steps != steps)

    def pause(self) -> float:
        """Return how long the next pause is, in seconds."""
        with self._lock:
            self._pauses += 1
            return PAUSES_S[min(self._pauses, len(PAUSES_S)) - 1]

    def failed(self) -> None:
        """Note that a try failed; the time to the limit counts from the first failure after a success."""
        with self._lock:
            if self._failing_since is None:
                self._failing_since = self._clock()

    def forgive(self) -> None:
        """Let the time to the limit begin anew: the delay was a pause by the editor, a login or a lost network."""
        with self._lock:
            self._failing_since = None

    def progress(self) -> None:
        """Note that a request succeeded."""
        with self._lock:
            self._steps += 1
            self._pauses = 0
            self._failing_since = None
            origin, self._waits_for = self._waits_for, ""
        if origin:
            self._announce(f"{origin} takes files again: the {self._work} goes on.", LogLevel.INFO)

    def waits(self, refusal: Refusal, pause_s: float) -> None:
        """Note that a pause of `pause_s` begins because of a refusal, and announce the first."""
        with self._lock:
            first = not self._waits_for and self.limit_s > 0
            self._waits_for = refusal.origin
        if first:
            said = f"status {refusal.status}" if refusal.status else "no answer"
            most = f"{max(1, round(max(self.limit_s, pause_s) / 60))} min"
            self._announce(
                f"{refusal.origin} is too busy or has a problem ({said}): the {self._work} waits, "
                f"and goes on by itself. It gives up when nothing gets through for {most}.",
                LogLevel.WAITING,
            )
