"""Where fetched sources are kept: a folder for each address below the cache, bounded in size.

What is used is marked by locked files, which the system frees when their process dies. Least recently used ones go
first when room is needed; one in use never goes.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import FolderInUseError, OutputError, SourceError
from pipeline.folder_lock import locked
from pipeline.source_address import SourceAddress
from pipeline.sources.fetched_file import NOTE, read_fetch_note

FOLDER = "sources"
LOOK_S = 0.5
BYTES_A_GIGABYTE = 1 << 30
SPARE_BYTES = 256 << 20
"""What is left free on the disk."""

Announce = Callable[[str], None]
"""Is told that something is waited for."""


class SourceCache:
    """The folder of fetched sources. Safe for several threads and processes."""

    def __init__(self, cache_dir: Path | None, max_bytes: float) -> None:
        if cache_dir is None:
            raise SourceError("There is no cache folder for videos from elsewhere: set HOME to your own folder.")
        self._top = cache_dir / FOLDER
        self._max_bytes = max_bytes

    def path_of(self, address: SourceAddress) -> Path:
        """Return where the file of an address lies, or will."""
        return self._top / address.key / address.file_name

    @contextmanager
    def held(self, address: SourceAddress, cancel: CancelToken) -> Iterator[Path]:
        """Keep others from writing the file of an address while the block runs; another's work is waited for.

        Raises SourceError, Cancelled.
        """
        with self._lock(f"{address.key}.lock", cancel):
            yield self.path_of(address)

    @contextmanager
    def used(self, address: SourceAddress, cancel: CancelToken) -> Iterator[None]:
        """Keep the file of an address where it is while the block runs. Raises SourceError, Cancelled."""
        mark = f"{address.key}.use-{os.getpid()}-{secrets.token_hex(4)}"
        with ExitStack() as opened:
            with self.held(address, cancel):
                opened.enter_context(self._lock(mark, cancel))
                with suppress(OSError):  # there is nothing yet
                    os.utime(self._top / address.key / NOTE)
            yield

    def drop(self, address: SourceAddress, cancel: CancelToken) -> None:
        """Remove what was fetched of an address, unless somebody uses it."""
        with self.held(address, cancel):
            if not self._is_used(address.key):
                shutil.rmtree(self._top / address.key, ignore_errors=True)

    def make_room(self, address: SourceAddress, size_bytes: int, cancel: CancelToken, announce: Announce) -> None:
        """Return when a file of this size may be fetched: in the bounds of the cache, and of the disk.

        Raises SourceError where that can't be, Cancelled.
        """
        self.check_size(address, size_bytes)
        told = False
        while True:
            with self._lock("room.lock", cancel):
                if self._free_up(address.key, size_bytes, cancel):
                    break
            if not told:
                announce(f"Other videos fill the cache of {_gigabytes(self._max_bytes)}: {address} waits for room.")
                told = True
            cancel.wait(LOOK_S)
        own = _taken(self._top / address.key)
        free = shutil.disk_usage(self._top).free
        if free < size_bytes - own + SPARE_BYTES:
            raise SourceError(
                f"The disk of {self._top} has {_gigabytes(free)} free, and {address} has {_gigabytes(size_bytes)}: "
                "free some space and start again; what has been fetched is kept."
            )

    def check_size(self, address: SourceAddress, size_bytes: int) -> None:
        """See that a file is not larger than all may be together. Raises SourceError."""
        if size_bytes > self._max_bytes:
            raise SourceError(
                f"{address} has {_gigabytes(size_bytes)} or more, and SOURCE_CACHE_GB allows "
                f"{_gigabytes(self._max_bytes)}: raise it, or copy the file to this machine."
            )

    def _free_up(self, own: str, size_bytes: int, cancel: CancelToken) -> bool:
        """Remove what is used by nobody until the file fits, and say whether it does."""
        others = [folder for folder in self._folders() if folder.name != own]
        sizes = {folder: _expected(folder) for folder in others}
        for folder in sorted(others, key=_last_used):
            if sum(sizes.values()) + size_bytes <= self._max_bytes:
                return True
            if not self._is_used(folder.name):
                with suppress(FolderInUseError, OutputError), self._now(f"{folder.name}.lock"):
                    shutil.rmtree(folder, ignore_errors=True)
                    sizes.pop(folder)
            cancel.check()
        return sum(sizes.values()) + size_bytes <= self._max_bytes

    def _folders(self) -> list[Path]:
        with suppress(OSError):
            return [path for path in self._top.iterdir() if path.is_dir()]
        return []

    def _is_used(self, key: str) -> bool:
        used = False
        for mark in self._top.glob(f"{key}.use-*"):
            try:
                with self._now(mark.name):
                    continue  # its process is gone, and so is the mark now
            except FolderInUseError:
                used = True
        return used

    @contextmanager
    def _lock(self, name: str, cancel: CancelToken) -> Iterator[None]:
        with ExitStack() as opened:
            while True:
                cancel.check()
                try:
                    opened.enter_context(self._now(name))
                    break
                except FolderInUseError:
                    cancel.wait(LOOK_S)
            yield

    @contextmanager
    def _now(self, name: str) -> Iterator[None]:
        """Hold a lock. Raises FolderInUseError where somebody else does, SourceError where none can be made."""
        with ExitStack() as opened:
            try:
                opened.enter_context(locked(self._top / name, self._top))
            except FolderInUseError:
                raise
            except OutputError as error:
                raise SourceError(
                    f"Videos from elsewhere can't be kept in {self._top}: check that folder's permissions."
                ) from error
            yield


def _expected(folder: Path) -> int:
    """Return what a folder takes, or will once its file is whole: one that is being fetched has its room already."""
    note = read_fetch_note(folder)
    return _taken(folder) if note is None else note.size_bytes


def _taken(folder: Path) -> int:
    """Return how much of the disk a folder takes; holes take nothing."""
    size = 0
    with suppress(OSError):
        for path in folder.iterdir():
            status = path.stat()
            blocks: int | None = getattr(status, "st_blocks", None)  # Windows has none
            size += status.st_size if blocks is None else blocks * 512
    return size


def _last_used(folder: Path) -> float:
    with suppress(OSError):
        return (folder / NOTE).stat().st_mtime
    return 0.0


def _gigabytes(size_bytes: float) -> str:
    return f"{size_bytes / BYTES_A_GIGABYTE:.1f} GB"
