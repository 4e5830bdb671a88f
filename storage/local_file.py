"""A file of a local storage that is being read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from io import BufferedReader

from storage.backend import StoredObject
from storage.errors import ObjectChangedError
from storage.files import translated

READ_BYTES = 1 << 18
"""How much is read at once: a client that stalls holds two or three such blocks, and a larger one is hardly faster."""


class OpenFile:
    """A stored file being read, in threads: each turn of one costs about as much CPU as to read 100 kB."""

    def __init__(self, info: StoredObject, file: BufferedReader) -> None:
        self._info = info
        self._file = file

    @property
    def info(self) -> StoredObject:
        """What is being read."""
        return self._info

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end). Raises StorageError."""
        end = self._info.size_bytes if stop is None else stop
        while start < end:
            with translated(self._info.path):
                block = await asyncio.to_thread(self._read, start, min(READ_BYTES, end - start))
            if not block:
                raise ObjectChangedError(f"{self._info.path} became shorter while it was read.")
            start += len(block)
            yield block

    async def close(self) -> None:
        """Let go of the file. Closing twice is fine."""
        if not self._file.closed:
            # being cancelled meanwhile does not keep it open
            await asyncio.shield(asyncio.ensure_future(asyncio.to_thread(self._file.close)))

    def _read(self, start: int, size_bytes: int) -> bytes:
        self._file.seek(start)
        return self._file.read(size_bytes)
