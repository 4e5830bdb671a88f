"""Entity tags as S3 makes them: the MD5 of what came at once, the MD5 of the parts' MD5s for what came in parts.

Pure.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

MAX_GUESSES = 32
"""How many part sizes are tried: two parts of a large object could have been cut anywhere."""

_MIB = 1 << 20
_WHOLE = re.compile(r"[0-9a-f]{32}")
_IN_PARTS = re.compile(r"[0-9a-f]{32}-([0-9]{1,5})")


def md5_in(etag: str) -> str | None:
    """Return the content's MD5 that an entity tag is, None where it is something else."""
    return etag if _WHOLE.fullmatch(etag) else None


def parts_in(etag: str) -> int | None:
    """Return the number of parts in an entity tag, None if it names none."""
    match = _IN_PARTS.fullmatch(etag)
    return int(match[1]) if match else None


def etag_of_parts(etags: Sequence[str]) -> str:
    """Return the entity tag of an object made of parts with these entity tags, which must be MD5s in hex."""
    md5s = b"".join(bytes.fromhex(etag) for etag in etags)
    return f"{hashlib.md5(md5s, usedforsecurity=False).hexdigest()}-{len(etags)}"


def part_sizes(size_bytes: int, parts: int) -> list[int]:
    """Return the sizes, all whole mebibytes, that cut so many bytes into so many parts; the last part may be smaller.

    Nobody says in what sizes an object was sent, but programs choose round ones: these come first, and at most
    MAX_GUESSES.
    """
    smallest = -(-size_bytes // (parts * _MIB))
    largest = (size_bytes - 1) // ((parts - 1) * _MIB) if parts > 1 else smallest
    roundest_first = sorted(range(max(smallest, 1), largest + 1), key=lambda size: size & -size, reverse=True)
    return [size * _MIB for size in roundest_first[:MAX_GUESSES]]


class PartedDigest:
    """The entity tag of a content as it would be if it had come in parts of one size."""

    def __init__(self, part_bytes: int) -> None:
        self._part_bytes = part_bytes
        self._done: list[str] = []
        self._current = hashlib.md5(usedforsecurity=False)
        self._current_bytes = 0

    def update(self, content: bytes) -> None:
        """Take the next bytes."""
        view = memoryview(content)
        while view:
            taken = view[: self._part_bytes - self._current_bytes]
            self._current.update(taken)
            self._current_bytes += len(taken)
            view = view[len(taken) :]
            if self._current_bytes == self._part_bytes:
                self._finish_part()

    def etag(self) -> str:
        """Return the entity tag; nothing may follow."""
        if self._current_bytes:
            self._finish_part()
        return etag_of_parts(self._done)

    def _finish_part(self) -> None:
        self._done.append(self._current.hexdigest())
        self._current = hashlib.md5(usedforsecurity=False)
        self._current_bytes = 0
