"""A content on its way to a bucket, cut into parts. Knows no bucket."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncGenerator, AsyncIterable

from storage.backend import MAX_PARTS
from storage.errors import IncompleteObjectError
from storage.reservation import Reservation

PART_BYTES = 8 << 20
"""What is larger is sent in parts of this size, as Amazon's own programs do."""

PARTS_OF_A_SIZE = 1000
"""After so many parts of a content of unknown size the next ones are larger, so that 440 GB fit into MAX_PARTS."""


class ContentInParts:
    """A content cut into parts on its way, with its size and MD5."""

    def __init__(self, path: str, chunks: AsyncIterable[bytes], announced_bytes: int | None) -> None:
        self.path = path
        self.size_bytes = 0
        self.digest = hashlib.md5(usedforsecurity=False)
        self._chunks = chunks
        self._announced_bytes = announced_bytes

    async def parts(self, reservation: Reservation) -> AsyncGenerator[bytes, None]:
        """Yield the content in parts, none of them empty; room is asked for before more is taken."""
        waiting = bytearray()
        number = 1
        async for chunk in self._chunks:
            self.size_bytes += len(chunk)
            if self._announced_bytes is not None:
                check_not_more(self.path, self._announced_bytes, self.size_bytes)
            await reservation.grow_to(self.size_bytes)
            self.digest.update(chunk)
            waiting += chunk
            while len(waiting) >= (part_bytes := part_size(number, self._announced_bytes)):
                yield bytes(memoryview(waiting)[:part_bytes])
                del waiting[:part_bytes]
                number += 1
        if waiting:
            yield bytes(waiting)

    def check_whole(self) -> None:
        """See that all that was announced has come. Raises IncompleteObjectError."""
        if self._announced_bytes is not None:
            check_size(self.path, self._announced_bytes, self.size_bytes)


def part_size(number: int, size_bytes: int | None) -> int:
    """Return how large a part is, so that the whole fits into the number of parts that S3 takes."""
    if size_bytes is not None:
        mebibyte = 1 << 20
        return max(PART_BYTES, -(-size_bytes // (MAX_PARTS * mebibyte)) * mebibyte)
    return PART_BYTES * (1 + (number - 1) // PARTS_OF_A_SIZE)


def check_not_more(path: str, announced_bytes: int, arrived_bytes: int) -> None:
    """See that not more came than was announced. Raises IncompleteObjectError."""
    if arrived_bytes > announced_bytes:
        check_size(path, announced_bytes, arrived_bytes)


def check_size(path: str, announced_bytes: int, arrived_bytes: int) -> None:
    """See that as much came as was announced. Raises IncompleteObjectError."""
    if arrived_bytes != announced_bytes:
        raise IncompleteObjectError(f"{path}: {announced_bytes} bytes were announced, but {arrived_bytes} came.")


def base64_md5(content: bytes) -> str:
    """Return the MD5 of a content as the header Content-MD5 has it."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
