"""The file records in one SQLite file. What is confirmed survives a crash: SQLite syncs before a commit returns."""

from __future__ import annotations

import json
import re
import sqlite3
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from backend.access.signing import PRIVATE
from backend.state.sqlite_file import BUSY_S, SqliteFile, SqliteFileError

RECORDS_FILE = "records.sqlite3"
OLD_FILE = "records.jsonl"
"""Where an earlier version kept them, one JSON line each."""

TAKEN_OVER = "records.jsonl.taken-over"

MAX_PAGE_BYTES = 1 << 20
"""A page ends before a record with which it would have more, in bytes of JSON."""

_PLACE = re.compile(r"position-([0-9]{1,18})")
"""Where a page ended; unlike the last record itself, a place is still there when that was deleted."""


class DamagedRecordError(Exception):
    """What is kept under an id is no record."""


@dataclass(frozen=True, kw_only=True)
class RecordsPage:
    """Records, oldest first. `skipped` are the ids of those that can't be read; `next` leads on, None at the end."""

    records: list[dict[str, Any]]
    skipped: list[str]
    next: str | None


class FileRecords:
    """The records in one file. Thread-safe: every call has a connection of its own.

    Every method raises SqliteFileError, and SqliteBusyError when another process has kept the file for itself for
    `wait_s` seconds.
    """

    def __init__(self, file: Path) -> None:
        self._file = SqliteFile(file, what="file records", steps=(_make_table, _add_videos))

    def prepare(self) -> None:
        """Make the file, and take over what an earlier version kept, once."""
        old = self._file.path.with_name(OLD_FILE)
        try:
            lines = old.read_bytes().splitlines() if old.is_file() else []
        except OSError as error:
            raise _not_taken_over(old, error) from error
        rows = [_row(record) for line in lines if (record := _understood(line)) is not None and _has_id(record)]
        self._file.prepare()
        with self._file.changing() as connection:
            connection.executemany("INSERT OR IGNORE INTO files (id, record) VALUES (?, ?)", rows)
            _know_videos(connection)  # an earlier version may have written since
        if lines:
            try:
                old.replace(old.with_name(TAKEN_OVER))
            except OSError as error:
                raise _not_taken_over(old, error) from error

    def add(self, fields: Mapping[str, Any], *, wait_s: float = BUSY_S) -> tuple[dict[str, Any], int | None]:
        """Keep a record, on the disk when this returns; it takes the place of one that the video has.

        Returns the record with its id and the time when it was first made, and the bytes of the one that was replaced,
        None where there was none.
        """
        video, created = _video(fields), datetime.now(timezone.utc).isoformat(timespec="seconds")
        with self._file.changing(wait_s=wait_s) as connection:  # nobody else may add it between looking and writing
            connection.text_factory = _text
            question = "SELECT id, record FROM files WHERE video = ? ORDER BY position DESC LIMIT 1"
            found = connection.execute(question, (video,)).fetchone() if video else None
            if found is None:
                record = {"id": uuid.uuid4().hex, "createdAt": created, **fields}
                connection.execute("INSERT INTO files (id, record, video) VALUES (?, ?, ?)", (*_row(record), video))
            else:
                before = _understood(found[1]) or {}
                record = {"id": found[0], "createdAt": before.get("createdAt", created), **fields}
                connection.execute("UPDATE files SET record = ? WHERE id = ?", _row(record)[::-1])
        return record, None if found is None else len(str(found[1]).encode())

    def get(self, record_id: str, *, wait_s: float = BUSY_S) -> dict[str, Any] | None:
        """Return one record, None where there is none. Raises DamagedRecordError."""
        with self._file.reading(wait_s=wait_s) as connection:
            connection.text_factory = _text
            found = connection.execute("SELECT record FROM files WHERE id = ?", (record_id,)).fetchone()
        if found is None:
            return None
        record = _understood(found[0])
        if record is None:
            raise DamagedRecordError(record_id)
        return {**record, "id": record_id}

    def count(self, *, wait_s: float = BUSY_S) -> int:
        """Return how many records there are."""
        with self._file.reading(wait_s=wait_s) as connection:
            return int(connection.execute("SELECT count(*) FROM files").fetchone()[0])

    def delete(self, record_id: str, *, wait_s: float = BUSY_S) -> int:
        """Delete one record; one that is not there is fine. Returns the bytes that it had."""
        with self._file.changing(wait_s=wait_s) as connection:
            size_bytes = self._bytes(connection, "WHERE id = ?", record_id)
            connection.execute("DELETE FROM files WHERE id = ?", (record_id,))
        return size_bytes

    def total_bytes(self) -> int:
        """Return the bytes of all records together, as they are kept."""
        with self._file.reading() as connection:
            return self._bytes(connection, "")

    def page(
        self,
        *,
        after: str | None = None,
        limit: int,
        own: Callable[[Mapping[str, Any]], bool] | None = None,
        wait_s: float = BUSY_S,
    ) -> RecordsPage:
        """Return up to `limit` records, and no more than fit into MAX_PAGE_BYTES, but at least one.

        Args:
            after: begin behind the record of this id, or where a page ended (its `next`); None: with the first.
            limit: how many at most.
            own: says which records somebody may see; None: all, and the damaged ones are named.
            wait_s: how long to wait for another process.

        Raises:
            KeyError: no record has the id `after`.
        """
        records, skipped, size_bytes, last = list[dict[str, Any]](), list[str](), 0, 0
        with self._file.reading(wait_s=wait_s) as connection:
            connection.text_factory = _text
            question = "SELECT position, id, record FROM files WHERE position > ? ORDER BY position"
            # row by row: an earlier version took records of a megabyte, of which a thousand should not be held
            for position, name, kept in connection.execute(question, (_position(connection, after),)):
                record = _understood(kept)
                if own is not None and (record is None or not own(record)):
                    continue
                size_bytes += len(kept.encode()) if isinstance(kept, str) else 0
                count = len(records) + len(skipped)
                if count and (count == limit or size_bytes > MAX_PAGE_BYTES):
                    return RecordsPage(records=records, skipped=skipped, next=f"position-{last}")
                last = position
                if record is None:
                    skipped.append(name)
                else:
                    records.append({**record, "id": name})
        return RecordsPage(records=records, skipped=skipped, next=None)

    def _bytes(self, connection: sqlite3.Connection, which: str, *values: str) -> int:
        found = connection.execute(f"SELECT coalesce(sum(length(CAST(record AS BLOB))), 0) FROM files {which}", values)
        return int(found.fetchone()[0])

    def check(self, *, wait_s: float = BUSY_S) -> None:
        """See that the records can be read."""
        with self._file.reading(wait_s=wait_s) as connection:
            connection.execute("SELECT 1 FROM files LIMIT 1").fetchone()


def records_in(root: Path) -> FileRecords:
    """Return the records of the backend in a folder."""
    return FileRecords(root / PRIVATE / RECORDS_FILE)


def record_bytes(record: Mapping[str, Any]) -> int:
    """Return the bytes that a record has as it is kept."""
    return len(_row(record)[1].encode())


def _position(connection: sqlite3.Connection, after: str | None) -> int:
    """Return the place behind which to begin. Raises KeyError."""
    if after is None:
        return 0
    found = connection.execute("SELECT position FROM files WHERE id = ?", (after,)).fetchone()
    if found is not None:
        return int(found[0])
    if place := _PLACE.fullmatch(after):
        return int(place[1])
    raise KeyError(after)


def _video(record: Mapping[str, Any]) -> str:
    """Return what tells a video from others: its stream's key, else what there is of it, or nothing."""
    keys = record.get("s3Keys")
    keys = keys if isinstance(keys, dict) else {}
    return next((key for name in ("hls", "mp4", "transcript") if isinstance(key := keys.get(name), str) and key), "")


def _make_table(connection: sqlite3.Connection) -> None:
    """Version 1. Earlier versions of the program did not count: the table may be there."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS files "
        "(position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL)"
    )


def _add_videos(connection: sqlite3.Connection) -> None:
    """Version 2: which video a record is of. Here, too, it may be there."""
    if "video" not in {row[1] for row in connection.execute("PRAGMA table_info(files)")}:
        connection.execute("ALTER TABLE files ADD COLUMN video TEXT")
    connection.execute("CREATE INDEX IF NOT EXISTS files_by_video ON files (video)")


def _know_videos(connection: sqlite3.Connection) -> None:
    """Note of each record which video it is of where an earlier version did not."""
    connection.text_factory = _text
    unknown = connection.execute("SELECT position, record FROM files WHERE video IS NULL").fetchall()
    connection.executemany(
        "UPDATE files SET video = ? WHERE position = ?",
        [(_video(_understood(kept) or {}), position) for position, kept in unknown],
    )


def _row(record: Mapping[str, Any]) -> tuple[str, str]:
    return record["id"], json.dumps(record, ensure_ascii=False)


def _text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")  # one text that is none must not keep the others from being read


def _understood(kept: object) -> dict[str, Any] | None:
    """Read a record as it is kept; None for what is none, such as a line that a crash left half-written."""
    if not isinstance(kept, str | bytes):
        return None
    try:
        record = json.loads(kept)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _has_id(record: Mapping[str, Any]) -> bool:
    return isinstance(record.get("id"), str)


def _not_taken_over(old: Path, error: OSError) -> SqliteFileError:
    return SqliteFileError(
        f"The file records in {old} can't be taken over ({error.strerror or 'unreadable'}): "
        "check the folder, its permissions and the disk."
    )
