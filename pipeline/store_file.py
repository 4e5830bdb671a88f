"""The SQLite file of the queue: its tables and their version, transactions, and errors as sentences.

Knows the tables, but not what their rows mean.
"""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipeline.errors import JobStoreError

IN_MEMORY = Path(":memory:")
"""The path of a queue that ends with its process."""

SCHEMA = 2
"""The version of the tables, stored as SQLite's user_version; a change to them raises it and adds a step to
`_CHANGES`."""

BUSY_S = 30.0
"""How long a transaction waits for another process that writes, in seconds."""

OPEN_STATES = "('waiting', 'held', 'running', 'parked')"

_INDEXES = (
    f"CREATE INDEX jobs_open ON jobs (folder) WHERE state IN {OPEN_STATES}",
    f"CREATE INDEX jobs_order ON jobs (place) WHERE state IN {OPEN_STATES}",
    "CREATE INDEX jobs_place ON jobs (place)",
)

_TABLES = (
    """
    CREATE TABLE jobs (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL,
        slug TEXT NOT NULL,
        folder TEXT NOT NULL,
        identity TEXT NOT NULL,
        backend_url TEXT NOT NULL,
        job TEXT NOT NULL,
        added_at REAL NOT NULL,
        wanted_by TEXT NOT NULL DEFAULT '[]',
        tries INTEGER NOT NULL DEFAULT 0,
        owner TEXT,
        heard_at REAL,
        beats INTEGER NOT NULL DEFAULT 0,
        parked_at REAL,
        parked_until REAL,
        reason TEXT NOT NULL DEFAULT '',
        ended_at REAL,
        report TEXT NOT NULL DEFAULT '',
        place INTEGER NOT NULL DEFAULT 0,
        listed INTEGER NOT NULL DEFAULT 0,
        label TEXT
    )
    """,
    *_INDEXES,
    "CREATE INDEX jobs_ended ON jobs (ended_at) WHERE ended_at IS NOT NULL",
)

_CHANGES = {
    1: (
        "ALTER TABLE jobs ADD COLUMN place INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN listed INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE jobs ADD COLUMN label TEXT",
        "UPDATE jobs SET place = position",
        "DROP INDEX jobs_open",
        *_INDEXES,
    ),
}
"""What makes of the tables of each earlier version those of the next one."""


class StoreFile:
    """One connection for all threads of this process. Every method raises JobStoreError with a sentence."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.RLock()
        try:
            if path != IN_MEMORY:
                path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.touch(mode=0o600)  # SQLite gives its other files the same permissions
            self._connection = sqlite3.connect(path, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from error
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """Run several statements as one transaction."""
        with self._lock, self._sentences():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def rows(self, query: str, values: Sequence[object] = ()) -> list[sqlite3.Row]:
        """Return the rows that a query finds."""
        with self._lock, self._sentences():
            return self._connection.execute(query, values).fetchall()

    def mark(self) -> tuple[int, int]:
        """Return what differs from an earlier return if anything in the file may have changed since."""
        with self._lock, self._sentences():
            by_others: int = self._connection.execute("PRAGMA data_version").fetchone()[0]
            return by_others, self._connection.total_changes

    def _prepare(self) -> None:
        with self._sentences():
            self._connection.row_factory = sqlite3.Row
            if self._version() <= SCHEMA:
                self._connection.execute("PRAGMA journal_mode = WAL")  # readers and one writer, side by side
                self._connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may undo the last changes
        with self.change() as connection:
            version = self._version()
            if version > SCHEMA:
                text = (
                    f"The queue in {self._path} was made by a newer version of this program: update the program, "
                    "or move the file away to get a new queue."
                )
                raise JobStoreError(text)
            if version == 0 and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise self._broken("it holds something else")
            if version < SCHEMA:
                steps = (_CHANGES[step] for step in range(version, SCHEMA)) if version else (_TABLES,)
                for statement in itertools.chain(*steps):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {SCHEMA}")

    def _version(self) -> int:
        version: int = self._connection.execute("PRAGMA user_version").fetchone()[0]
        return version

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError | sqlite3.Error) -> JobStoreError:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(error, sqlite3.OperationalError):
            return self._broken(str(error))
        reason = error.strerror if isinstance(error, OSError) else str(error)
        return JobStoreError(
            f"The queue in {self._path} can't be used ({reason}): check that its folder can be written and that "
            "its disk has room."
        )

    def _broken(self, reason: str) -> JobStoreError:
        return JobStoreError(
            f"The queue in {self._path} can't be read ({reason}): move the file away, and a new queue is created."
        )
