"""The file that tells a storage's folder from an empty one: a disk that is not mounted leaves a folder without it."""

from __future__ import annotations

from pathlib import Path

from storage.errors import StorageGoneError


class RootMarker:
    """The marker as it was when it was first looked at. Several processes may look at one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._content: bytes | None = None
        self._good: tuple[int, int, int, int] | None = None
        """What the system said of the file when it was last read, and good: most looks need read nothing."""

    def check(self) -> None:
        """See that the folder is the one that it was. Raises StorageGoneError."""
        try:
            status = self._file.stat()
            as_found = status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
            if as_found == self._good:
                return
            content = self._file.read_bytes()
        except OSError as error:
            raise _gone() from error
        if self._content is None:
            self._content = content
        if content != self._content:
            raise _gone()
        self._good = as_found


def _gone() -> StorageGoneError:
    return StorageGoneError(
        "The storage is not there now: its disk or network share may not be mounted. Nothing was changed."
    )
