"""What every storage can do, whatever keeps the bytes."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, kw_only=True)
class StoredObject:
    """One object: its path, size, time of storing in seconds since 1970 and the MD5 of its content in hex."""

    path: str
    size_bytes: int
    modified_s: float
    md5: str


class OpenObject(Protocol):
    """An object being read. What it says and what it gives belong together, even if the object is replaced meanwhile."""

    @property
    def info(self) -> StoredObject:
        """What is being read."""

    def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end)."""

    async def close(self) -> None:
        """Let go of the object. Closing twice is fine."""


class StorageBackend(Protocol):
    """Objects under paths such as `videos/lesson/master.m3u8`. Every method raises a StorageError."""

    async def save(self, path: str, chunks: AsyncIterable[bytes], *, size_bytes: int | None = None) -> StoredObject:
        """Store an object, whole or not at all, in place of an older one.

        Args:
            path: where.
            chunks: the content; what it raises passes through, and nothing is stored.
            size_bytes: the size if it is known before; a content of another size is refused.

        Raises:
            StorageQuotaExceededError, StorageFullError, InvalidPathError, PathConflictError, IncompleteObjectError.
        """

    async def open(self, path: str) -> OpenObject:
        """Open an object for reading; the caller closes it. Raises ObjectNotFoundError."""

    async def load(self, path: str) -> bytes:
        """Return the whole content: for small objects. Raises ObjectNotFoundError."""

    async def exists(self, path: str) -> bool:
        """Whether an object is stored under this path."""

    async def get_size(self, path: str) -> int:
        """Return an object's size in bytes. Raises ObjectNotFoundError."""

    async def list_files(self, prefix: str = "") -> list[str]:
        """Return the paths of all objects that begin with `prefix`, sorted."""

    async def delete(self, path: str) -> None:
        """Delete an object; one that is not there is fine."""

    async def get_total_size(self) -> int:
        """Return the bytes of all objects together."""
