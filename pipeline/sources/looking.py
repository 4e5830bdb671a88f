"""A file for PyAV of which only what is read is asked for: what a video is can be told without fetching it."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.media.source.readable_end import SourceFile
from pipeline.sources.fetched_file import FetchedFile
from pipeline.sources.remote_file import HEAD_BYTES
from pipeline.sources.spans import Span

LEAST_BYTES = 1 << 19
MOST_BYTES = 1 << 23
"""How much is asked for at once: twice as much each time that reading goes on where it was."""


class LookingFile(SourceFile):
    """Reads a file with holes, and has each filled before it is read."""

    def __init__(self, fetched: FetchedFile, fill: Callable[[Span], None]) -> None:
        super().__init__(fetched.path)
        self._fetched = fetched
        self._fill = fill
        self._ahead = LEAST_BYTES
        self._filled_to = HEAD_BYTES

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes, fetched where they are not there yet. Raises SourceError, Cancelled."""
        at, end = self.tell(), self._fetched.known.size_bytes or 0
        stop = end if size < 0 else min(at + size, end)
        if not self.spent and self._fetched.missing((at, stop)):
            self._ahead = min(self._ahead * 2, MOST_BYTES) if at <= self._filled_to <= stop else LEAST_BYTES
            self._filled_to = min(max(stop, at + self._ahead), end)
            for span in self._fetched.missing((at, self._filled_to)):
                self._fill(span)
            self._fetched.settle()
        return super().read(size)
