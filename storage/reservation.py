"""Room that one save asks for, held for as long as its content keeps coming."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

from storage.counts import Counts
from storage.errors import StorageError
from storage.usage_ledger import Ledger

HELD_S = 60
"""How long room is held for a content of which nothing comes."""

RENEWED_AFTER_S = 15
RENEWED_BY_BYTES = 64 << 10
"""What has to come before room is held anew: a kilobyte a second, so that a trickle holds no gigabytes."""

_T = TypeVar("_T")


class Reservation:
    """The room of one save.

    When nothing came for HELD_S others may have it; what comes later is checked again.

    Args:
        act: does something in a transaction once it is known how much is stored; None where nothing is limited.
        path: where it will be stored.
        replaced_bytes: the size of what is stored there now.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        act: Callable[[Callable[[Ledger], None]], Awaitable[None]] | None,
        path: str,
        replaced_bytes: int,
        clock: Callable[[], float],
    ) -> None:
        self.name = uuid.uuid4().hex
        self._act = act
        self._path = path
        self._replaced_bytes = replaced_bytes
        self._clock = clock
        self._size_bytes: int | None = None
        self._is_asked_for = False
        self._held_s = 0.0
        self._arrived_bytes = 0

    async def grow_to(self, size_bytes: int) -> None:
        """Ask for room for so many bytes in all. Raises StorageQuotaExceededError, StorageUnavailableError."""
        if self._act is not None and (self._size_bytes is None or size_bytes > self._size_bytes):
            self._is_asked_for = True
            await self._act(lambda ledger: self._hold(ledger, size_bytes))
            self._size_bytes = size_bytes

    def renewed_by(self, chunks: AsyncIterable[bytes]) -> AsyncIterable[bytes]:
        """Pass a content on; while it comes the room is held. Raises as `grow_to` does."""
        return chunks if self._act is None else self._renewed_by(chunks)

    async def release(self) -> None:
        """Give the room back, unless an object has used it."""
        if self._act is not None and self._is_asked_for:
            with suppress(StorageError):  # then it ends when nothing has come for a while
                await self._act(lambda ledger: ledger.release(self.name))

    async def used_by(self, storing: Awaitable[_T]) -> _T:
        """Wait until the object is stored and counted, which calls `end`, and return what that returns."""
        stored = await storing
        self._is_asked_for = False
        return stored

    def end(self, counts: Counts) -> None:
        """Give the room to the object that is being stored in this transaction."""
        counts.release(self.name)

    async def _renewed_by(self, chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self._arrived_bytes += len(chunk)
            if self._arrived_bytes >= RENEWED_BY_BYTES and self._clock() - self._held_s >= RENEWED_AFTER_S:
                await self._renew()
            yield chunk

    async def _renew(self) -> None:
        assert self._act is not None
        size_bytes = self._size_bytes or 0

        def renew(ledger: Ledger) -> None:
            if ledger.renew(self.name, ledger.now_s + HELD_S):
                self._held_s = ledger.now_s
            else:  # nothing came for too long, and others may have taken the room
                self._hold(ledger, size_bytes)

        await self._act(renew)
        self._arrived_bytes = 0

    def _hold(self, ledger: Ledger, size_bytes: int) -> None:
        ledger.reserve(
            self.name,
            self._path,
            size_bytes,
            replaced_bytes=self._replaced_bytes,
            until_s=ledger.now_s + HELD_S,
        )
        self._held_s = ledger.now_s
