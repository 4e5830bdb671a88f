"""The Range header, for one range. Pure. Source: RFC 9110, section 14."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes\s*=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.ASCII)


class UnsatisfiableRangeError(Exception):
    """The range lies outside the object: status 416."""


@dataclass(frozen=True, kw_only=True)
class BodyRange:
    """The bytes of an object that an answer has: from `start` up to, not including, `stop`."""

    start: int
    stop: int


def parse_range(header: str, size_bytes: int) -> BodyRange | None:
    """Return the range asked for, or None where the whole object is the right answer: several ranges, or no valid one.

    Raises UnsatisfiableRangeError.
    """
    match = _ONE_RANGE.fullmatch(header)
    if match is None or match.group(1, 2) == ("", ""):
        return None
    first, last = match.group(1, 2)
    if not first:
        start, stop = max(0, size_bytes - int(last)), size_bytes
    else:
        start, stop = int(first), min(size_bytes, int(last) + 1 if last else size_bytes)
        if last and int(last) < start:
            return None
    if start >= size_bytes:
        raise UnsatisfiableRangeError
    return BodyRange(start=start, stop=stop)
