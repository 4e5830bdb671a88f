"""Entity tags and MD5s of the stored files: noted on disk while a file is stored, so that none is read to be given.

A note belongs to one file, by its inode, size and time: one that was put in its place by hand has none, and is read
once, beside everything else. Notes are all that several processes share.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.backend import StoredObject
from storage.background import BackgroundThread
from storage.errors import StorageError, StorageGoneError
from storage.files import BLOCK_BYTES

MAX_REMEMBERED = 20_000
"""For how many files it is remembered what their notes say."""

MAX_WAITING = 10_000
"""How many files wait to be read; one for which there is no room is asked for again."""

KEPT_S = 3600
"""How long a note stays whose file is not there: it is written shortly before the file comes."""

TIDIED_EVERY_S = 24 * 3600

_Identity = tuple[int, int, int]


@dataclass(frozen=True, kw_only=True)
class Digests:
    """What is known of a file: its entity tag, and the MD5 of its content, None where nobody knows it yet."""

    etag: str
    md5: str | None


class FileDigests:
    """Entity tags and MD5s of the files of one storage.

    Args:
        folder: where the notes are.
        locate: finds the file of an object's path.
    """

    def __init__(self, folder: Path, locate: Callable[[str], Path]) -> None:
        self._folder = folder
        self._locate = locate
        self._remembered: dict[str, tuple[_Identity, Digests]] = {}
        self._changing = threading.Lock()
        self._reading = BackgroundThread(self._read, most=MAX_WAITING)
        self._tidying = BackgroundThread(lambda _: self._tidy(), most=1)
        self._tidied_at_s = -math.inf

    def close(self) -> None:
        """Read no file any more. What was not read is read when it is asked for again."""
        self._reading.close()
        self._tidying.close()

    def describe(self, path: str, status: os.stat_result) -> StoredObject:
        """Say what is known of this very file; what is not is found out, but not now."""
        identity, digests = self._remembered.get(path, (None, None))
        if identity != _identity(status) or digests is None or digests.md5 is None:
            digests = self._noted(path, _identity(status))
            if digests is not None:
                self._remember(path, _identity(status), digests)
            if digests is None or digests.md5 is None:
                self._reading.ask(path)
        return described(path, status, digests)

    def noted(self, path: str, status: os.stat_result) -> Digests | None:
        """Return what is noted of this very file; None where nothing is, and nobody finds it out then."""
        return self._noted(path, _identity(status))

    def note_if_possible(self, path: str, file: Path, digests: Digests) -> None:
        """Note what a file has that is about to be moved to its place; without a note it is read some time."""
        with suppress(OSError):
            self.note(path, file.stat(), digests)

    def note(self, path: str, status: os.stat_result, digests: Digests) -> None:
        """Note what a file has that is about to be moved to its place: it stays the same one. Raises OSError."""
        self._write(self._note(path), path, status, digests)

    def _write(self, note: Path, path: str, status: os.stat_result, digests: Digests) -> None:
        content = {"path": path, "identity": _identity(status), "etag": digests.etag, "md5": digests.md5}
        if not note.parent.is_dir():
            self._locate(path)  # in a folder that is not there nothing is made
            note.parent.mkdir(exist_ok=True)
        half = note.with_name(f"{uuid.uuid4().hex}.part")
        try:
            half.write_text(json.dumps(content), encoding="ascii")
            half.replace(note)
        except BaseException:
            with suppress(OSError):
                half.unlink()
            raise
        self._remember(path, _identity(status), digests)

    def forget(self, path: str) -> None:
        """Forget what was known of a path. Raises OSError."""
        self._remembered.pop(path, None)
        for note in (self._note(path), self._later_note(path)):
            note.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove the notes of files that somebody has deleted, beside everything else, once in a while."""
        if time.monotonic() - self._tidied_at_s > TIDIED_EVERY_S:
            self._tidied_at_s = time.monotonic()
            self._tidying.ask("")

    def _remember(self, path: str, identity: _Identity, digests: Digests) -> None:
        with self._changing:
            self._remembered.pop(path, None)
            self._remembered[path] = identity, digests
            if len(self._remembered) > MAX_REMEMBERED:
                del self._remembered[next(iter(self._remembered))]

    def _noted(self, path: str, identity: _Identity) -> Digests | None:
        """Return what both notes of a path say of this very file.

        What is found out later has a note of its own: the file that was read may be replaced at that moment, and the
        note of the one that takes its place, whose entity tag nobody could find out, must not be lost by that.
        """
        at_first = _understood(self._note(path), identity)
        if at_first is not None and at_first.md5 is not None:
            return at_first
        return _understood(self._later_note(path), identity) or at_first

    def _read(self, path: str) -> None:
        """Find out a file's MD5, unless it is known meanwhile; a file that changes while it is read is left alone."""
        with suppress(OSError, StorageError), self._locate(path).open("rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            identity, before = self._remembered.get(path, (None, None))
            if identity != _identity(status) or before is None or before.md5 is None:
                before = self._noted(path, _identity(status))
            if before is not None and before.md5 is not None:  # another, or another process, was quicker
                self._remember(path, _identity(status), before)
                return
            digest = hashlib.md5(usedforsecurity=False)
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
                if self._reading.closed:
                    return
            if _identity(os.fstat(file.fileno())) == _identity(self._locate(path).stat()) == _identity(status):
                md5 = digest.hexdigest()
                found = Digests(etag=md5 if before is None else before.etag, md5=md5)
                self._remember(path, _identity(status), found)  # where no note can be written, too
                self._write(self._later_note(path), path, status, found)

    def _tidy(self) -> None:
        with suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                if self._tidying.closed:
                    return
                with suppress(OSError):
                    if time.time() - entry.stat().st_mtime > KEPT_S and not self._is_used(Path(entry.path)):
                        os.unlink(entry.path)  # noqa: PTH108

    def _is_used(self, note: Path) -> bool:
        """Whether a note's object is there. One of an earlier version does not say whose it is, and stays."""
        if note.suffix != ".json":
            return False
        try:
            path = json.loads(note.read_text(encoding="ascii")).get("path")
            return path is None or self._locate(path).is_file()
        except StorageGoneError:
            return True
        except (ValueError, AttributeError, StorageError):
            return False  # damaged

    def _note(self, path: str) -> Path:
        return self._folder / f"{hashlib.sha256(path.encode()).hexdigest()}.json"

    def _later_note(self, path: str) -> Path:
        return self._note(path).with_suffix(".later.json")


def _understood(note: Path, identity: _Identity) -> Digests | None:
    try:
        said = json.loads(note.read_text(encoding="ascii"))
        if said["identity"] != list(identity):
            return None
        return Digests(etag=str(said["etag"]), md5=None if said["md5"] is None else str(said["md5"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # none there, or damaged: the file is read as any other that has none


def described(path: str, status: os.stat_result, digests: Digests | None) -> StoredObject:
    """Return what is said of a stored file."""
    version = "-".join(f"{number:x}" for number in (status.st_size, status.st_mtime_ns, status.st_ino))
    return StoredObject(
        path=path,
        size_bytes=status.st_size,
        modified_s=status.st_mtime,
        etag=digests.etag if digests else "",
        md5=digests.md5 if digests else None,
        version=version,
    )


def _identity(status: os.stat_result) -> _Identity:
    return status.st_ino, status.st_size, status.st_mtime_ns
