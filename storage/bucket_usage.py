"""How much a bucket holds and may hold. Objects also come by URLs that were given away, which nobody here sees."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress

from storage import promises
from storage.backend import StoredObject, StoredPart
from storage.errors import AccessDeniedError, ObjectNotFoundError, SizeUnknownError, UploadNotFoundError
from storage.measuring import MeasuredFile
from storage.reservation import Reservation
from storage.s3_parts import S3Parts
from storage.settings import S3Settings
from storage.usage import Usage
from storage.usage_ledger import Ledger

PARTS_KEPT_S = 3600
"""How long room is kept for the parts of an upload of which nothing is heard: renewed by each part that is signed,
sent or listed.
"""


class BucketUsage:
    """What is counted of a bucket; without quotas nothing is.

    Args:
        settings: with the quotas.
        objects: lists all objects.
        parts: the uploads in parts.
        size_of: tells the size of one, or raises ObjectNotFoundError.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        settings: S3Settings,
        *,
        objects: Callable[[], AsyncIterator[StoredObject]],
        parts: S3Parts,
        size_of: Callable[[str], Awaitable[int]],
        clock: Callable[[], float],
    ) -> None:
        self._objects = objects
        self._parts = parts
        self._size_of = size_of
        self.usage = Usage(settings.quotas, settings.usage_file, everything=self._everything, clock=clock)

    async def size_there(self, path: str) -> int:
        """Return the size of what is stored under a path, 0 where nothing is, or where nothing is counted."""
        if not self.usage.is_limited:
            return 0
        await self.usage.known()
        try:
            return await self._size_of(path)
        except ObjectNotFoundError:
            return 0

    async def check(self, path: str, size_bytes: int) -> None:
        """See that an object fits. Raises StorageQuotaExceededError."""
        if self.usage.is_limited:
            there_bytes = await self.size_there(path)
            await self.usage.act(lambda ledger: promises.check(ledger, path, size_bytes, replaced_bytes=there_bytes))

    async def promise(self, path: str, size_bytes: int | None, *, for_s: int) -> None:
        """Keep room for an object whose URL is given away. Raises SizeUnknownError, StorageQuotaExceededError."""
        if not self.usage.is_limited:
            return
        if size_bytes is None:  # the storage never sees what comes by the URL
            raise SizeUnknownError(f"{path}: the storage has a limit, so the size must be declared first.")
        there_bytes = await self.size_there(path)
        await self.usage.act(
            lambda ledger: promises.promise(ledger, path, size_bytes, replaced_bytes=there_bytes, for_s=for_s)
        )

    async def promise_part(self, path: str, upload_id: str, number: int, size_bytes: int) -> None:
        """Keep room for a part. Raises StorageQuotaExceededError."""
        if self.usage.is_limited:
            await self.usage.act(
                lambda ledger: promises.promise_part(ledger, path, upload_id, number, size_bytes, for_s=PARTS_KEPT_S)
            )

    async def keep_parts(self, path: str, upload_id: str, parts: Sequence[StoredPart]) -> None:
        """Keep the room of parts that have come, whether they fit or not."""

        def keep(ledger: Ledger) -> None:
            for part in parts:
                promises.promise_part(
                    ledger, path, upload_id, part.number, part.size_bytes, for_s=PARTS_KEPT_S, is_there=True
                )

        if self.usage.is_limited:
            await self.usage.act(keep)

    async def join_parts(self, path: str, upload_id: str, size_bytes: int, *, replaced_bytes: int) -> None:
        """Keep the room of an upload's parts for the object that they become. Raises StorageQuotaExceededError."""

        def join(ledger: Ledger) -> None:
            promises.forget_parts(ledger, path, upload_id)
            promises.promise(ledger, path, size_bytes, replaced_bytes=replaced_bytes, for_s=PARTS_KEPT_S)

        if self.usage.is_limited:
            await self.usage.act(join)

    async def forget_parts(self, path: str, upload_id: str) -> None:
        """Give back the room of an upload in parts: it was aborted."""
        if self.usage.is_limited:
            await self.usage.act(lambda ledger: promises.forget_parts(ledger, path, upload_id))

    async def stored(
        self, path: str, size_bytes: int, *, replaced_bytes: int, reservation: Reservation | None = None
    ) -> None:
        """Note that an object was stored, or deleted when its size is 0."""

        def count(ledger: Ledger) -> None:
            if reservation is not None:
                reservation.end(ledger)
            promises.stored(ledger, path, size_bytes, replaced_bytes=replaced_bytes)

        if self.usage.is_limited:
            await self.usage.act(count)

    async def _everything(self) -> AsyncIterator[list[MeasuredFile]]:
        async for found in self._objects():
            yield [MeasuredFile(found.path, found.size_bytes)]
        with suppress(AccessDeniedError):  # then parts count for a while after something was heard of their uploads
            async for path, upload_id in self._parts.list_uploads():
                with suppress(UploadNotFoundError):  # it has ended meanwhile
                    parts = await self._parts.list_all(path, upload_id)
                    yield [MeasuredFile(path, part.size_bytes, upload_id, part.number, True) for part in parts]
