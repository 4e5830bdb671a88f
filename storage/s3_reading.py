"""An object of a bucket that is being read, by somebody who may be slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Any

from storage.backend import StoredObject
from storage.errors import StorageUnavailableError
from storage.s3_bucket import S3Bucket

READ_BYTES = 1 << 18
HELD_S = 10.0
"""How long a connection to the store waits until more is wanted of an object: it is then closed."""


class OpenBucketObject:
    """An object being read.

    Each range is one request, or several where it is read slowly, and refused if the object is no longer the one that
    was opened.
    """

    def __init__(self, info: StoredObject, bucket: S3Bucket) -> None:
        self._info = info
        self._bucket = bucket

    @property
    def info(self) -> StoredObject:
        """What is being read."""
        return self._info

    async def chunks(self, start: int = 0, stop: int | None = None) -> AsyncIterator[bytes]:
        """Yield the bytes from `start` up to, not including, `stop` (None: the end).

        Raises ObjectChangedError, StorageError.
        """
        end = self._info.size_bytes if stop is None else stop
        while start < end:
            read_before = start
            async with aclosing(self._read(start, end)) as blocks:
                async for block in blocks:
                    start += len(block)
                    yield block
            if start == read_before:
                raise StorageUnavailableError(f"The store gives no more of {self._info.path}: try again later.")

    async def close(self) -> None:
        """Nothing is held between two ranges."""

    async def _read(self, start: int, stop: int) -> AsyncGenerator[bytes, None]:
        """Yield the bytes until nobody has wanted more for a while."""
        with self._bucket.errors.translated(self._info.path):
            answer = await self._bucket.reader.get_object(
                **self._bucket.named(self._info.path), IfMatch=f'"{self._info.etag}"', Range=f"bytes={start}-{stop - 1}"
            )
        held = _Held(answer["Body"])
        del answer  # what is given up shall go
        try:
            while held.body is not None:
                with self._bucket.errors.translated(self._info.path):
                    block = await held.body.read(READ_BYTES)
                if not block:
                    return
                giving_up = asyncio.get_running_loop().call_later(HELD_S, held.give_up)
                try:
                    yield block
                finally:
                    giving_up.cancel()
        finally:
            held.give_up()


class _Held:
    """The body of an answer, which can be given up, its connection and all that has come, while there is more."""

    def __init__(self, body: Any) -> None:  # noqa: ANN401  # botocore's type doesn't have what aiobotocore's has
        self.body = body

    def give_up(self) -> None:
        """Close the connection, unless the store has it back already because all has come."""
        if self.body is not None and not self.body.closed:
            self.body.close()
            self.body = None
