"""Reads the boxes of fragmented MP4 (ISO/IEC 14496-12). Knows no playlist."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

Read = Callable[[int, int], bytes]
"""Returns up to `count` bytes from a position: (at, count)."""


class BoxSpan(NamedTuple):
    """A box: where it begins, where its content begins, where it ends."""

    name: bytes
    start: int
    content: int
    end: int


class FrameSpan(NamedTuple):
    """A frame of a fragment: where its bytes lie, and its presentation time in the track's ticks."""

    start: int
    end: int
    time: int


@dataclass(frozen=True, kw_only=True)
class TrackHeader:
    """What the initialization section says of a track; `timescale` is ticks a second."""

    number: int
    handler: bytes
    timescale: int


def boxes(read: Read, start: int, end: int) -> Iterator[BoxSpan]:
    """Yield the boxes from `start` to `end`; the last one may reach beyond. Ends where there is no box any more."""
    at = start
    while at + 8 <= end:
        size, name = struct.unpack(">I4s", read(at, 8).ljust(8, b"\0"))
        content = at + 8
        if size == 1:
            size = int.from_bytes(read(at + 8, 8), "big")
            content = at + 16
        elif size == 0:
            size = end - at
        if size < content - at or not name.isascii():
            return
        yield BoxSpan(name, at, content, at + size)
        at += size


def tracks(init: bytes) -> tuple[TrackHeader, ...]:
    """Return the tracks of an initialization section."""
    read = reader(init)
    found = []
    for moov in _named(read, 0, len(init), b"moov"):
        for trak in _named(read, moov.content, moov.end, b"trak"):
            number = timescale = 0
            handler = b""
            for box in boxes(read, trak.content, trak.end):
                if box.name == b"tkhd":
                    number = _integer(init, box.content + (20 if init[box.content] else 12), 4)
                elif box.name == b"mdia":
                    for inner in boxes(read, box.content, box.end):
                        if inner.name == b"mdhd":
                            timescale = _integer(init, inner.content + (20 if init[inner.content] else 12), 4)
                        elif inner.name == b"hdlr":
                            handler = init[inner.content + 8 : inner.content + 12]
            found.append(TrackHeader(number=number, handler=handler, timescale=timescale))
    return tuple(found)


def samples(fragment: bytes, track: int) -> list[FrameSpan]:
    """Return one track's frames in the first fragment, at the begin of `fragment`; offsets count from there.

    Raises IndexError or struct.error where the boxes are cut off.
    """
    read = reader(fragment)
    found: list[FrameSpan] = []
    moof = next(_named(read, 0, len(fragment), b"moof"), None)
    if moof is None:
        return found
    for traf in _named(read, moof.content, moof.end, b"traf"):
        header = next(_named(read, traf.content, traf.end, b"tfhd"), None)
        if header is None or _integer(fragment, header.content + 4, 4) != track:
            continue
        base, usual_duration, usual_size = _defaults(fragment, header, moof.start)
        time = 0
        for box in boxes(read, traf.content, traf.end):
            if box.name == b"tfdt":
                time = _integer(fragment, box.content + 4, 8 if fragment[box.content] else 4)
            elif box.name == b"trun":
                time, run = _run(fragment, box, base, time, usual_duration, usual_size)
                found += run
    return found


def reader(data: bytes) -> Read:
    """Return a function that reads from bytes in memory."""
    return lambda at, count: data[at : at + count]


def _defaults(data: bytes, header: BoxSpan, moof_start: int) -> tuple[int, int, int]:
    flags = _integer(data, header.content + 1, 3)
    at = header.content + 8
    base = moof_start
    if flags & 0x1:
        base = _integer(data, at, 8)
        at += 8
    at += 4 if flags & 0x2 else 0
    duration = _integer(data, at, 4) if flags & 0x8 else 0
    at += 4 if flags & 0x8 else 0
    size = _integer(data, at, 4) if flags & 0x10 else 0
    return base, duration, size


def _run(
    data: bytes, box: BoxSpan, base: int, time: int, usual_duration: int, usual_size: int
) -> tuple[int, list[FrameSpan]]:
    version, flags = data[box.content], _integer(data, box.content + 1, 3)
    count = _integer(data, box.content + 4, 4)
    at = box.content + 8
    start = base
    if flags & 0x1:
        start += struct.unpack_from(">i", data, at)[0]
        at += 4
    at += 4 if flags & 0x4 else 0
    found = []
    for _ in range(count):
        duration, size, shift = usual_duration, usual_size, 0
        if flags & 0x100:
            duration = _integer(data, at, 4)
            at += 4
        if flags & 0x200:
            size = _integer(data, at, 4)
            at += 4
        at += 4 if flags & 0x400 else 0
        if flags & 0x800:
            shift = struct.unpack_from(">i" if version else ">I", data, at)[0]
            at += 4
        found.append(FrameSpan(start, start + size, time + shift))
        start += size
        time += duration
    return time, found


def _named(read: Read, start: int, end: int, name: bytes) -> Iterator[BoxSpan]:
    return (box for box in boxes(read, start, end) if box.name == name)


def _integer(data: bytes, at: int, count: int) -> int:
    piece = data[at : at + count]
    if len(piece) < count:
        raise IndexError(at)
    return int.from_bytes(piece, "big")
