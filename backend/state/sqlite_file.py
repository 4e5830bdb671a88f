"""One SQLite file of the backend: its version and the steps that lead there, transactions, errors as sentences.

Several processes may have it open. Knows no table.
"""

from __future__ import annotations

import errno
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeAlias

from backend.state.sqlite_opening import open_existing
from pipeline.errors import SettingsError

Step: TypeAlias = Callable[[sqlite3.Connection], None]

BUSY_S = 3.0
"""How long a request waits for another process that writes, in seconds."""

_START_BUSY_S = 30.0
"""How long a start waits for another one that changes the tables, in seconds."""

_TRY_AGAIN_S = 0.05


class SqliteFileError(Exception):
    """The file can't be read or written; the text is a sentence."""


class SqliteBusyError(SqliteFileError):
    """Another process keeps the file for itself for longer than somebody may wait."""


class SqliteFile:
    """A file that every call opens for itself. Thread-safe.

    Args:
        path: where it is.
        what: what is in it, in the plural, for sentences: "file records".
        steps: what makes of the tables of each version those of the next one, in order. Version 0 is an empty file, or
            one from before the versions were counted.
    """

    def __init__(self, path: Path, *, what: str, steps: Sequence[Step]) -> None:
        self.path = path
        self._what = what
        self._steps = steps

    def prepare(self) -> None:
        """Make the file, and bring its tables to this version. Raises SqliteFileError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.path.touch(mode=0o600)  # SQLite gives its other files the same permissions
        except OSError as error:
            # viewers are served from a disk that can only be read, too
            if error.errno != errno.EROFS or not self.path.exists():
                raise self._failed(error.strerror or "not writable") from error
        with self.reading(wait_s=_START_BUSY_S) as connection:
            is_current = self._refuse_newer(connection) == len(self._steps)
            self._let_readers_pass(connection)
        if is_current:
            return
        with self.changing(wait_s=_START_BUSY_S) as connection:
            # looked at in here: another process may be doing the same
            for number in range(self._refuse_newer(connection), len(self._steps)):
                self._steps[number](connection)
                connection.execute(f"PRAGMA user_version = {number + 1}")

    @contextmanager
    def reading(self, *, wait_s: float = BUSY_S) -> Iterator[sqlite3.Connection]:
        """Yield a connection. Raises SqliteFileError, and SqliteBusyError after `wait_s` seconds of waiting."""
        try:
            with closing(open_existing(self.path, wait_s=wait_s).connection) as connection:
                connection.execute("PRAGMA synchronous = FULL")  # what is confirmed survives a power cut
                yield connection
        except sqlite3.Error as error:
            if _is_busy(error):
                raise SqliteBusyError(
                    f"The {self._what} are in use by another process now: try again in some seconds."
                ) from error
            raise self._failed(str(error)) from error

    @contextmanager
    def changing(self, *, wait_s: float = BUSY_S) -> Iterator[sqlite3.Connection]:
        """Yield a connection in a transaction that nobody else writes in; raises as `reading` does."""
        with self.reading(wait_s=wait_s) as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def administered(self) -> Iterator[sqlite3.Connection]:
        """Yield a transaction in a file that is made where it is missing, for a start or a command.

        Raises SettingsError.
        """
        try:
            self.prepare()
            with self.changing() as connection:
                yield connection
        except SqliteFileError as error:
            raise SettingsError(str(error)) from error

    def _refuse_newer(self, connection: sqlite3.Connection) -> int:
        """Return the version of the tables."""
        version: int = connection.execute("PRAGMA user_version").fetchone()[0]
        if version > len(self._steps):
            raise SqliteFileError(
                f"The {self._what} in {self.path} were made by a newer version of this program: update the program."
            )
        return version

    def _let_readers_pass(self, connection: sqlite3.Connection) -> None:
        """Have writers keep no reader waiting; where the disk can't do that, they do."""
        until_s = time.monotonic() + _START_BUSY_S
        while True:  # SQLite doesn't wait for others here by itself
            try:
                connection.execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if not _is_busy(error) or time.monotonic() > until_s:
                    raise
                time.sleep(_TRY_AGAIN_S)
            else:
                return

    def _failed(self, reason: str) -> SqliteFileError:
        return SqliteFileError(
            f"The {self._what} in {self.path} can't be used ({reason}): check the folder, its permissions and the disk."
        )


def _is_busy(error: sqlite3.Error) -> bool:
    # "database is locked", "database table is locked" (SQLite, "Result and Error Codes"); codes are Python 3.11's
    return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)
