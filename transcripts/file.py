"""The file of a dataset: kept to one writer, and written whole or not at all."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from pipeline.errors import FolderInUseError, OutputError
from pipeline.files import sync_folder, write_whole
from pipeline.folder_lock import locked
from transcripts.errors import ChangedOutsideError, DocumentError
from transcripts.store import Snapshot

Identity = tuple[int, int, int]
"""Inode, size in bytes, time of the last change in ns."""


class DatasetFile:
    """A file as it was last read or written here; `name` is what it is called in messages.

    `is_used_elsewhere` tells a file that another session has taken from one that can't be written.
    """

    def __init__(self, path: Path, name: str = "") -> None:
        self.path = path
        self.name = name or path.name
        self.is_used_elsewhere = False
        self._place = name or str(path)
        self._known = self._identity()
        self._held = ExitStack()

    def take(self) -> str:
        """Keep other sessions from writing; return why it can't be, empty if it can."""
        try:
            self._held.enter_context(locked(self.path.with_name(f".{self.path.name}.lock"), self.path))
        except FolderInUseError:
            self.is_used_elsewhere = True
            return (
                f"{self._place} is being edited in another window or by another job, so it can only be read here. "
                "Close it there and open it again to edit it."
            )
        except OutputError:
            return f"{self.path.parent} can't be written, so {self.name} can only be read: check its permissions."
        return ""

    def release(self) -> None:
        """Let others write."""
        self._held.close()

    def write(self, snapshot: Snapshot) -> None:
        """Replace the file. Raises DocumentError, ChangedOutsideError if another program wrote it meanwhile."""
        if self._identity() != self._known:
            raise ChangedOutsideError(
                f"{self.path} was changed by another program and is not overwritten. Close it and open it again: your "
                "changes are kept, and you are asked about them then."
            )
        try:
            write_whole(self.path, snapshot.pieces())
            sync_folder(self.path.parent)  # before the journal goes, which has the changes until then
        except (OutputError, OSError) as error:
            cause = error.__cause__ if isinstance(error, OutputError) else error
            reason = cause.strerror if isinstance(cause, OSError) else str(error)
            raise DocumentError(
                f"{self.path} can't be saved ({reason}): free some space or check its permissions. Nothing is lost; "
                "saving is tried again."
            ) from error
        self._known = self._identity()

    def _identity(self) -> Identity | None:
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_size, found.st_mtime_ns
