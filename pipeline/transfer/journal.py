"""What is confirmed, one line each, appended as it happens: readable after a kill at any byte.

Every line names its destination, so that one folder can go to several places. A file counts as confirmed as long as its
size and time are what they were.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.errors import OutputError
from pipeline.transfer.redaction import without_query

JOURNAL_FILE = ".upload_journal.jsonl"
SYNC_EVERY_S = 1.0
"""A killed process loses nothing that was flushed; a power cut loses at most this, which is then sent again."""


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where a folder goes. Confirmations count for exactly one destination."""

    backend_url: str
    prefix: str
    session_id: str | None = None

    @property
    def mark(self) -> str:
        """A short name for lines of the journal."""
        identity = json.dumps([self.backend_url.rstrip("/"), self.prefix, self.session_id or ""])
        return hashlib.sha256(identity.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class Confirmed:
    """A file that the store has: which one it was (size and time), and where it is now (URL without its query)."""

    size_bytes: int
    mtime_ns: int
    key: str
    url: str


@dataclass(frozen=True, kw_only=True)
class JournalContent:
    """What a journal says about one destination.

    `good_bytes` is how much of the file is whole lines; `corrupt` says that it holds more than a torn last line.
    """

    begun: bool = False
    started_at: str = ""
    confirmed: dict[str, Confirmed] = field(default_factory=dict)
    good_bytes: int = 0
    ends_whole: bool = True
    corrupt: bool = False


def read_journal(folder: Path, destination: Destination) -> JournalContent:
    """Read what is confirmed for a destination; a missing journal is an empty one. Raises OutputError."""
    path = folder / JOURNAL_FILE
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return JournalContent()
    except IsADirectoryError:
        return JournalContent(corrupt=True)
    except OSError as error:
        raise OutputError(f"{path} can't be read ({error.strerror}): check its permissions or remove it.") from error
    return parse_journal(data, destination)


def parse_journal(data: bytes, destination: Destination) -> JournalContent:
    """Read a journal's bytes. Only the last line may be torn."""
    *lines, tail = data.split(b"\n")
    begun, started_at, confirmed = False, "", dict[str, Confirmed]()
    good_bytes = len(data) - len(tail)
    if tail and _line(tail) is not None:
        lines.append(tail)
        good_bytes = len(data)
    for raw in lines:
        entry = _line(raw)
        if entry is None:
            return JournalContent(corrupt=True)
        if entry["to"] != destination.mark:
            continue
        if "began" in entry:
            begun, started_at = True, str(entry["began"])
            confirmed.clear()
        else:
            confirmed[entry["path"]] = Confirmed(size_bytes=entry["size"], mtime_ns=entry["mtime_ns"], key=entry["key"], url=entry["url"])
    return JournalContent(
        begun=begun,
        started_at=started_at,
        confirmed=confirmed,
        good_bytes=good_bytes,
        ends_whole=good_bytes == len(data) - len(tail),
    )


_FIELDS: dict[str, type] = {"path": str, "size": int, "mtime_ns": int, "key": str, "url": str}


def _line(raw: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("to"), str):
        return None
    whole = "began" in entry or all(isinstance(entry.get(name), kind) for name, kind in _FIELDS.items())
    return entry if whole else None


class Journal:
    """The journal of an upload in progress; safe from every thread.

    `confirmed` is what counted when it was opened. `notice` says what had to be set aside, empty when all was well.
    """

    def __init__(self, folder: Path, destination: Destination, *, resume: bool, now: str) -> None:
        self._path = folder / JOURNAL_FILE
        self._mark = destination.mark
        self._lock = threading.Lock()
        self._synced = time.monotonic()
        self.notice = ""
        content = read_journal(folder, destination)
        if content.corrupt:
            self.notice = set_aside(self._path)
            content = JournalContent()
        going_on = resume and content.begun
        self.confirmed = dict(content.confirmed) if going_on else {}
        self.started_at = content.started_at if going_on else now
        try:
            self._file = self._path.open("ab")
            # A torn last line goes, so that the next one does not glue onto it.
            if self._path.stat().st_size > content.good_bytes:
                self._file.truncate(content.good_bytes)
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            if not content.ends_whole:
                self._append(b"\n")
            if not going_on:
                self._append_entry({"to": self._mark, "began": now})
        except OutputError:
            self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        with self._lock:
            self._file.close()

    def confirm(self, path: str, confirmed: Confirmed) -> None:
        """Note that the store has a file. Takes the same time for the first and the last. Raises OutputError."""
        entry = {
            "to": self._mark,
            "path": path,
            "size": confirmed.size_bytes,
            "mtime_ns": confirmed.mtime_ns,
            "key": confirmed.key,
            "url": without_query(confirmed.url),
        }
        self._append_entry(entry)

    def _append_entry(self, entry: dict[str, Any]) -> None:
        # ASCII only: a file name that is not valid Unicode survives as an escape.
        self._append(json.dumps(entry, separators=(",", ":")).encode("ascii") + b"\n")

    def _append(self, data: bytes) -> None:
        with self._lock:
            try:
                self._file.write(data)
                self._file.flush()
                if time.monotonic() - self._synced >= SYNC_EVERY_S:
                    os.fsync(self._file.fileno())
                    self._synced = time.monotonic()
            except OSError as error:
                raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"{self._path} can't be written ({error.strerror}): free some space or check the folder's permissions.")


def set_aside(path: Path) -> str:
    """Rename a file that can't be understood, and return the line that says so. Raises OutputError."""
    for number in range(1, 1000):
        target = path.with_name(f"{path.name}.corrupt-{number}")
        if not target.exists():
            break
    try:
        path.replace(target)
    except OSError as error:
        raise OutputError(f"{path} is damaged and can't be renamed ({error.strerror}): remove it, then start again.") from error
    return f"{path.name} was damaged and is now {target.name}; the upload starts from the beginning."
