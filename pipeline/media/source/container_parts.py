"""Walks through the parts of a container's header: boxes of MP4 and MOV, elements of Matroska.

Does not know what they mean.

PyAV does not tell all of what a header says. Each function raises OSError or struct.error where a file is cut off or
damaged.
"""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

VISUAL_ENTRY_BYTES = 78
"""ISO/IEC 14496-12, 12.1.3: what a visual sample entry holds ahead of its boxes."""

FULL_BOX_AND_COUNT_BYTES = 8
TRACK_ID_AT = {0: 12, 1: 20}
"""ISO/IEC 14496-12, 8.3.2: where a track header has its number, by the box's version."""

# RFC 9559, 5.1
SEGMENT, SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
CLUSTER, TRACKS, TRACK, VIDEO = 0x1F43B675, 0x1654AE6B, 0xAE, 0xE0

MOST_BYTES = 1 << 20
"""More than the elements have that are read whole."""


def box_contents(file: BinaryIO, start: int, end: int, kind: bytes | None = None) -> Iterator[tuple[int, int]]:
    """Yield where the content of the boxes of a kind begins and ends."""
    while start + 8 <= end:
        size, found = struct.unpack(">I4s", read_bytes(file, start, 8))
        body = start + 8
        if size == 1:  # a size of 64 bits follows (ISO/IEC 14496-12, 4.2)
            size, body = struct.unpack(">Q", read_bytes(file, body, 8))[0], body + 8
        size = size or end - start
        if size < body - start:
            return
        if kind in (None, found):
            yield body, min(start + size, end)
        start += size


def box_kinds(path: Path) -> tuple[bytes, ...]:
    """Return the kinds of a file's outermost boxes and of those in its movie, as far as they can be read."""
    kinds = []
    with contextlib.suppress(OSError, struct.error), path.open("rb") as file:
        for start, end in box_contents(file, 0, path.stat().st_size):
            kinds.append(read_bytes(file, start - 4, 4))
            if kinds[-1] == b"moov":
                kinds += [read_bytes(file, inner - 4, 4) for inner, _ in box_contents(file, start, end)]
    return tuple(kinds)


def sample_entries(file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield a track's sample descriptions (ISO/IEC 14496-12, 8.5.2): four letters, begin and end."""
    spans = [(start, end)]
    for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
        spans = [found for span in spans for found in box_contents(file, *span, kind)]
    for begin, finish in spans:
        for entry in box_contents(file, begin + FULL_BOX_AND_COUNT_BYTES, finish):
            yield read_bytes(file, entry[0] - 4, 4), *entry


def track_id(file: BinaryIO, start: int, end: int) -> int:
    """Return the number in a track's header."""
    data = read_bytes(file, start, min(end - start, 32))
    return int(struct.unpack_from(">I", data, TRACK_ID_AT[min(data[0], 1)])[0]) if data else 0


def segment_tracks(file: BinaryIO, begin: int, end: int) -> tuple[int, int]:
    """Return where a segment's tracks lie: before the frames, or where the head says that they were put."""
    elsewhere = begin
    for name, start, finish in elements(file, begin, end, SEEK_HEAD, TRACKS, CLUSTER):
        if name == TRACKS:
            return start, finish
        if name == CLUSTER:
            break
        for _, *seek in elements(file, start, finish, SEEK):
            told = {what: number(file, *span) for what, *span in elements(file, *seek, SEEK_ID, SEEK_POSITION)}
            if told.get(SEEK_ID) == TRACKS:
                elsewhere = begin + told.get(SEEK_POSITION, 0)
    if elsewhere != begin:
        for _, start, finish in elements(file, elsewhere, end, TRACKS):
            return start, finish
    return end, end


def elements(file: BinaryIO, start: int, end: int, *names: int) -> Iterator[tuple[int, int, int]]:
    """Yield the EBML elements of these names (RFC 8794, 5 and 6): name, and where the content begins and ends."""
    while start < end:
        head = io.BytesIO(read_bytes(file, start, min(12, end - start)))
        name, _ = _variable(head, marker=True)
        size, unknown = _variable(head, marker=False)
        body = start + head.tell()
        finish = end if unknown else min(body + size, end)
        if name in names:
            yield name, body, finish
        start = finish


def _variable(data: BinaryIO, *, marker: bool) -> tuple[int, bool]:
    """Return an EBML number and whether it stands for an unknown one; `marker` keeps the bit that tells its length."""
    first = data.read(1)
    length = 9 - first[0].bit_length() if first else 9
    rest = data.read(length - 1)
    if length > 8 or len(rest) < length - 1:
        raise struct.error("an element is cut off")
    whole = int.from_bytes(first + rest, "big")
    value = whole & ((1 << 7 * length) - 1)
    return (whole if marker else value), value == (1 << 7 * length) - 1


def number(file: BinaryIO, start: int, end: int) -> int:
    """Return an element's content as a number."""
    return int.from_bytes(read_bytes(file, start, end - start), "big")


def read_bytes(file: BinaryIO, start: int, size: int) -> bytes:
    """Return this many bytes from a position."""
    if not 0 <= size <= MOST_BYTES:
        raise struct.error("an element is too long")
    file.seek(start)
    data = file.read(size)
    if len(data) < size:
        raise struct.error("the file ends early")
    return data
