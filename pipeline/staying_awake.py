"""Keeps this computer from going to sleep while it works. Alone imports wakepy, and only once it is needed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def kept_awake(say: Callable[[str], None]) -> Iterator[None]:
    """Keep this computer awake during the block; if the system does not let it, `say` gets a line about that."""
    awake = StayingAwake(say)
    awake.set(True)
    try:
        yield
    finally:
        awake.set(False)


class StayingAwake:
    """Used by one thread. Where the system does not let it, one line is said, and the work goes on."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._awake: contextlib.ExitStack | None = None
        self._said = False

    def set(self, wanted: bool) -> None:
        """Keep the computer awake from now on, or let it sleep; the screen may go dark."""
        if wanted and self._awake is None:
            self._awake = contextlib.ExitStack()
            self._begin(self._awake)
        elif not wanted and self._awake is not None:
            self._awake.close()
            self._awake = None

    def _begin(self, awake: contextlib.ExitStack) -> None:
        try:
            from wakepy import keep
        except ImportError:
            self._say_once("wakepy is not installed")
            return
        mode = awake.enter_context(keep.running(on_fail="pass"))
        if not mode.active:
            self._say_once("the system offers no way that wakepy knows")

    def _say_once(self, reason: str) -> None:
        if not self._said:
            self._say(f"This computer may go to sleep while it works ({reason}): change that in the system's settings.")
        self._said = True
