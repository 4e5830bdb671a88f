"""What was read from a SQLite file, until it is changed: it is seldom changed, and each request asks.

Knows no table.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

_WAIT_S = 1.0
"""How long a reader waits for another process where the disk has no WAL, in seconds: somebody waits for the answer."""

_Content = TypeVar("_Content")


class _Kept:
    """A connection that stays open, if there is one."""

    def __init__(self) -> None:
        self.connection: sqlite3.Connection | None = None
        self.which: tuple[int, int] | None = None

    def close(self) -> None:
        """Close it. Closing twice is fine."""
        if self.connection is not None:
            self.connection.close()
        self.connection = self.which = None


class SqliteCache(Generic[_Content]):
    """What `read` makes of a file, which any process may change. Thread-safe.

    It keeps a connection: SQLite then tells in microseconds whether another one has changed the file (PRAGMA
    data_version), also where two changes have the same time and size.

    Args:
        path: where the file is; another one in its place is noticed, and that there is none any more.
        read: reads it; what it raises passes through.
    """

    def __init__(self, path: Path, read: Callable[[sqlite3.Connection], _Content]) -> None:
        self._path = path
        self._read = read
        self._content: _Content | None = None
        self._version = -1
        self._kept = _Kept()
        self._lock = threading.Lock()
        weakref.finalize(self, self._kept.close)

    def current(self) -> _Content:
        """Return what is in the file now. Raises sqlite3.Error, and OSError where there is none."""
        with self._lock:
            try:
                status = self._path.stat()
                return self._newest((status.st_dev, status.st_ino))
            except BaseException:
                self._kept.close()
                raise

    def _newest(self, which: tuple[int, int]) -> _Content:
        if which != self._kept.which:
            self._kept.close()
            # mode=rw: SQLite can't read a file with a log that it may not touch
            self._kept.connection = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=_WAIT_S,
                isolation_level=None,
                check_same_thread=False,
            )
            self._kept.which, self._version = which, -1
        connection = self._kept.connection
        assert connection is not None
        # asked before reading: what is changed in between is read now, and once more next time
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or self._content is None:
            connection.execute("BEGIN")
            try:
                self._content = self._read(connection)
            finally:
                connection.execute("COMMIT")
            self._version = version
        return self._content
