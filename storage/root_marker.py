"""The file that tells a storage's folder from an empty one: a disk that is not mounted leaves a folder without it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from storage.errors import StorageGoneError


class RootMarker:
    """The marker as it was when it was first looked at. Several processes may look at one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._content: bytes | None = None

    def check(self) -> None:
        """See that the folder is the one that it was. Raises StorageGoneError."""
        there = None
        with suppress(OSError):
            there = self._file.read_bytes()
        if self._content is None:
            self._content = there
        if there is None or there != self._content:
            raise StorageGoneError(
                "The storage is not there now: its disk or network share may not be mounted. Nothing was changed."
            )
