"""The file records in one SQLite file. What is confirmed survives a crash: SQLite syncs before a commit returns."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

RECORDS_FILE = "records.sqlite3"
OLD_FILE = "records.jsonl"
"""Where an earlier version kept them, one JSON line each."""

TAKEN_OVER = "records.jsonl.taken-over"

_BUSY_S = 30
"""How long a write waits for another process that writes."""

_TABLE = """
    CREATE TABLE IF NOT EXISTS files (
        position INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        record TEXT NOT NULL,
        video TEXT
    )
"""

_INDEX = "CREATE INDEX IF NOT EXISTS files_by_video ON files (video)"


class RecordsError(Exception):
    """The records can't be read or written; the text is a sentence."""


class FileRecords:
    """The records in one file. Thread-safe: every call has a connection of its own."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def prepare(self) -> None:
        """Make the file, and take over what an earlier version kept, once. Raises RecordsError."""
        old = self._file.with_name(OLD_FILE)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lines = old.read_bytes().splitlines() if old.is_file() else []
        except OSError as error:
            raise self._failed(error.strerror or "unreadable") from error
        rows = [_row(record) for line in lines if (record := _parse(line)) is not None]
        with self._open(create=True) as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(_TABLE)
            connection.executemany("INSERT OR IGNORE INTO files (id, record) VALUES (?, ?)", rows)
            _know_videos(connection)
        if lines:
            try:
                old.replace(old.with_name(TAKEN_OVER))
            except OSError as error:
                raise self._failed(error.strerror or "not renamed") from error

    def add(self, fields: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Keep a record, on the disk when this returns; it takes the place of one that the video has.

        Returns the record with its id and the time when it was first made, and whether there was one. Raises
        RecordsError.
        """
        video, created = _video(fields), datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._open() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")  # nobody else may add it between looking and writing
            question = "SELECT record FROM files WHERE video = ? ORDER BY position DESC LIMIT 1"
            found = connection.execute(question, (video,)).fetchone() if video else None
            if found is None:
                record = {"id": uuid.uuid4().hex, "createdAt": created, **fields}
                connection.execute("INSERT INTO files (id, record, video) VALUES (?, ?, ?)", (*_row(record), video))
            else:
                before = json.loads(found[0])
                record = {"id": before["id"], "createdAt": before.get("createdAt", created), **fields}
                connection.execute("UPDATE files SET record = ? WHERE id = ?", _row(record)[::-1])
        return record, found is not None

    def get(self, record_id: str) -> dict[str, Any] | None:
        """Return one record, None where there is none. Raises RecordsError."""
        with self._open() as connection:
            found = connection.execute("SELECT record FROM files WHERE id = ?", (record_id,)).fetchone()
        return None if found is None else dict(json.loads(found[0]))

    def page(self, *, after: str | None = None, limit: int) -> tuple[list[dict[str, Any]], bool]:
        """Return up to `limit` records, oldest first, and whether there are more.

        Args:
            after: begin behind the record of this id; None: with the first.
            limit: how many at most.

        Raises:
            KeyError: no record has the id `after`.
            RecordsError: the file can't be read.
        """
        with self._open() as connection:
            begin = (
                (0,)
                if after is None
                else connection.execute("SELECT position FROM files WHERE id = ?", (after,)).fetchone()
            )
            if begin is None:
                raise KeyError(after)
            question = "SELECT record FROM files WHERE position > ? ORDER BY position LIMIT ?"
            rows = connection.execute(question, (begin[0], limit + 1)).fetchall()
        return [dict(json.loads(row[0])) for row in rows[:limit]], len(rows) > limit

    def check(self) -> None:
        """See that the records can be read. Raises RecordsError."""
        with self._open() as connection:
            connection.execute("SELECT 1 FROM files LIMIT 1").fetchone()

    @contextmanager
    def _open(self, *, create: bool = False) -> Iterator[sqlite3.Connection]:
        # mode=rw: a folder that went away must be noticed, not filled with an empty file.
        address = f"{self._file.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=_BUSY_S)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                yield connection
        except sqlite3.Error as error:
            raise self._failed(str(error)) from error

    def _failed(self, reason: str) -> RecordsError:
        return RecordsError(
            f"The file records in {self._file} can't be used ({reason}): "
            "check the folder, its permissions and the disk."
        )


def _video(record: Mapping[str, Any]) -> str:
    """Return what tells a video from others: its stream's key, else what there is of it, or nothing."""
    keys = record.get("s3Keys")
    keys = keys if isinstance(keys, dict) else {}
    return next((key for name in ("hls", "mp4", "transcript") if isinstance(key := keys.get(name), str) and key), "")


def _know_videos(connection: sqlite3.Connection) -> None:
    """Note of each record which video it is of; an earlier version did not."""
    if "video" not in {row[1] for row in connection.execute("PRAGMA table_info(files)")}:
        connection.execute("ALTER TABLE files ADD COLUMN video TEXT")
    unknown = connection.execute("SELECT id, record FROM files WHERE video IS NULL").fetchall()
    connection.executemany(
        "UPDATE files SET video = ? WHERE id = ?", [(_video(json.loads(record)), name) for name, record in unknown]
    )
    connection.execute(_INDEX)


def _row(record: Mapping[str, Any]) -> tuple[str, str]:
    return record["id"], json.dumps(record, ensure_ascii=False)


def _parse(line: bytes) -> dict[str, Any] | None:
    """Read a line of the old file; None for one that a crash left half-written."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("id"), str) else None
