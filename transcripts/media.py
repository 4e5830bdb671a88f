"""The media that a dataset refers to: read in blocks, from disk or from S3, never as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from storage import ObjectNotFoundError, StorageError
from storage.s3_objects import OpenS3Object

READ_BYTES = 1 << 20


class Media(Protocol):
    """A media file that is being read."""

    @property
    def size_bytes(self) -> int:
        """How large it is."""

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end). Raises StorageError."""


class LocalMedia:
    """A file of this computer."""

    def __init__(self, path: Path) -> None:
        """See that it is there. Raises ObjectNotFoundError, StorageError."""
        self._path = path
        try:
            if not path.is_file():
                raise ObjectNotFoundError(f"There is no file {path}: correct the reference in the dataset.")
            self.size_bytes = path.stat().st_size
        except OSError as error:
            raise _unreadable(path, error) from error

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield a part of the file; see Media.chunks."""
        left = (self.size_bytes if stop is None else stop) - start
        try:
            with self._path.open("rb") as file:
                file.seek(start)
                while left > 0 and (block := file.read(min(READ_BYTES, left))):
                    left -= len(block)
                    yield block
        except OSError as error:
            raise _unreadable(self._path, error) from error


class S3Media:
    """An object in S3."""

    def __init__(self, opened: OpenS3Object) -> None:
        self._opened = opened
        self.size_bytes = opened.head.size_bytes

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield a part of the object; see Media.chunks."""
        return self._opened.chunks(start, stop)


def _unreadable(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path} can't be read ({error.strerror}): check its permissions.")
