"""Objects as files in one folder. Owns that folder; nothing outside it is ever read or written."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import stat
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import aiofiles

from storage.backend import StoredObject
from storage.errors import (
    IncompleteObjectError,
    InvalidPathError,
    ObjectNotFoundError,
    PathConflictError,
    StorageError,
    StorageFullError,
)
from storage.paths import check_path, check_windows_segments
from storage.quota import Reservation, Usage

if TYPE_CHECKING:
    from aiofiles.threadpool.binary import AsyncBufferedReader

BLOCK_BYTES = 1 << 20
"""How much is read or written at once: a megabyte moves several times faster than the usual 8 or 64 KiB."""

INCOMING = ".incoming"
"""The hidden folder of files that are not whole yet. In the root, so that moving one into place stays on one disk."""

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_CONFLICT = (errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.ENOTEMPTY)


class OpenFile:
    """A stored file being read."""

    def __init__(self, info: StoredObject, file: AsyncBufferedReader) -> None:
        self._info = info
        self._file = file

    @property
    def info(self) -> StoredObject:
        """What is being read."""
        return self._info

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end). Raises StorageError."""
        remaining = (self._info.size_bytes if stop is None else stop) - start
        with _translated(self._info.path):
            await self._file.seek(start)
        while remaining > 0:
            with _translated(self._info.path):
                block = await self._file.read(min(BLOCK_BYTES, remaining))
            if not block:
                raise IncompleteObjectError(f"{self._info.path} became shorter while it was read.")
            remaining -= len(block)
            yield block

    async def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        await self._file.close()


class LocalStorageBackend:
    """A StorageBackend over a local folder.

    Args:
        root: the folder.
        max_size_bytes: how much it may hold, None for no limit.
    """

    def __init__(self, root: Path, *, max_size_bytes: int | None = None) -> None:
        self._root = root.absolute()
        self._incoming = self._root / INCOMING
        self._usage = Usage(max_size_bytes=max_size_bytes, measure=self._measure)
        self._digests: dict[str, tuple[tuple[int, int, int], str]] = {}

    def prepare(self) -> None:
        """Make the folder, and remove what a server that was killed left half-written. Raises StorageError."""
        with _translated_for_saving(str(self._root)):
            self._incoming.mkdir(parents=True, exist_ok=True)
            for leftover in self._incoming.iterdir():
                leftover.unlink()

    async def save(self, path: str, chunks: AsyncIterable[bytes], *, size_bytes: int | None = None) -> StoredObject:
        """Store an object, whole or not at all; see StorageBackend.save."""
        target = self._locate(path)
        reservation = await asyncio.to_thread(self._reserve, target, size_bytes or 0)
        temporary = self._incoming / f"{uuid.uuid4().hex}.part"
        try:
            digest, written = await self._write(path, temporary, chunks, reservation)
            if size_bytes is not None and written != size_bytes:
                raise IncompleteObjectError(f"{path}: {size_bytes} bytes were announced, but {written} came.")
            return await asyncio.to_thread(self._put_in_place, path, temporary, target, digest)
        finally:
            reservation.release()
            with suppress(OSError):  # usually it has been moved; what can't be removed now goes at the next start
                temporary.unlink()

    async def open(self, path: str) -> OpenFile:
        """Open an object for reading; the caller closes it. Raises ObjectNotFoundError."""
        target = self._locate(path)
        with _translated(path):
            self._status(path, target)
            file = await aiofiles.open(target, "rb")
            try:
                info = await asyncio.to_thread(self._describe, path, file.fileno())
            except BaseException:
                await file.close()
                raise
        return OpenFile(info, file)

    async def load(self, path: str) -> bytes:
        """Return the whole content: for small objects. Raises ObjectNotFoundError."""
        file = await self.open(path)
        try:
            return b"".join([block async for block in file.chunks()])
        finally:
            await file.close()

    async def exists(self, path: str) -> bool:
        """Whether an object is stored under this path. Raises InvalidPathError."""
        try:
            self._status(path, self._locate(path))
        except ObjectNotFoundError:
            return False
        return True

    async def get_size(self, path: str) -> int:
        """Return an object's size in bytes. Raises ObjectNotFoundError."""
        return self._status(path, self._locate(path)).st_size

    async def list_files(self, prefix: str = "") -> list[str]:
        """Return the paths of all objects that begin with `prefix`, sorted."""
        folder = self._locate(prefix.rpartition("/")[0]) if "/" in prefix else self._root
        return await asyncio.to_thread(lambda: sorted(path for path, _ in self._walk(folder) if path.startswith(prefix)))

    async def delete(self, path: str) -> None:
        """Delete an object and the folders that it leaves empty; one that is not there is fine."""
        await asyncio.to_thread(self._remove, path, self._locate(path))

    async def get_total_size(self) -> int:
        """Return the bytes of all objects together."""
        return await asyncio.to_thread(self._usage.total)

    def _locate(self, path: str) -> Path:
        """Return the file for a path. Follows links to see where it really is. Raises InvalidPathError."""
        segments = check_path(path)
        if os.name == "nt":
            check_windows_segments(segments)
        target = self._root.joinpath(*segments)
        root, real = os.path.realpath(self._root), os.path.realpath(target)
        inside = Path(real).relative_to(root).parts if Path(real).is_relative_to(root) else ()
        if not inside or inside[0].startswith("."):
            raise InvalidPathError(f"The path {path!r} leads out of the storage.")
        return target

    def _status(self, path: str, target: Path) -> os.stat_result:
        with _translated(path):
            status = target.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ObjectNotFoundError(f"Nothing is stored under {path}.")
        return status

    def _reserve(self, target: Path, size_bytes: int) -> Reservation:
        reservation = self._usage.reserve(replaced_bytes=_size(target))
        reservation.grow_to(size_bytes)
        return reservation

    async def _write(self, path: str, temporary: Path, chunks: AsyncIterable[bytes], reservation: Reservation) -> tuple[str, int]:
        """Write all chunks through to the disk; return MD5 and size."""
        digest = hashlib.md5(usedforsecurity=False)
        written = 0
        with _translated_for_saving(path):
            self._incoming.mkdir(parents=True, exist_ok=True)
            file = await aiofiles.open(temporary, "xb")
        try:
            # Errors of `chunks` must pass untouched, so only the file's own operations are translated.
            async for block in _gathered(chunks):
                written += len(block)
                reservation.grow_to(written)
                digest.update(block)
                with _translated_for_saving(path):
                    await file.write(block)
            with _translated_for_saving(path):
                await file.flush()
                await asyncio.to_thread(os.fsync, file.fileno())
        finally:
            with _translated_for_saving(path):
                await file.close()
        return digest.hexdigest(), written

    def _put_in_place(self, path: str, temporary: Path, target: Path, digest: str) -> StoredObject:
        with self._usage.changing, _translated_for_saving(path):
            target.parent.mkdir(parents=True, exist_ok=True)
            replaced_bytes = _size(target)
            temporary.replace(target)
            status = target.stat()
            self._usage.change(status.st_size - replaced_bytes)
        self._digests[path] = (_identity(status), digest)
        return StoredObject(path=path, size_bytes=status.st_size, modified_s=status.st_mtime, md5=digest)

    def _describe(self, path: str, descriptor: int) -> StoredObject:
        """Say what an open file holds. The MD5 is remembered for as long as the file stays the same one."""
        status = os.fstat(descriptor)
        known = self._digests.get(path)
        if known is None or known[0] != _identity(status):
            with open(descriptor, "rb", closefd=False, buffering=0) as file:
                digest = hashlib.md5(usedforsecurity=False)
                while block := file.read(BLOCK_BYTES):
                    digest.update(block)
                file.seek(0)
            known = self._digests[path] = (_identity(status), digest.hexdigest())
        return StoredObject(path=path, size_bytes=status.st_size, modified_s=status.st_mtime, md5=known[1])

    def _remove(self, path: str, target: Path) -> None:
        with self._usage.changing, suppress(ObjectNotFoundError), _translated(path):
            size_bytes = self._status(path, target).st_size
            target.unlink()
            self._usage.change(-size_bytes)
            self._digests.pop(path, None)
            with suppress(OSError):  # the first folder with something else in it ends the tidying
                for folder in target.parents:
                    if folder == self._root:
                        break
                    folder.rmdir()

    def _measure(self) -> int:
        return sum(size_bytes for _, size_bytes in self._walk(self._root))

    def _walk(self, folder: Path) -> Iterator[tuple[str, int]]:
        """Yield path and size of every object at or below a folder; links and the storage's own files are left out."""
        for place, folders, names in os.walk(folder):
            if Path(place) == self._root:
                folders[:] = [name for name in folders if not name.startswith(".")]
                names = [name for name in names if not name.startswith(".")]
            for name in names:
                file = Path(place, name)
                with suppress(OSError):  # deleted since the folder was read
                    status = file.lstat()
                    if stat.S_ISREG(status.st_mode):
                        yield file.relative_to(self._root).as_posix(), status.st_size


async def _gathered(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Join small chunks to blocks, so that a file is written in few large steps."""
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        if len(gathered) >= BLOCK_BYTES:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _size(target: Path) -> int:
    try:
        return target.stat().st_size
    except OSError:
        return 0


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


@contextmanager
def _translated(path: str) -> Iterator[None]:
    """Turn the system's errors while reading into the storage's own."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ObjectNotFoundError(f"Nothing is stored under {path}.") from error
    except OSError as error:
        raise _storage_error(path, error) from error


@contextmanager
def _translated_for_saving(path: str) -> Iterator[None]:
    """Turn the system's errors while saving into the storage's own."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFullError(f"{path} does not fit on the disk: free some space.") from error
        if error.errno in _CONFLICT:
            raise PathConflictError(f"{path} can't be stored: a folder and a file would need the same name.") from error
        raise _storage_error(path, error) from error


def _storage_error(path: str, error: OSError) -> StorageError:
    if error.errno == errno.ENAMETOOLONG:
        return InvalidPathError(f"A part of the path {path!r} is longer than this system's file names may be.")
    return StorageError(f"{path} can't be stored or read ({error.strerror}): check the storage folder and its permissions.")
