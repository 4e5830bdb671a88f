"""A file on its way to the store: streamed from disk, cancellable, and watched for changes while it is sent."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from pipeline.cancel import CancelToken
from pipeline.errors import TransferError

BLOCK_BYTES = 1 << 16
"""One read and one send. Larger is little faster, and a block has to get through within the connection's 10 s."""


class FileBody:
    """The body of a PUT: `len()` is the size when it was opened, `read` streams it.

    `on_bytes` is told how many bytes were handed over by each read. Raises TransferError when the file can't be read.
    """

    def __init__(self, path: Path, *, cancel: CancelToken, on_bytes: Callable[[int], None]) -> None:
        self._path = path
        self._cancel = cancel
        self._on_bytes = on_bytes
        try:
            self._file = path.open("rb", buffering=0)
            self._before = os.fstat(self._file.fileno())
        except OSError as error:
            raise TransferError(f"{path} can't be read ({error.strerror}): check that it is still there, then start again.") from error
        self._left = self._before.st_size

    def __len__(self) -> int:
        return self._before.st_size

    def __enter__(self) -> FileBody:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._file.close()

    @property
    def mtime_ns(self) -> int:
        """When the file was last changed, as it was opened."""
        return self._before.st_mtime_ns

    def read(self, size: int = -1) -> bytes:
        """Return the next block, which may be larger than `size`: HTTP libraries ask for 8 or 16 KiB, seven times slower.

        Raises Cancelled, and TransferError when there is less than was promised.
        """
        self._cancel.check()
        if not self._left:
            return b""
        try:
            block = self._file.read(min(self._left, max(size, BLOCK_BYTES)))
        except OSError as error:
            raise TransferError(f"{self._path} can't be read ({error.strerror}): check the disk, then start again.") from error
        if not block:
            raise self._changed()
        self._left -= len(block)
        self._on_bytes(len(block))
        return block

    @property
    def sent_whole(self) -> bool:
        """Whether everything was handed over; a server may answer before it has read all."""
        return not self._left

    def check_unchanged(self) -> None:
        """Make sure that the file on disk is still the one that was sent. Raises TransferError."""
        try:
            now = self._path.stat()
        except OSError as error:
            raise self._changed() from error
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise self._changed()

    def _changed(self) -> TransferError:
        return TransferError(f"{self._path} changed while it was being sent: wait until no program writes to it, then start again.")
