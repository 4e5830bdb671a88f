"""What was read from a SQLite file, until it is changed: it is seldom changed, and each request asks.

Knows no table.
"""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Generic, TypeVar

from backend.state.sqlite_opening import open_existing

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
    data_version), also where two changes have the same time and size. On a full disk, where none can be kept, it
    looks at times and sizes.

    Args:
        path: where the file is; another one in its place is noticed, and that there is none any more.
        read: reads it; what it raises passes through.
    """

    def __init__(self, path: Path, read: Callable[[sqlite3.Connection], _Content]) -> None:
        self._path = path
        self._read = read
        self._content: _Content | None = None
        self._version = -1
        self._alone: tuple[int, ...] | None = None
        """What the file was when it was read for which no connection can be kept."""
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

    def close(self) -> None:
        """Let go of the file until somebody asks again."""
        with self._lock:
            self._kept.close()

    def _newest(self, which: tuple[int, int]) -> _Content:
        if which != self._kept.which:
            self._kept.close()
            if self._content is not None and self._alone is not None and self._alone == self._state():
                return self._content
            opened = open_existing(self._path, wait_s=_WAIT_S)
            if not opened.shared:
                return self._read_alone(opened.connection)
            self._kept.connection, self._kept.which, self._version = opened.connection, which, -1
        connection = self._kept.connection
        assert connection is not None
        # asked before reading: what is changed in between is read now, and once more next time
        version = connection.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version or self._content is None:
            self._content = self._whole(connection)
            self._version = version
        return self._content

    def _read_alone(self, connection: sqlite3.Connection) -> _Content:
        """Read the file where a connection to it can't be kept, and remember as what it was read."""
        before = self._state()
        with closing(connection):
            self._content = self._whole(connection)
        # closing it may have moved the log into the file: it is read once more then, and stays as it is
        after = self._state()
        self._alone = after if before == after else None
        return self._content

    def _whole(self, connection: sqlite3.Connection) -> _Content:
        connection.execute("BEGIN")
        try:
            return self._read(connection)
        finally:
            connection.execute("COMMIT")

    def _state(self) -> tuple[int, ...]:
        """Return what differs after each change: of the file, and of its log where there is something in it."""
        status, log = self._path.stat(), self._path.with_name(f"{self._path.name}-wal")
        logged = log.stat() if log.exists() else None
        of_log = (logged.st_size, logged.st_mtime_ns) if logged is not None and logged.st_size else ()
        return (status.st_ino, status.st_size, status.st_mtime_ns, *of_log)
