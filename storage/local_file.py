"""A file of a local storage that is being read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from storage.backend import StoredObject
from storage.errors import ObjectChangedError
from storage.files import close_shielded, translated

if TYPE_CHECKING:
    from aiofiles.threadpool.binary import AsyncBufferedReader

READ_BYTES = 1 << 18
"""How much is read at once: a client that stalls holds two or three such blocks, and a larger one is hardly faster."""


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
        with translated(self._info.path):
            await self._file.seek(start)
        while remaining > 0:
            with translated(self._info.path):
                block = await self._file.read(min(READ_BYTES, remaining))
            if not block:
                raise ObjectChangedError(f"{self._info.path} became shorter while it was read.")
            remaining -= len(block)
            yield block

    async def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        await close_shielded(self._file)
