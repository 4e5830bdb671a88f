"""Opens SQLite files that are there, also on a disk that is full or can only be read.

With a log (WAL), SQLite keeps an index of it beside the file, which all processes share. Where there is no room for
that, whoever has the file for himself needs none (SQLite, "Write-Ahead Logging", section 8).
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple


class OpenedFile(NamedTuple):
    """A connection. It is not `shared` where others wait until it is closed, or changes of theirs would not be seen."""

    connection: sqlite3.Connection
    shared: bool


def open_existing(path: Path, *, wait_s: float) -> OpenedFile:
    """Open a file, which is not made where there is none. Threads may take turns with the connection.

    `wait_s` is for how long each statement waits for other processes, in seconds. Raises sqlite3.Error.
    """
    # mode=rw: SQLite can't read a file with a log that it may not touch
    connection = _connected(path, "mode=rw", wait_s)
    try:
        _look(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        if not _lacks_files(error):
            raise
        return OpenedFile(_opened_alone(path, wait_s), shared=False)
    except BaseException:
        connection.close()
        raise
    return OpenedFile(connection, shared=True)


def _opened_alone(path: Path, wait_s: float) -> sqlite3.Connection:
    connection = _connected(path, "mode=rw", wait_s)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        _look(connection)
    except sqlite3.OperationalError as error:
        connection.close()
        log = path.with_name(f"{path.name}-wal")
        if not _lacks_files(error) or (log.exists() and log.stat().st_size):
            raise
        # a disk that can only be read: nobody changes the file, and nothing of it is in its log
        return _connected(path, "mode=ro&immutable=1", wait_s)
    except BaseException:
        connection.close()
        raise
    return connection


def _connected(path: Path, options: str, wait_s: float) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{options}"
    return sqlite3.connect(address, uri=True, timeout=wait_s, isolation_level=None, check_same_thread=False)


def _look(connection: sqlite3.Connection) -> None:
    """Read something: only then does SQLite open what belongs to the file."""
    connection.execute("PRAGMA schema_version").fetchone()


def _lacks_files(error: sqlite3.OperationalError) -> bool:
    # SQLITE_IOERR_SHMSIZE, SQLITE_CANTOPEN, SQLITE_READONLY_CANTINIT: the codes are Python 3.11's
    return any(words in str(error) for words in ("disk I/O error", "unable to open", "readonly"))
