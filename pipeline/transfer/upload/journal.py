"""What is confirmed, one line each, appended as it happens: readable after a kill at any byte.

Every line names its destination, so that one folder can go to several destinations. A file counts as confirmed as long
as its size and time are what they were, or its content. An upload that begins anew begins a new run of lines; earlier
runs tell what was published.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

from pipeline.errors import OutputError
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.http.redaction import without_query

FORMAT = 2
"""1 knew neither content nor version folder; it is still read."""

JOURNAL_FILE = ".upload_journal.jsonl"
READ_AT_ONCE = 1000
"""How many lines are read at a time: all of them, as JSON has them, would take several times the memory."""

SYNC_EVERY_S = 1.0
"""A killed process loses nothing that was flushed; a power cut loses at most this, which is then sent again."""


@dataclass(frozen=True, kw_only=True)
class UploadDestination:
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

    `version_folder` is the folder below the prefix where everything but the master goes, empty for the prefix itself;
    `version_folders` are those of every run. `published` is the master that was confirmed last, in whichever run.
    `parts` are files that were begun. `good_bytes` is how much of the file is whole lines; `corrupt` says that it holds
    more than a torn last line, or that a newer program wrote it. With `anew` the last run was to send all anew: what
    the store has of earlier uploads does not count in it.
    """

    begun: bool = False
    anew: bool = False
    started_at: str = ""
    version_folder: str = ""
    version_folders: tuple[str, ...] = ()
    confirmed: dict[str, Confirmed] = field(default_factory=dict)
    published: Confirmed | None = None
    parts: dict[str, BegunInParts] = field(default_factory=dict)
    good_bytes: int = 0
    ends_whole: bool = True
    corrupt: bool = False


def read_journal(folder: Path, destination: UploadDestination) -> JournalContent:
    """Read what is confirmed for a destination; a missing journal is an empty one. Raises OutputError."""
    path = folder / JOURNAL_FILE
    try:
        with path.open("rb") as file:
            return parse_journal(file, destination)
    except FileNotFoundError:
        return JournalContent()
    except IsADirectoryError:
        return JournalContent(corrupt=True)
    except OSError as error:
        raise OutputError(f"{path} can't be read ({error.strerror}): check its permissions or remove it.") from error


def parse_journal(lines: Iterable[bytes], destination: UploadDestination) -> JournalContent:
    """Read a journal's lines, each with its end. Only the last line may be torn."""
    content = JournalContent()
    mark = destination.mark
    rest = iter(lines)
    while batch := list(islice(rest, READ_AT_ONCE)):
        tail = b"" if batch[-1].endswith(b"\n") else batch.pop()
        entries = _entries(batch)
        if entries is None:
            return JournalContent(corrupt=True)
        good_bytes = content.good_bytes + sum(map(len, batch))
        ended = _entries([tail]) if tail else None
        if ended is not None:
            entries += ended
            good_bytes += len(tail)
        content = _with(content, (entry for entry in entries if entry["to"] == mark))
        content = replace(content, good_bytes=good_bytes, ends_whole=ended is None)
    return content


def _with(content: JournalContent, entries: Iterable[Mapping[str, Any]]) -> JournalContent:
    """Return what a journal says with further entries."""
    version_folders, started_at, published = list(content.version_folders), content.started_at, content.published
    confirmed, parts, anew = content.confirmed, content.parts, content.anew
    for entry in entries:
        if "began" in entry:
            anew = entry.get("anew") is True
            started_at = str(entry["began"])
            version_folders.append(str(entry.get("place", "")))
            confirmed.clear()
        elif "upload_id" in entry:
            parts[entry["path"]] = _begun_in_parts(entry)
        else:
            # names and keys are kept once for all that tells of a file: there may be 100,000
            which = confirmed[sys.intern(entry["path"])] = _confirmed(entry)
            parts.pop(entry["path"], None)
            if entry["path"] == MASTER:
                published = which
    return replace(
        content,
        begun=bool(version_folders),
        anew=anew,
        started_at=started_at,
        version_folder=version_folders[-1] if version_folders else "",
        version_folders=tuple(version_folders),
        published=published,
    )


def _begun_in_parts(entry: Mapping[str, Any]) -> BegunInParts:
    return BegunInParts(
        size_bytes=entry["size"],
        mtime_ns=entry["mtime_ns"],
        key=entry["key"],
        url=entry["url"],
        upload_id=entry["upload_id"],
        part_bytes=entry["part_bytes"],
        own_tags=entry.get("own_tags") is True,
    )


def _confirmed(entry: Mapping[str, Any]) -> Confirmed:
    md5, etag = sys.intern(str(entry.get("md5", ""))), str(entry.get("etag", ""))
    return Confirmed(
        size_bytes=entry["size"],
        mtime_ns=entry["mtime_ns"],
        key=sys.intern(entry["key"]),
        url=sys.intern(entry["url"]),
        md5=md5,
        etag=md5 if etag == md5 else etag,
        at=sys.intern(str(entry.get("at", ""))),
        proven=bool(etag) or entry.get("proven") is True,
    )


def _entries(lines: Sequence[bytes]) -> list[dict[str, Any]] | None:
    """Return what lines say, read at once, which takes a third of the time; None where one of them is none."""
    try:
        entries = json.loads(b"[" + b",".join(lines) + b"]")
    except (ValueError, RecursionError):
        return None
    return entries if len(entries) == len(lines) and all(map(_is_entry, entries)) else None


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("to"), str):
        return False
    if "began" in entry:
        return entry.get("format", 1) in range(1, FORMAT + 1)
    return (
        isinstance(entry.get("path"), str)
        and isinstance(entry.get("size"), int)
        and isinstance(entry.get("mtime_ns"), int)
        and isinstance(entry.get("key"), str)
        and isinstance(entry.get("url"), str)
        and (
            "upload_id" not in entry
            or (isinstance(entry["upload_id"], str) and isinstance(entry.get("part_bytes"), int))
        )
    )


class UploadJournal:
    """The journal of an upload in progress; safe from every thread.

    `confirmed` is what counted when it was opened, `parts` are the files that were begun in parts, then or since.
    `notice` says what had to be set aside, empty when all was well. `version_folder` counts where an upload begins
    anew; `content` is what the journal says, where it was read already. `anew` is noted of a run that begins.
    """

    def __init__(
        self,
        folder: Path,
        destination: UploadDestination,
        *,
        resume: bool,
        now: str,
        version_folder: str = "",
        content: JournalContent | None = None,
        anew: bool = False,
    ) -> None:
        self._path = folder / JOURNAL_FILE
        self._mark = destination.mark
        self._lock = threading.Lock()
        self._synced = time.monotonic()
        self.notice = ""
        content = content or read_journal(folder, destination)
        if content.corrupt:
            self.notice = set_aside(self._path, so="what the server does not confirm is sent again")
            content = JournalContent()
        going_on = resume and content.begun
        self.confirmed: Mapping[str, Confirmed] = content.confirmed if going_on else {}
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
                more = {name: value for name, value in (("place", version_folder), ("anew", anew)) if value}
                self._append_entry({"to": self._mark, "began": now, "format": FORMAT, **more})
        except OutputError:
            with suppress(OSError):
                self._file.close()
            raise

    def __enter__(self) -> UploadJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            try:
                with self._file:  # closing tries once more to write what a full disk did not take
                    os.fsync(self._file.fileno())
            except OSError as failure:
                if error is None:  # else that matters more: what could not be kept is sent again
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
        text = f"{self._path} can't be written ({error.strerror}): free some space or check the folder's permissions."
        return OutputError(text)


def set_aside(path: Path, *, so: str) -> str:
    """Rename a file that can't be understood, and return the line that says so and what follows. Raises OutputError."""
    for number in range(1, 1000):
        target = path.with_name(f"{path.name}.corrupt-{number}")
        if not target.exists():
            break
    try:
        path.replace(target)
    except OSError as error:
        text = f"{path} is damaged and can't be renamed ({error.strerror}): remove it, then start again."
        raise OutputError(text) from error
    return f"{path.name} was damaged and is now {target.name}: {so}."
