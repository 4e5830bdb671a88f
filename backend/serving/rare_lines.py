"""Log lines of what strangers can make happen as often as they like: one a while, with how often it was."""

from __future__ import annotations

from collections.abc import Callable

from backend.serving.log_output import notices

EVERY_S = 60.0


class RareLines:
    """Logs the first of its kind at once, and what follows in one line a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said: dict[str, tuple[float, int]] = {}

    def note(self, sentence: str) -> None:
        """Say that something happened; the sentence is its kind."""
        if sentence in self._said:
            said_s, waiting = self._said[sentence]
            self._said[sentence] = said_s, waiting + 1
            self.say()
        else:
            self._said[sentence] = self._clock(), 0
            notices.warning("%s", sentence)

    def say(self) -> None:
        """Log what has waited long enough; forget what has not happened again."""
        now_s = self._clock()
        for sentence, (said_s, waiting) in list(self._said.items()):
            if now_s - said_s < EVERY_S:
                continue
            if waiting:
                self._said[sentence] = now_s, 0
                notices.warning("%s (%d times more since this was said last)", sentence, waiting)
            else:
                del self._said[sentence]
