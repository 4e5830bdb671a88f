"""Work that nobody waits for: one thing at a time, on a thread that is there while there is something to do."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

ENDS_WITHIN_S = 5
"""How long the end of what is under way is waited for: a disk that is gone may never answer."""

_log = logging.getLogger(__name__)


class BackgroundThread:
    """Does what is asked for, each thing once, in the order in which it was asked for.

    Args:
        work: does one thing; should look at `closed` now and then where that takes long.
        most: how many things may wait; what is asked for beyond that is dropped.
    """

    def __init__(self, work: Callable[[str], None], *, most: int) -> None:
        self._work = work
        self._most = most
        self._changing = threading.Lock()
        self._waiting: dict[str, None] = {}
        self._thread: threading.Thread | None = None
        self.closed = False

    def ask(self, name: str) -> None:
        """Have one thing done, unless it waits already, too many do, or no more is done."""
        with self._changing:
            if self.closed or name in self._waiting or len(self._waiting) >= self._most:
                return
            self._waiting[name] = None
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="storage-background", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Do no more, and wait for what is under way."""
        with self._changing:
            self.closed = True
            self._waiting.clear()
            thread = self._thread
        if thread is not None:
            thread.join(ENDS_WITHIN_S)

    def _run(self) -> None:
        while True:
            with self._changing:
                name = next(iter(self._waiting), None)
                if name is None:
                    self._thread = None
                    return
            try:
                self._work(name)
            except Exception:  # noqa: BLE001  # the thread's outermost frame
                _log.exception("What a storage does beside everything else has failed.")
            with self._changing:
                self._waiting.pop(name, None)
