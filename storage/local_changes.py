"""Files that come to their places in a local folder and go from them, and are counted as they do.

Everything here runs while nothing else, in no thread and no process that counts, changes the folder.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from storage.backend import StoredObject, StoredPart
from storage.counts import Counts
from storage.digests import etag_of_parts
from storage.errors import ObjectNotFoundError
from storage.files import translated, translated_for_saving
from storage.local_digests import Digests, FileDigests, described
from storage.local_folder import LocalFolder
from storage.local_parts import PartsFolder
from storage.reservation import Reservation

_TRIES = 10


@dataclass(frozen=True, kw_only=True)
class FinishedFile:
    """A file that is whole and not in its place yet: its digests, the room that was reserved for it."""

    file: Path
    digests: Digests
    reservation: Reservation | None = None

    def take_room(self, counts: Counts, path: str, *, replaced_bytes: int) -> int:
        """Use the room that was reserved, which is checked again, and return the size.

        Raises StorageQuotaExceededError.
        """
        size_bytes = self.file.stat().st_size
        if self.reservation is not None:
            self.reservation.end(counts)
            counts.check(path, size_bytes, replaced_bytes=replaced_bytes)
        return size_bytes


class LocalChanges:
    """The changes of one folder."""

    def __init__(self, folder: LocalFolder, parts: PartsFolder, digests: FileDigests) -> None:
        self._folder = folder
        self._parts = parts
        self._digests = digests

    def put(self, counts: Counts, path: str, finished: FinishedFile) -> StoredObject:
        """Move an object whose digests are noted to its place.

        Raises StorageQuotaExceededError, PathConflictError, StorageError.
        """
        target = self._folder.locate(path)
        with translated_for_saving(path):
            replaced_bytes = size_of(target)
            size_bytes = finished.take_room(counts, path, replaced_bytes=replaced_bytes)
            counts.count_object(path, replaced_bytes, size_bytes)
            _move(finished.file, target)
            status = target.stat()
        return described(path, status, finished.digests)

    def put_part(self, counts: Counts, path: str, upload_id: str, number: int, finished: FinishedFile) -> None:
        """Move a part to its place. Raises StorageQuotaExceededError, UploadNotFoundError, StorageError."""
        replaced_bytes = self._parts.size_of(upload_id, number) + size_of(self._folder.locate(path))
        size_bytes = finished.take_room(counts, path, replaced_bytes=replaced_bytes)
        counts.count_part(path, upload_id, number, size_bytes)
        self._parts.put_in_place(path, upload_id, number, finished.file, finished.digests.etag)

    def complete(self, counts: Counts, path: str, upload_id: str, joined: Sequence[StoredPart]) -> StoredObject:
        """Move an object that was joined of an upload's parts to its place, and remove the upload.

        Raises PartsBusyError, UploadNotFoundError, InvalidPartError and what `put` raises.
        """
        digests = Digests(etag=etag_of_parts([part.etag for part in joined]), md5=None)
        with self._parts.completed(path, upload_id, joined) as file:
            with translated_for_saving(path):
                os.utime(file)  # the object's time is that of its completion
                # noted first: a file that is moved stays the same one, and a note about one that never came is ignored
                self._digests.note(path, file.stat(), digests)
            made = self.put(counts, path, FinishedFile(file=file, digests=digests))
        counts.count_no_parts(path, upload_id)
        return made

    def abort(self, counts: Counts, path: str, upload_id: str) -> None:
        """Remove an upload in parts; one that is not there is fine."""
        self._parts.remove(path, upload_id)
        counts.count_no_parts(path, upload_id)

    def abort_abandoned(self, counts: Counts) -> None:
        """Remove the uploads to which nothing came for long."""
        for path, upload_id in self._parts.abandoned(time.time()):
            self.abort(counts, path, upload_id)

    def remove(self, counts: Counts, path: str) -> None:
        """Remove an object and the folders that it leaves empty; one that is not there is fine. Raises StorageError."""
        target = self._folder.locate(path)
        with suppress(ObjectNotFoundError), translated(path):
            size_bytes = self._folder.status(path, target).st_size
            target.unlink()
            counts.count_object(path, size_bytes, 0)
            self._digests.forget(path)
            self._folder.tidy_above(target)


def size_of(target: Path) -> int:
    """Return a file's size, 0 where none is."""
    try:
        return target.stat().st_size
    except OSError:
        return 0


def _move(file: Path, target: Path) -> None:
    for tries_left in reversed(range(_TRIES)):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            file.replace(target)
            return
        except FileNotFoundError:  # another process removed what the folder held, and then the folder
            if not tries_left or not file.exists():
                raise
