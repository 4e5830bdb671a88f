"""What was changed since the file was written, a line a step, so that a crash loses nothing.

The lines are in files beside the dataset's own, `.<name>.journal-<number>`. Each step is handed to the operating system
before the caller goes on, which survives the end of the process however it comes; a thread has the disk confirm it
right after, several steps at once where they come fast. When the dataset is saved, new steps go to a new file, and the
older ones are removed once the save has succeeded.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import threading
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.errors import OutputError
from pipeline.files import sync_folder
from pipeline.transfer.upload.journal import set_aside
from transcripts.changes import Change, Step
from transcripts.errors import DocumentError, UnreadableError
from transcripts.rows import is_id, on_one_line, row_line

log = logging.getLogger(__name__)

FORMAT = 1
HEADER = b'{"journal":%d}\n' % FORMAT


@dataclass(frozen=True, kw_only=True)
class Found:
    """What an earlier session left: its steps in their order, and the files that hold them.

    `damaged` are files with lines that can't be read, besides a last one that was cut off.
    """

    steps: tuple[Step, ...] = ()
    files: tuple[Path, ...] = ()
    damaged: tuple[Path, ...] = ()


def journal_files(path: Path) -> list[Path]:
    """Return the journal files of a dataset, the oldest first. Raises UnreadableError."""
    pattern = re.compile(re.escape(f".{path.name}.journal-") + r"(\d+)")
    try:
        found = {int(match[1]): one for one in path.parent.iterdir() if (match := pattern.fullmatch(one.name))}
    except OSError as error:
        raise UnreadableError(f"{path.parent} can't be read ({error.strerror}): check its permissions.") from error
    return [found[number] for number in sorted(found)]


def read_journals(path: Path, collections: Collection[str]) -> Found:
    """Read what earlier sessions left about rows of the collections. Raises UnreadableError."""
    files, steps, damaged = journal_files(path), list[Step](), list[Path]()
    for file in files:
        try:
            lines = file.read_bytes().split(b"\n")
        except OSError as error:
            raise UnreadableError(
                f"{file} holds unsaved changes and can't be read ({error.strerror}): check its permissions."
            ) from error
        if _format_of(lines[0]) > FORMAT:
            raise UnreadableError(
                f"{file} was written by a newer version of this program: update the program and open {path.name} again."
            )
        read = [_step(line, collections) for line in lines[1:-1]]  # what follows the last line's end was cut off
        steps += [step for step in read if step]
        if None in read or (lines[0] != HEADER.rstrip() and len(lines) > 1):
            damaged.append(file)
    return Found(steps=tuple(steps), files=tuple(files), damaged=tuple(damaged))


def _format_of(line: bytes) -> int:
    with suppress(ValueError, RecursionError):
        found = json.loads(line)
        if isinstance(found, dict) and type(found.get("journal")) is int:
            return int(found["journal"])
    return 0


def _step(line: bytes, collections: Collection[str]) -> Step | None:
    try:
        found = json.loads(line)
        if not isinstance(found, list) or not all(
            name in collections and is_id(row_id) for name, row_id, _, _ in found
        ):
            return None
        return tuple(
            Change(collection=name, id=row_id, before=_row(before), after=_row(after))
            for name, row_id, before, after in found
        )
    except (ValueError, TypeError, RecursionError):
        return None


def _row(found: object) -> bytes | None:
    if found is None or isinstance(found, dict):
        return None if found is None else row_line(found)
    raise ValueError("a row is an object")


def line_of(step: Step) -> bytes:
    """Return the line for a step: a list with collection, id, row before and row after of each change."""

    def written() -> Iterator[bytes]:
        for change in step:
            head = json.dumps([change.collection, change.id])[:-1].encode()
            rows = (b"null" if row is None else on_one_line(row) for row in (change.before, change.after))
            yield b",".join((head, *rows)) + b"]"

    return b"[" + b",".join(written()) + b"]\n"


class Journal:
    """The journal of a dataset that is open. `append` is called by one thread at a time, the rest by any."""

    def __init__(self, path: Path, *, older: Sequence[Path] = ()) -> None:
        self._path = path
        self._older = list(older)
        self._number = max((int(one.name.rpartition("-")[2]) for one in older), default=0)
        self._current: Path | None = None
        self._file: IO[bytes] | None = None
        self._good_bytes = 0
        self._wake = threading.Condition()
        self._retired: list[IO[bytes]] = []
        self._appended = 0
        self._confirmed = 0
        self._failure: OSError | None = None
        self._named: list[IO[bytes]] = []
        """The file whose name the disk has; used by the thread alone."""
        self._closing = False
        self._thread: threading.Thread | None = None

    def append(self, step: Step, line: bytes = b"") -> None:
        """Hand a step to the operating system. Raises DocumentError, and then it is as if nothing was called.

        `line` is the step's if it was made before.
        """
        line = line or line_of(step)
        try:
            file = self._file or self._begin()
            if file.write(line) < len(line):
                raise OSError(28, "No space left on device")
        except OSError as error:
            self._take_back()
            raise self._unwritable(error) from error
        self._good_bytes += len(line)
        with self._wake:
            self._appended += 1
            self._wake.notify_all()

    def _begin(self) -> IO[bytes]:
        self._number += 1
        self._current = self._path.with_name(f".{self._path.name}.journal-{self._number}")
        self._file = self._current.open("xb", buffering=0)
        self._good_bytes = 0
        with suppress(OSError):  # who may not read the dataset may not read its changes
            shutil.copymode(self._path, self._current)
        if self._file.write(HEADER) < len(HEADER):
            raise OSError(28, "No space left on device")
        self._good_bytes = len(HEADER)
        if self._thread is None:
            self._thread = threading.Thread(target=self._confirm_all, name="journal", daemon=True)
            self._thread.start()
        return self._file

    def _take_back(self) -> None:
        """Remove what was written of a line in part."""
        if self._file is None:
            return
        with suppress(OSError):
            self._file.truncate(self._good_bytes)
            self._file.seek(self._good_bytes)
            if self._good_bytes:
                return
        self._retire()

    def _retire(self) -> None:
        with self._wake:
            if self._file is not None:
                self._retired.append(self._file)
            if self._current is not None:
                self._older.append(self._current)
            self._file = self._current = None
            self._wake.notify_all()

    def rotate(self) -> list[Path]:
        """Let later steps go to a new file, and return those that hold all earlier ones."""
        if self._file is not None:
            self._retire()
        with self._wake:
            return list(self._older)

    def confirm(self) -> None:
        """Wait until the disk has every step that was appended. Raises DocumentError."""
        self._settle()
        with self._wake:
            failure, self._failure = self._failure, None
        if failure is not None:
            raise DocumentError(
                f"The disk does not confirm changes to {self._path} ({failure.strerror}): they are made, but a power "
                "cut may lose them. Save a copy on another disk."
            ) from failure

    def _settle(self) -> None:
        with self._wake:
            wanted = self._appended
            if self._thread is not None:
                self._wake.wait_for(lambda: self._confirmed >= wanted and not self._retired)

    def drop(self, files: Sequence[Path], damaged: Sequence[Path] = ()) -> None:
        """Remove files whose steps are saved or not wanted; damaged ones are kept under another name.

        What can't be removed is tried again the next time: the next session finds nothing new in it.
        """
        self._settle()
        gone = []
        for file in files:
            try:
                if file in damaged:
                    log.warning("%s", set_aside(file, so="the changes in it that can be read are kept"))
                else:
                    file.unlink(missing_ok=True)
                gone.append(file)
            except (OSError, OutputError) as error:
                log.warning("%s can't be removed: %s", file, error)
        with self._wake:
            self._older = [one for one in self._older if one not in gone]

    def close(self) -> None:
        """Close the files once the disk has everything; steps that are not saved stay in them."""
        with self._wake:
            if self._file is not None:
                self._retired.append(self._file)
                self._file = None
            self._closing = True
            self._wake.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _confirm_all(self) -> None:
        """Have the disk confirm what was appended, until the journal is closed."""
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._appended > self._confirmed or self._retired or self._closing)
                if self._closing and not self._retired and self._appended == self._confirmed:
                    return
                appended, retired, current = self._appended, list(self._retired), self._file
            failure = None
            for file in (*retired, *([current] if current else [])):
                try:
                    os.fsync(file.fileno())
                    if file not in self._named:
                        sync_folder(self._path.parent)
                        self._named = [file]
                except OSError as error:
                    log.warning("The disk does not confirm changes to %s: %s", self._path, error)
                    failure = error
                if file in retired:
                    with suppress(OSError):
                        file.close()
            with self._wake:
                self._confirmed = appended
                self._retired = [one for one in self._retired if one not in retired]
                self._failure = failure or self._failure
                self._wake.notify_all()

    def _unwritable(self, error: OSError) -> DocumentError:
        return DocumentError(
            f"The change was not made: the journal of {self._path} can't be written ({error.strerror}). "
            "Free some space or check the folder's permissions."
        )
