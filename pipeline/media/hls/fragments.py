"""Reads the boxes of fragmented MP4 (ISO/IEC 14496-12): where fragments lie and what their first samples are.

Knows nothing of playlists. Only the boxes that ffmpeg writes for files with one track are understood.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import EncodeError
from pipeline.files import write_whole

HEADER_BYTES = 8
NON_SYNC_SAMPLE = 0x10000
"""ISO/IEC 14496-12, 8.8.3.1: sample_is_non_sync_sample."""

# ISO/IEC 14496-12, 8.8.7.1 and 8.8.8.1: which fields a track fragment's boxes hold
TFHD_BASE_OFFSET, TFHD_DESCRIPTION, TFHD_DURATION, TFHD_SIZE, TFHD_FLAGS = 0x1, 0x2, 0x8, 0x10, 0x20
TRUN_OFFSET, TRUN_FIRST_FLAGS, TRUN_DURATION, TRUN_SIZE, TRUN_FLAGS, TRUN_COMPOSITION = (
    0x1,
    0x4,
    0x100,
    0x200,
    0x400,
    0x800,
)


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box: `start` and `end` in the data that it was found in, `body` where its content begins."""

    kind: str
    start: int
    body: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Fragment:
    """A movie fragment: its bytes from `start` to `end`, and the time of its first sample in track ticks.

    The time is that of the media: the track's edit list, if there is one, moves all of them alike.
    """

    start: int
    end: int
    time: int
    sync: bool


def boxes(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes side by side in `data`. Raises ValueError when one does not end within it."""
    end = len(data) if end is None else end
    while start < end:
        if end - start < HEADER_BYTES:
            raise ValueError("a box is cut off")
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + HEADER_BYTES
        if size == 1:  # a size of 64 bits follows (4.2)
            size, body = struct.unpack_from(">Q", data, body)[0], body + 8
        if size < body - start or start + size > end:
            raise ValueError("a box is cut off")
        yield Box(kind=kind.decode("latin-1"), start=start, body=body, end=start + size)
        start += size


def read_timescale(init: bytes) -> int:
    """Return the ticks a second of the first track of an initialization section. Raises ValueError."""
    mdhd = _child(init, _child(init, _child(init, _child(init, None, "moov"), "trak"), "mdia"), "mdhd")
    at = mdhd.body + (20 if init[mdhd.body] else 12)  # version 1 has times of 64 bits (8.4.2.2)
    return int(struct.unpack_from(">I", init, at)[0])


def read_fragments(data: bytes) -> list[Fragment]:
    """Return the fragments of a segment. Raises ValueError when it is not a whole segment."""
    try:
        return [_fragment(data, box) for box in boxes(data) if box.kind == "moof"]
    except struct.error as error:
        raise ValueError("a box is cut off") from error


def separate_init(init: Path, first_segment: Path) -> None:
    """Move fragments that ffmpeg left in the initialization section into the first segment, where they belong.

    With `frag_keyframe` ffmpeg's HLS muxer writes what it has of the first segment to the section's file.
    A crash in between leaves files with which it can be done again. Raises EncodeError when a file can't be read,
    OutputError when it can't be written.
    """
    try:
        section, segment = init.read_bytes(), first_segment.read_bytes()
        header_end = _child(section, None, "moov").end
        if header_end == len(section):
            return
        own = next((box.end for box in boxes(segment) if box.kind == "styp"), 0)
        left, rest = section[header_end:], segment[own:]
        if not rest.startswith(left):  # a run that was killed between the two files has the fragments in both
            rest = left + rest
    except (OSError, ValueError) as error:
        raise EncodeError(f"{init} can't be read back: encode the video again.") from error
    write_whole(first_segment, segment[:own] + rest)
    write_whole(init, section[:header_end])


def _child(data: bytes, parent: Box | None, kind: str) -> Box:
    inside = boxes(data) if parent is None else boxes(data, parent.body, parent.end)
    found = next((box for box in inside if box.kind == kind), None)
    if found is None:
        raise ValueError(f"there is no {kind}")
    return found


def _fragment(data: bytes, moof: Box) -> Fragment:
    traf = _child(data, moof, "traf")
    tfhd, tfdt, trun = (_child(data, traf, kind) for kind in ("tfhd", "tfdt", "trun"))
    default_size, default_flags = _track_defaults(data, tfhd)
    time = struct.unpack_from(">Q" if data[tfdt.body] else ">I", data, tfdt.body + 4)[0]
    version, flags = data[trun.body], _flags(data, trun)
    at = trun.body + 8
    offset = moof.end - moof.start + HEADER_BYTES  # the data right after the fragment's own boxes
    if flags & TRUN_OFFSET:
        offset, at = struct.unpack_from(">i", data, at)[0], at + 4
    first_flags = None
    if flags & TRUN_FIRST_FLAGS:
        first_flags, at = struct.unpack_from(">I", data, at)[0], at + 4
    at += 4 if flags & TRUN_DURATION else 0
    size = default_size
    if flags & TRUN_SIZE:
        size, at = struct.unpack_from(">I", data, at)[0], at + 4
    sample_flags = default_flags
    if flags & TRUN_FLAGS:
        sample_flags, at = struct.unpack_from(">I", data, at)[0], at + 4
    if flags & TRUN_COMPOSITION:
        time += struct.unpack_from(">i" if version else ">I", data, at)[0]
    return Fragment(
        start=moof.start,
        end=moof.start + offset + size,
        time=time,
        sync=not (sample_flags if first_flags is None else first_flags) & NON_SYNC_SAMPLE,
    )


def _track_defaults(data: bytes, tfhd: Box) -> tuple[int, int]:
    flags = _flags(data, tfhd)
    at = tfhd.body + 8
    for field, size in ((TFHD_BASE_OFFSET, 8), (TFHD_DESCRIPTION, 4), (TFHD_DURATION, 4)):
        at += size if flags & field else 0
    sample_size = sample_flags = 0
    if flags & TFHD_SIZE:
        sample_size, at = struct.unpack_from(">I", data, at)[0], at + 4
    if flags & TFHD_FLAGS:
        sample_flags = struct.unpack_from(">I", data, at)[0]
    return sample_size, sample_flags


def _flags(data: bytes, box: Box) -> int:
    return int.from_bytes(data[box.body + 1 : box.body + 4], "big")
