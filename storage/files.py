"""Files written through to the disk, and the system's errors turned into the storage's own."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import sys
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Protocol, TypeVar

import aiofiles

from storage.errors import InvalidPathError, ObjectNotFoundError, PathConflictError, StorageError, StorageFullError

BLOCK_BYTES = 1 << 20
"""How much is read or written at once: a megabyte moves several times faster than the usual 8 or 64 KiB."""


class _Closable(Protocol):
    async def close(self) -> None: ...


Closable = TypeVar("Closable", bound=_Closable)

FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_CONFLICT = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)


async def write_file(
    path: str, file: Path, chunks: AsyncIterable[bytes], grow_to: Callable[[int], Awaitable[None]]
) -> tuple[str, int]:
    """Write all chunks to a new file and through to the disk; return MD5 and size.

    Args:
        path: the object's path, for messages.
        file: the file.
        chunks: the content; what it raises passes through.
        grow_to: told the size before it grows to that; may raise.

    Raises:
        StorageError.
    """
    digest = hashlib.md5(usedforsecurity=False)
    written = 0
    with translated_for_saving(path):
        file.parent.mkdir(exist_ok=True)  # not what is above: a disk that is not mounted is no reason to make a folder
        opened = await open_shielded(aiofiles.open(file, "xb"))
    try:
        # Errors of `chunks` must pass untouched, so only the file's own operations are translated.
        async for block in gathered(chunks, BLOCK_BYTES):
            written += len(block)
            await grow_to(written)
            digest.update(block)
            with translated_for_saving(path):
                await opened.write(block)
        with translated_for_saving(path):
            await opened.flush()
            await asyncio.to_thread(os.fsync, opened.fileno())
    finally:
        with translated_for_saving(path):
            await close_shielded(opened)
    return digest.hexdigest(), written


def copy_bytes(source: Path, target: FileIO, *, size_bytes: int, from_byte: int = 0, to_byte: int = 0) -> None:
    """Copy so many bytes from one file to a place in another, by the system where it can. Raises OSError."""
    done = 0
    with source.open("rb", buffering=0) as opened:
        while done < size_bytes:
            at, there, left = from_byte + done, to_byte + done, size_bytes - done
            copied = _copied_by_system(opened, target, left, at, there) or _copied(opened, target, left, at, there)
            if not copied:
                raise OSError(errno.EIO, "it is shorter than it should be", str(source))
            done += copied


def _copied_by_system(source: FileIO, target: FileIO, size_bytes: int, from_byte: int, to_byte: int) -> int:
    if sys.platform == "linux":
        try:
            return os.copy_file_range(source.fileno(), target.fileno(), size_bytes, from_byte, to_byte)
        except OSError as error:
            if error.errno in FULL:
                raise
    return 0  # not between these two


def _copied(source: FileIO, target: FileIO, size_bytes: int, from_byte: int, to_byte: int) -> int:
    source.seek(from_byte)
    target.seek(to_byte)
    return target.write(source.read(min(BLOCK_BYTES, size_bytes)))


async def open_shielded(opening: Awaitable[Closable]) -> Closable:
    """Wait for a file to be opened; who is cancelled meanwhile leaves none open."""
    task = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with suppress(OSError, StorageError):
            await close_shielded(await task)
        raise


async def remove_shielded(file: Path) -> None:
    """Remove a file, if it is there and can be removed: what can't goes at the next start."""

    def remove() -> None:
        with suppress(OSError):
            file.unlink()

    await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(remove)))


async def close_shielded(file: _Closable) -> None:
    """Close a file; being cancelled meanwhile does not keep it open."""
    await asyncio.shield(asyncio.ensure_future(file.close()))


async def gathered(chunks: AsyncIterable[bytes], block_bytes: int) -> AsyncIterator[bytes]:
    """Join small chunks to blocks, so that a file is written in few large steps."""
    waiting = bytearray()
    async for chunk in chunks:
        waiting += chunk
        if len(waiting) >= block_bytes:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn the system's errors while reading into the storage's own."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ObjectNotFoundError(f"Nothing is stored under {path}.") from error
    except OSError as error:
        raise _storage_error(path, error) from error


@contextmanager
def translated_for_saving(path: str) -> Iterator[None]:
    """Turn the system's errors while saving into the storage's own."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise StorageFullError(f"{path} does not fit on the disk: free some space.") from error
        if error.errno in _CONFLICT:
            raise PathConflictError(f"{path} can't be stored: a folder and a file would need the same name.") from error
        raise _storage_error(path, error) from error


def _storage_error(path: str, error: OSError) -> StorageError:
    if error.errno == errno.ENAMETOOLONG:
        return InvalidPathError(f"A part of the path {path!r} is longer than this system's file names may be.")
    return StorageError(
        f"{path} can't be stored or read ({error.strerror}): check the storage folder and its permissions."
    )
