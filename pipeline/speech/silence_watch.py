"""Notices that a server has sent nothing for a while, also where its client waits without a limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

LOOK_S = 0.25


class SilenceWatch:
    """Calls `give_up` from a thread of its own when nothing came for `patience_s` while it was entered."""

    def __init__(self, patience_s: float, give_up: Callable[[], None]) -> None:
        self._patience_s = patience_s
        self._give_up = give_up
        self._last_s = 0.0
        self._over = threading.Event()

    def reset(self) -> None:
        """Note that something came."""
        self._last_s = time.monotonic()

    def __enter__(self) -> SilenceWatch:
        self._over = threading.Event()
        self.reset()
        threading.Thread(target=self._wait, args=(self._over,), name="silence-watch", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()

    def _wait(self, over: threading.Event) -> None:
        while not over.wait(LOOK_S):
            if time.monotonic() - self._last_s >= self._patience_s:
                self._give_up()
                return
