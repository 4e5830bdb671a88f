"""Shows progress in a thread of its own, so that a desktop that doesn't answer never holds the window up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from ui.taskbar.progress import NOTHING, TaskbarProgress

logger = logging.getLogger(__name__)

Show = Callable[[TaskbarProgress], None]


class InBackground:
    """A display whose connection `connect` makes, when there is something to show for the first time.

    The last progress counts: what was not shown in time is passed over. A connection that fails is made no second time.
    """

    def __init__(self, connect: Callable[[], AbstractContextManager[Show]]) -> None:
        self._connect = connect
        self._changed = threading.Condition()
        self._wanted = NOTHING
        self._closed = False
        self.thread: threading.Thread | None = None

    def show(self, progress: TaskbarProgress) -> None:
        """Let it be shown soon."""
        with self._changed:
            self._wanted = progress
            self._changed.notify()
        if self.thread is None and not self._closed:
            self.thread = threading.Thread(target=self._outermost, name="taskbar", daemon=True)
            self.thread.start()

    def close(self) -> None:
        """Let nothing be shown any more, and the thread end."""
        with self._changed:
            self._wanted, self._closed = NOTHING, True
            self._changed.notify()

    def _outermost(self) -> None:
        try:
            with self._connect() as show:
                self._show_all(show)
        except Exception as error:  # noqa: BLE001  # each desktop fails in its own way, and nothing depends on it
            logger.info("the taskbar shows no progress: %s", error)

    def _show_all(self, show: Show) -> None:
        shown, closed = NOTHING, False
        while not closed:
            wanted, closed = self._other_than(shown)
            if wanted != shown:
                show(wanted)
                shown = wanted

    def _other_than(self, shown: TaskbarProgress) -> tuple[TaskbarProgress, bool]:
        """Wait for something else to show, or for the end; return what to show, and whether it is the last."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._wanted != shown)
            return self._wanted, self._closed
