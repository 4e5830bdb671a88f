"""A file on its way to the store: streamed from disk, cancellable, hashed, and watched for changes while it is sent."""

from __future__ import annotations

import hashlib
import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.disk_file import open_ordinary, retry_once

BLOCK_BYTES = 1 << 16
"""One read and one send to begin with: a block has to get through before the connection counts as stalled."""

LARGEST_BLOCK_BYTES = 1 << 18
"""What blocks grow to where they go out quickly: each costs its thread a turn among all others."""

QUICK_S = 0.1
"""A block that is gone within this may be followed by a larger one."""

HASH_BLOCK_BYTES = 1 << 18
"""What is hashed at a time: as much as stays in the processor's cache from the disk to the hash."""


HELD_BYTES = 32 << 20
"""What may be kept of files that were hashed until they are sent, all threads together:
reading again is a third of the work.
"""

T = TypeVar("T")


class FileBody:
    """The body of a PUT: `len()` is the size when it was opened, `read` streams it.

    `on_bytes` is told how many bytes were handed over by each read. `part` is an offset and a size, None for the whole
    file. `rewrite` turns the content of a small file into what is sent in its place. `home` is the folder that the file
    was found in: nothing else is sent where it has become a link that leads out of there. Raises TransferError when the
    file can't be read.
    """

    def __init__(
        self,
        path: Path,
        *,
        cancel: CancelToken,
        on_bytes: Callable[[int], None],
        control: TransferControl | None = None,
        part: tuple[int, int] | None = None,
        rewrite: Callable[[bytes], bytes] | None = None,
        home: Path | None = None,
    ) -> None:
        self._path = path
        self._home = home
        self._cancel = cancel
        self._on_bytes = on_bytes
        self._control = control
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._hash_while_sending = True
        self._block_bytes = BLOCK_BYTES
        self._handed_over_at: float | None = None
        try:
            opened = open_ordinary(path, home)
            self._before = os.fstat(opened.fileno())
            self._start, self._size = part or (0, self._before.st_size)
            file: io.FileIO | io.BytesIO = opened
            if rewrite is not None:
                with opened:
                    content = rewrite(retry_once(lambda: _whole(opened)))
                file, self._size = io.BytesIO(content), len(content)
        except OSError as error:
            raise unreadable_file(path, error) from error
        self._file = file
        self._file.seek(self._start)
        self._left = self._size
        self._held: memoryview | None = None

    def __len__(self) -> int:
        return self._size

    def __enter__(self) -> FileBody:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        self._held = None

    @property
    def file_bytes(self) -> int:
        """The size of the file as it was opened."""
        return self._before.st_size

    @property
    def mtime_ns(self) -> int:
        """When the file was last changed, as it was opened."""
        return self._before.st_mtime_ns

    @property
    def md5(self) -> str:
        """The MD5 (hex) of what is sent; whole once everything was handed over or hashed."""
        return self._md5.hexdigest()

    def hash_before_sending(self) -> str:
        """Read everything once and return its MD5 (hex). Raises Cancelled, TransferError."""
        left = self._size
        hold = self._control is not None and left * self._control.parallel <= HELD_BYTES
        buffer = memoryview(bytearray(left if hold else min(left, HASH_BLOCK_BYTES)))
        while left:
            self._cancel.check()
            start = self._size - left if hold else 0
            count = self._read_into(buffer[start : start + min(left, HASH_BLOCK_BYTES)])
            self._md5.update(buffer[start : start + count])
            left -= count
        self._held = buffer if hold else None
        self._file.seek(self._start)
        self._hash_while_sending = False
        return self.md5

    def read(self, size: int = -1) -> bytes | memoryview:
        """Return the next block, perhaps more than `size`: HTTP libraries' 8 or 16 KiB are seven times slower.

        Raises Cancelled, and TransferError when there is less than was promised.
        """
        self._cancel.check()
        if not self._left:
            return b""
        block = self._block(min(self._left, max(size, self._next_block_bytes())))
        if self._control is not None:
            self._control.admit(len(block), self._cancel)
        if self._hash_while_sending:
            self._md5.update(block)
        self._left -= len(block)
        self._on_bytes(len(block))
        self._handed_over_at = time.monotonic()
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
            raise self.changed() from error
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            raise self.changed()

    def _next_block_bytes(self) -> int:
        """Return how large the next block is, by how long the one before took to go out."""
        if self._handed_over_at is not None:
            quick = time.monotonic() - self._handed_over_at < QUICK_S
            self._block_bytes = min(2 * self._block_bytes, LARGEST_BLOCK_BYTES) if quick else BLOCK_BYTES
        return self._block_bytes

    def _block(self, size: int) -> bytes | memoryview:
        if self._held is not None:
            return self._held[self._size - self._left :][:size]
        block = self._patiently(lambda: self._file.read(size))
        if not block:
            raise self.changed()
        return block

    def _read_into(self, buffer: memoryview) -> int:
        count = self._patiently(lambda: self._file.readinto(buffer))
        if not count:
            raise self.changed()
        return count

    def _patiently(self, read: Callable[[], T]) -> T:
        """Read; where the drive falters, open the file again and read once more:
        a network drive knows the old one no longer.
        """
        again = False

        def attempt() -> T:
            nonlocal again
            if again:
                self._reopen()
            again = True
            return read()

        try:
            return retry_once(attempt)
        except OSError as error:
            raise unreadable_file(self._path, error) from error

    def _reopen(self) -> None:
        file = open_ordinary(self._path, self._home)
        now = os.fstat(file.fileno())
        if (now.st_size, now.st_mtime_ns) != (self._before.st_size, self._before.st_mtime_ns):
            file.close()
            raise self.changed()
        file.seek(self._file.tell())
        self._file.close()
        self._file = file

    def changed(self) -> TransferError:
        """Return the error for a file that changed while it was being sent."""
        return TransferError(
            f"{self._path} changed while it was being sent: wait until no program writes to it, then start again."
        )


def _whole(file: io.FileIO) -> bytes:
    file.seek(0)
    return file.readall()


def file_md5(
    path: Path,
    cancel: CancelToken,
    *,
    part: tuple[int, int] | None = None,
    rewrite: Callable[[bytes], bytes] | None = None,
) -> str:
    """Return the MD5 (hex) of a file, of a part of it, or of what is sent in its place.

    Raises TransferError, Cancelled.
    """
    with FileBody(path, cancel=cancel, on_bytes=lambda size: None, part=part, rewrite=rewrite) as body:
        return body.hash_before_sending()


def unreadable_file(path: Path, error: OSError) -> TransferError:
    """Return the error for a file that can't be read."""
    return TransferError(f"{path} can't be read ({error.strerror}): check that it is still there, then start again.")
