"""What an upload says while it runs: lines for the editor, and lines for its log."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from pipeline.events import LogLevel
from pipeline.transfer.http.log_file import UploadLog

MessageListener = Callable[[str, LogLevel], None]
"""Is told a line for the editor, and how loud it is."""


class UploadMessages:
    """Lines for the editor, told in the thread that made this; those for the log wait until something is really sent.

    Safe from every thread.
    """

    def __init__(self, log: UploadLog, listener: MessageListener) -> None:
        self._log = log
        self._listener = listener
        self._thread = threading.get_ident()
        self._waiting: list[str] | None = []
        self._unflushed: deque[tuple[str, LogLevel]] = deque()
        self.notices: list[str] = []
        self.log_file = log.path

    def note(self, text: str) -> None:
        """Add a line to the log."""
        if self._waiting is None:
            self._log.write(text)
        else:
            self._waiting.append(text)

    def announce(self, text: str, level: LogLevel = LogLevel.WARNING) -> None:
        """Tell the editor, and the log too; nothing where the text is empty."""
        if not text:
            return
        self.notices.append(text)
        self.note(text)
        self._unflushed.append((text, level))
        if threading.get_ident() == self._thread:
            self.flush()

    def begin(self) -> None:
        """Something is sent now: write what has waited. Called before there are other threads."""
        waiting, self._waiting = self._waiting or [], None
        for text in waiting:
            self._log.write(text)

    def flush(self) -> None:
        """Tell the editor what came from other threads."""
        while self._unflushed:
            self._listener(*self._unflushed.popleft())
