"""What is confirmed, one line each, appended as it happens: readable after a kill at any byte.

Every line names its destination, so that one folder can go to several places. A file counts as confirmed as long as its
size and time are what they were, or its content. An upload that begins anew begins a new run of lines; earlier runs
tell what was published.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.errors import OutputError
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.http.redaction import without_query

FORMAT = 2
"""1 knew neither content nor place; it is still read."""

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Confirmed:
    """A file that the store has: which one it was (size and time), and where it is now (URL without its query).

    `md5` (hex) is of what was sent; it and `etag` are empty where they are not known, `at` (UTC) too. `proven` is False
    where nothing shows that the store has it: earlier versions took any answer that said 200 for a confirmation.
    """

    size_bytes: int
    mtime_ns: int
    key: str
    url: str
    md5: str = ""
    etag: str = ""
    at: str = ""
    proven: bool = True


@dataclass(frozen=True, kw_only=True)
class BegunInParts:
    """A large file that the store is being given in parts, as it was when that began.

    `own_tags` says that the parts' ETags are not their MD5s.
    """

    size_bytes: int
    mtime_ns: int
    key: str
    url: str
    upload_id: str
    part_bytes: int
    own_tags: bool = False


@dataclass(frozen=True, kw_only=True)
class JournalContent:
    """What a journal says about one destination, in its last run.

    `place` is the folder below the prefix where everything but the master goes, empty for the prefix itself; `places`
    are those of every run. `published` is the master that was confirmed last, in whichever run. `parts` are files that
    were begun. `good_bytes` is how much of the file is whole lines; `corrupt` says that it holds more than a torn last
    line, or that a newer program wrote it.
    """

    begun: bool = False
    started_at: str = ""
    place: str = ""
    places: tuple[str, ...] = ()
    confirmed: dict[str, Confirmed] = field(default_factory=dict)
    published: Confirmed | None = None
    parts: dict[str, BegunInParts] = field(default_factory=dict)
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
    mark = destination.mark
    begun, started_at, confirmed = False, "", dict[str, Confirmed]()
    places: list[str] = []
    parts: dict[str, BegunInParts] = {}
    published: Confirmed | None = None
    good_bytes = len(data) - len(tail)
    if tail and _line(tail) is not None:
        lines.append(tail)
        good_bytes = len(data)
    for raw in lines:
        entry = _line(raw)
        if entry is None:
            return JournalContent(corrupt=True)
        if entry["to"] != mark:
            continue
        if "began" in entry:
            begun, started_at = True, str(entry["began"])
            places.append(str(entry.get("place", "")))
            confirmed.clear()
        elif "upload_id" in entry:
            parts[entry["path"]] = BegunInParts(
                size_bytes=entry["size"],
                mtime_ns=entry["mtime_ns"],
                key=entry["key"],
                url=entry["url"],
                upload_id=entry["upload_id"],
                part_bytes=entry["part_bytes"],
                own_tags=entry.get("own_tags") is True,
            )
        else:
            which = confirmed[entry["path"]] = Confirmed(
                size_bytes=entry["size"],
                mtime_ns=entry["mtime_ns"],
                key=entry["key"],
                url=entry["url"],
                md5=str(entry.get("md5", "")),
                etag=str(entry.get("etag", "")),
                at=str(entry.get("at", "")),
                proven=bool(entry.get("etag")) or entry.get("proven") is True,
            )
            parts.pop(entry["path"], None)
            if entry["path"] == MASTER:
                published = which
    return JournalContent(
        begun=begun,
        started_at=started_at,
        place=places[-1] if places else "",
        places=tuple(places),
        confirmed=confirmed,
        published=published,
        parts=parts,
        good_bytes=good_bytes,
        ends_whole=good_bytes == len(data) - len(tail),
    )


_FIELDS: dict[str, type] = {"path": str, "size": int, "mtime_ns": int, "key": str, "url": str}
_PART_FIELDS: dict[str, type] = {**_FIELDS, "upload_id": str, "part_bytes": int}


def _line(raw: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(entry, dict) or not isinstance(entry.get("to"), str):
        return None
    if "began" in entry:
        return entry if entry.get("format", 1) in range(1, FORMAT + 1) else None
    wanted = _PART_FIELDS if "upload_id" in entry else _FIELDS
    return entry if all(isinstance(entry.get(name), kind) for name, kind in wanted.items()) else None


class Journal:
    """The journal of an upload in progress; safe from every thread.

    `confirmed` is what counted when it was opened, `parts` are the files that were begun in parts, then or since.
    `notice` says what had to be set aside, empty when all was well. `place` counts where an upload begins anew.
    """

    def __init__(self, folder: Path, destination: Destination, *, resume: bool, now: str, place: str = "") -> None:
        self._path = folder / JOURNAL_FILE
        self._mark = destination.mark
        self._lock = threading.Lock()
        self._synced = time.monotonic()
        self.notice = ""
        content = read_journal(folder, destination)
        if content.corrupt:
            self.notice = set_aside(self._path, so="what the server does not confirm is sent again")
            content = JournalContent()
        going_on = resume and content.begun
        self.confirmed = dict(content.confirmed) if going_on else {}
        self.parts = dict(content.parts)
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
                self._append_entry(
                    {"to": self._mark, "began": now, "format": FORMAT, **({"place": place} if place else {})}
                )
        except OutputError:
            with suppress(OSError):
                self._file.close()
            raise

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            try:
                with self._file:  # closing tries once more to write what a full disk did not take
                    os.fsync(self._file.fileno())
            except (
                OSError
            ) as failure:  # what could not be kept is sent again; another error on its way out matters more
                if error is None:
                    raise self._unwritable(failure) from failure

    def confirm(self, path: str, confirmed: Confirmed) -> None:
        """Note that the store has a file. Takes the same time for the first and the last. Raises OutputError."""
        proven = confirmed.proven and not confirmed.etag  # an ETag says as much
        known = {"md5": confirmed.md5, "etag": confirmed.etag, "at": confirmed.at, "proven": proven}
        self._append_entry({**self._entry(path, confirmed), **{name: value for name, value in known.items() if value}})

    def begin_parts(self, path: str, begun: BegunInParts) -> None:
        """Note that the store is being given a file in parts, so that a later run can go on with it.

        Raises OutputError.
        """
        own_tags = {"own_tags": True} if begun.own_tags else {}
        self.parts[path] = begun
        self._append_entry(
            {**self._entry(path, begun), "upload_id": begun.upload_id, "part_bytes": begun.part_bytes, **own_tags}
        )

    def _entry(self, path: str, file: Confirmed | BegunInParts) -> dict[str, Any]:
        return {
            "to": self._mark,
            "path": path,
            "size": file.size_bytes,
            "mtime_ns": file.mtime_ns,
            "key": file.key,
            "url": without_query(file.url),
        }

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
        return OutputError(
            f"{self._path} can't be written ({error.strerror}): free some space or check the folder's permissions."
        )


def set_aside(path: Path, *, so: str) -> str:
    """Rename a file that can't be understood, and return the line that says so and what follows. Raises OutputError."""
    for number in range(1, 1000):
        target = path.with_name(f"{path.name}.corrupt-{number}")
        if not target.exists():
            break
    try:
        path.replace(target)
    except OSError as error:
        raise OutputError(
            f"{path} is damaged and can't be renamed ({error.strerror}): remove it, then start again."
        ) from error
    return f"{path.name} was damaged and is now {target.name}: {so}."
