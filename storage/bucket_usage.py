"""How much a bucket holds and may hold: listed once, then counted,
and listed again now and then beside everything else.

Objects also come by URLs that were given away, which nobody here sees: room for them is kept until a listing shows
them, or until their URLs have expired. Belongs to one event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from storage.errors import StorageQuotaExceededError
from storage.quota import Reservation

MEASURED_FOR_S = 15 * 60
"""How long to wait before checking again what others do with the bucket."""


@dataclass(kw_only=True)
class _Promise:
    """Room for one object or part whose URL was given away."""

    size_bytes: int
    replaced_bytes: int
    until_s: float

    @property
    def room_bytes(self) -> int:
        return max(0, self.size_bytes - self.replaced_bytes)


class BucketUsage:
    """The bytes that a bucket holds under its prefix.

    Args:
        max_size_bytes: how many it may hold.
        sizes: lists path and size of every object.
        clock: seconds that only grow.
    """

    def __init__(
        self, *, max_size_bytes: int, sizes: Callable[[], AsyncIterator[tuple[str, int]]], clock: Callable[[], float]
    ) -> None:
        self._max_size_bytes = max_size_bytes
        self._sizes = sizes
        self._clock = clock
        self._total_bytes: int | None = None
        self._measured_at_s = 0.0
        self._measuring: asyncio.Task[None] | None = None
        self._reserved_bytes = 0
        self._promised_bytes = 0
        self._objects: dict[str, _Promise] = {}
        self._parts: dict[tuple[str, int], _Promise] = {}
        self._changed: dict[str, int] = {}
        """Sizes of what was stored while a listing was under way: it may have passed their places before."""

    async def total(self) -> int:
        """Return the bytes of all objects; lists them if nobody has before. Raises StorageError."""
        while self._total_bytes is None:
            await asyncio.shield(self._measured())  # others may wait for it too
        if self._clock() - self._measured_at_s > MEASURED_FOR_S:
            self._measured()
        return self._total_bytes

    async def close(self) -> None:
        """End a listing that is under way."""
        if self._measuring is not None:
            self._measuring.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([self._measuring])

    def check(self, path: str, wanted_bytes: int, *, replaced_bytes: int) -> None:
        """See that an object fits; `total` must have been awaited before. Raises StorageQuotaExceededError.

        Here and below, `replaced_bytes` is the size of what is stored there now, 0 where nothing is.
        """
        promise = self._came(path, replaced_bytes)
        self._check(wanted_bytes, replaced_bytes + (promise.room_bytes if promise else 0), own_bytes=0)

    def check_part(self, upload_id: str, number: int, wanted_bytes: int) -> None:
        """See that a part fits, as `check` does."""
        promise = self._parts.get((upload_id, number))
        self._check(wanted_bytes, promise.room_bytes if promise else 0, own_bytes=0)

    def promise(self, path: str, size_bytes: int, *, replaced_bytes: int, for_s: float) -> None:
        """Keep room for an object that may come by its URL for so many seconds. Raises StorageQuotaExceededError."""
        self.check(path, size_bytes, replaced_bytes=replaced_bytes)
        self._drop_object(path)
        self._objects[path] = _Promise(
            size_bytes=size_bytes, replaced_bytes=replaced_bytes, until_s=self._clock() + for_s
        )
        self._promised_bytes += self._objects[path].room_bytes

    def promise_part(self, upload_id: str, number: int, size_bytes: int, *, for_s: float) -> None:
        """Keep room for a part; parts are in no listing. Raises StorageQuotaExceededError."""
        self.check_part(upload_id, number, size_bytes)
        self._drop_part((upload_id, number))
        self._parts[upload_id, number] = _Promise(
            size_bytes=size_bytes, replaced_bytes=0, until_s=self._clock() + for_s
        )
        self._promised_bytes += size_bytes

    def forget_parts(self, upload_id: str) -> None:
        """Give back the room of an upload in parts: it was completed or aborted."""
        for key in [key for key in self._parts if key[0] == upload_id]:
            self._drop_part(key)

    def reserve(self, *, replaced_bytes: int) -> Reservation:
        """Begin a save; `total` must have been awaited before."""
        return Reservation(self, replaced_bytes)

    def grow(self, reservation: Reservation, wanted_bytes: int, replaced_bytes: int) -> None:
        """Reserve so many more bytes. Raises StorageQuotaExceededError."""
        self._check(wanted_bytes, replaced_bytes, own_bytes=reservation.size_bytes)
        self._reserved_bytes += wanted_bytes

    def shrink(self, size_bytes: int) -> None:
        """Give back reserved bytes."""
        self._reserved_bytes -= size_bytes

    def stored(self, path: str, size_bytes: int, *, replaced_bytes: int) -> None:
        """Note that an object was stored, or deleted when its size is 0, where there was one of `replaced_bytes`."""
        promise = self._came(path, replaced_bytes)
        self._drop_object(path)
        if promise is not None and not size_bytes:  # its URL is as good as before, and nothing is replaced any more
            self._objects[path] = replace(promise, replaced_bytes=0)
            self._promised_bytes += promise.size_bytes
        if self._total_bytes is not None:
            self._total_bytes += size_bytes - replaced_bytes
        if self._measuring is not None:
            self._changed[path] = size_bytes

    def _came(self, path: str, there_bytes: int) -> _Promise | None:
        """Count what has come by its URL, as what is there now tells; return what is still promised."""
        promise = self._objects.get(path)
        if promise is not None and promise.replaced_bytes != there_bytes:
            self._promised_bytes -= promise.room_bytes
            if self._total_bytes is not None:
                self._total_bytes += there_bytes - promise.replaced_bytes
            if self._measuring is not None:
                self._changed[path] = there_bytes
            promise.replaced_bytes = there_bytes
            self._promised_bytes += promise.room_bytes
        return promise

    def _check(self, wanted_bytes: int, replaced_bytes: int, *, own_bytes: int) -> None:
        used = (self._total_bytes or 0) + self._reserved_bytes + self._promised_bytes
        if used - replaced_bytes + wanted_bytes > self._max_size_bytes:
            raise StorageQuotaExceededError(
                max_size_bytes=self._max_size_bytes, used_bytes=used - own_bytes, wanted_bytes=own_bytes + wanted_bytes
            )

    def _measured(self) -> asyncio.Task[None]:
        """Return the listing that is under way, begun now if there is none."""
        if self._measuring is None:
            self._measured_at_s = self._clock()  # also where it fails: the old figure then does for a while longer
            self._changed.clear()
            self._measuring = asyncio.create_task(self._measure())
            self._measuring.add_done_callback(self._ended)
        return self._measuring

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._measuring = None
        if not task.cancelled():
            task.exception()  # looked at: who waits for the listing gets it, and beside everything else nobody does

    async def _measure(self) -> None:
        listed_bytes = 0
        seen: dict[str, int] = {}
        async for path, size_bytes in self._sizes():
            listed_bytes += size_bytes
            if path in self._objects or path in self._changed:
                seen[path] = size_bytes
        # what was replaced while this ran may be counted twice until the next time, but never not at all
        self._total_bytes = listed_bytes + sum(
            max(0, size_bytes - seen.get(path, 0)) for path, size_bytes in self._changed.items()
        )
        self._settle(seen)

    def _settle(self, seen: dict[str, int]) -> None:
        """Keep room only for what has not come yet, and for no longer than it can come."""
        now_s = self._clock()
        for path, promise in list(self._objects.items()):
            self._drop_object(path)
            if now_s < promise.until_s:
                promise.replaced_bytes = seen.get(path, 0)
                self._objects[path] = promise
                self._promised_bytes += promise.room_bytes
        for key, promise in list(self._parts.items()):
            if now_s >= promise.until_s:
                self._drop_part(key)

    def _drop_object(self, path: str) -> None:
        if promise := self._objects.pop(path, None):
            self._promised_bytes -= promise.room_bytes

    def _drop_part(self, key: tuple[str, int]) -> None:
        if promise := self._parts.pop(key, None):
            self._promised_bytes -= promise.room_bytes
