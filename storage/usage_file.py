"""The SQLite file in which all processes that share a storage count together. Knows nothing of what the counts mean."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from storage.errors import (
    StorageError,
    StorageFullError,
    StorageReadOnlyError,
    StorageSettingsError,
    StorageUnavailableError,
)
from storage.file_lock import locked

USAGE_FILE = "usage.sqlite3"
DAMAGED = ".damaged"
"""What a damaged file's name ends with once it was put aside."""

_VERSION = 1
_BUSY_S = 20
"""How long a change waits for those of others, in seconds: each takes a few milliseconds."""

_INDEX_BYTES = 64 << 10
"""What SQLite needs to open the file, at least: the index of its log has 32 KiB."""

_SCHEMA = """
CREATE TABLE state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    measured_s REAL,
    due_s REAL NOT NULL DEFAULT 0,
    measuring TEXT,
    measuring_until_s REAL NOT NULL DEFAULT 0,
    other_bytes INTEGER NOT NULL DEFAULT 0
);
INSERT INTO state (id) VALUES (1);
CREATE TABLE counted (
    prefix TEXT PRIMARY KEY,
    objects_bytes INTEGER NOT NULL,
    parts_bytes INTEGER NOT NULL,
    reserved_bytes INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE reservations (
    id TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    replaced_bytes INTEGER NOT NULL,
    until_s REAL NOT NULL,
    outside INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE parts (
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    path TEXT NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (upload_id, number)
) WITHOUT ROWID;
CREATE INDEX reservations_by_end ON reservations (outside, until_s);
CREATE TRIGGER reserved AFTER INSERT ON reservations BEGIN
    UPDATE counted SET reserved_bytes = reserved_bytes + max(0, new.size_bytes - new.replaced_bytes)
    WHERE substr(new.path, 1, length(prefix)) = prefix;
END;
CREATE TRIGGER released AFTER DELETE ON reservations BEGIN
    UPDATE counted SET reserved_bytes = reserved_bytes - max(0, old.size_bytes - old.replaced_bytes)
    WHERE substr(old.path, 1, length(prefix)) = prefix;
END;
CREATE TABLE changes (
    path TEXT NOT NULL,
    upload_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    PRIMARY KEY (path, upload_id, number)
) WITHOUT ROWID;
"""

_TABLES = ("state", "counted", "reservations", "parts", "changes")


class _DamagedError(Exception):
    """The file is not what SQLite wrote."""


class UsageFile:
    """The file, open from the first transaction on. Thread-safe; several processes may have it.

    What it holds can be found out again: a damaged one is put aside, and one that has gone is made anew, empty.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def prepare(self) -> None:
        """Make the file and its folder. Raises StorageSettingsError, StorageUnavailableError."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise StorageSettingsError(
                f"The folder {self._file.parent} can't be made ({error.strerror}): what is stored is counted there. "
                "Check its permissions or choose another one."
            ) from error
        with self.transaction():
            pass

    def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._identity = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield a connection for changes that take place together or not at all.

        No other thread or process changes anything meanwhile. Raises StorageUnavailableError, StorageFullError; what
        the block raises passes, and nothing was changed.
        """
        with self._lock:
            try:
                connection = self._opened()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                self.close()  # looked at when it is opened again
                raise self._failed(str(error)) from error

    def _opened(self) -> sqlite3.Connection:
        if self._connection is not None and self._identity != self._found():
            self.close()  # somebody removed it or put another one there
        if self._connection is None:
            try:
                self._connection = self._connect()
            except _DamagedError:
                try:
                    self._connection = self._made_anew()
                except (_DamagedError, OSError) as error:
                    raise self._failed(str(error)) from error
            self._identity = self._found()
        return self._connection

    def _found(self) -> tuple[int, int] | None:
        with suppress(OSError):
            status = self._file.stat()
            return status.st_dev, status.st_ino
        return None

    def _connect(self) -> sqlite3.Connection:
        """Open the file, which becomes one of ours where it is new. Raises _DamagedError, sqlite3.Error."""
        given_up_s = time.monotonic() + _BUSY_S
        while True:
            try:
                return self._try_to_connect()
            except sqlite3.OperationalError as error:
                # SQLite waits for others, but not while a new file becomes one with a WAL (russellromney/honker#102)
                if "locked" not in str(error) or time.monotonic() > given_up_s:
                    raise
                time.sleep(0.02)

    def _try_to_connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")  # what a power failure loses is found by measuring
            connection.execute("BEGIN IMMEDIATE")
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version > _VERSION:
                raise StorageSettingsError(
                    f"The file {self._file} is a later version's: use that version, or remove the file; what is stored "
                    "is then measured anew."
                )
            if version == 0:
                for statement in _statements(_SCHEMA):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {_VERSION}")
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            for table in _TABLES:
                connection.execute(f"SELECT 1 FROM {table} LIMIT 1")  # no text from outside
            connection.execute("COMMIT")
        except BaseException as error:
            connection.close()
            if isinstance(error, sqlite3.DatabaseError) and _is_damage(error):
                raise _DamagedError(str(error)) from error
            raise
        if damage != "ok":
            connection.close()
            raise _DamagedError(damage)
        return connection

    def _made_anew(self) -> sqlite3.Connection:
        """Put a damaged file aside, unless another process has done so meanwhile, and return a new one."""
        with locked(self._file.with_name(f"{self._file.stem}.lock")):
            with suppress(_DamagedError):
                return self._connect()
            for ending in ("-wal", "-shm"):
                self._file.with_name(self._file.name + ending).unlink(missing_ok=True)
            os.replace(self._file, self._file.with_name(self._file.name + DAMAGED))  # noqa: PTH105
            return self._connect()

    def _failed(self, reason: str) -> StorageError:
        # SQLite's words for SQLITE_FULL, and for having no room for its log's index; Python 3.10 tells no numbers
        if "full" in reason or ("disk I/O error" in reason and self._disk_is_full()):
            return StorageFullError(f"The disk with {self._file} is full: free some space. Nothing was stored.")
        if self._disk_is_read_only():
            return StorageReadOnlyError(f"{self._file} can only be read: check its disk. Nothing was stored.")
        return StorageUnavailableError(
            f"What is stored can't be counted in {self._file} ({reason}): check the folder, its permissions and the "
            "disk. Nothing was stored."
        )

    def _disk_is_full(self) -> bool:
        with suppress(OSError):
            return shutil.disk_usage(self._file.parent).free < _INDEX_BYTES
        return False

    def _disk_is_read_only(self) -> bool:
        with suppress(OSError):
            return sys.platform != "win32" and bool(os.statvfs(self._file.parent).f_flag & os.ST_RDONLY)
        return False


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    # OperationalError is a full disk, a lock, a folder that is missing: but also tables that are not ours
    return type(error) is sqlite3.DatabaseError or "no such" in str(error) or "already exists" in str(error)


def _statements(script: str) -> Iterator[str]:
    """Yield a script's statements: `executescript` would commit between them."""
    statement = ""
    for line in script.splitlines():
        statement += f"{line}\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
