"""Notices when a source changes while it is worked on: another size, another time, another file in its place."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import SourceError


class SourceWatch:
    """A source as it was when the job was checked. `check` may be called from any thread. Raises SourceError when it is gone."""

    def __init__(self, path: Path, *, size_bytes: int, mtime_ns: int) -> None:
        self._path = path
        self._known = (size_bytes, mtime_ns)
        self._inode = self._status().st_ino

    def check(self) -> None:
        """Raise SourceError when the source is not what it was. Takes some microseconds."""
        status = self._status()
        if (status.st_size, status.st_mtime_ns) != self._known or status.st_ino != self._inode:
            raise SourceError(
                f"{self._path} changed while it was read: wait until the recording, copy or export has ended, and start again."
            )

    def _status(self) -> os.stat_result:
        try:
            return self._path.stat()
        except OSError as error:
            reason = f"{self._path} was moved or deleted while it was read ({error.strerror}): put it back and start again."
            raise SourceError(reason) from error
