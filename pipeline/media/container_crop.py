"""Reads how much of a picture its container hides: the clean aperture of MP4 and MOV, the pixel crop of Matroska.

What codecs hide of their own pictures (1088 lines of which 1080 are shown) is no matter of this module: decoders do it. PyAV does not
say what a container hides, so the few fields are read here; what can't be read hides nothing.
"""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.media.readable_end import MATROSKA
from pipeline.model import Crop

VISUAL_ENTRY_BYTES = 78
"""ISO/IEC 14496-12, 12.1.3: what a visual sample entry holds ahead of its boxes."""

FULL_BOX_AND_COUNT_BYTES = 8
TRACK_ID_AT = {0: 12, 1: 20}
"""ISO/IEC 14496-12, 8.3.2: where a track header has its number, by the box's version."""

WIDTH_AT = 24
"""Where a visual sample entry has its width and height."""

# RFC 9559, 5.1
SEGMENT, SEEK_HEAD, SEEK, SEEK_ID, SEEK_POSITION = 0x18538067, 0x114D9B74, 0x4DBB, 0x53AB, 0x53AC
CLUSTER, TRACKS, TRACK, VIDEO = 0x1F43B675, 0x1654AE6B, 0xAE, 0xE0
BOTTOM, TOP, LEFT, RIGHT = 0x54AA, 0x54BB, 0x54CC, 0x54DD
SIDES = {"left": LEFT, "top": TOP, "right": RIGHT, "bottom": BOTTOM}

MOST_BYTES = 1 << 20
"""More than the elements have that are read whole."""


def container_crop(path: Path, container: Any, stream: Any) -> Crop:  # noqa: ANN401  # PyAV's container and stream
    """Return what a file hides of a picture."""
    names, pictures = container.format.name, [*container.streams.video]
    with contextlib.suppress(OSError, struct.error, ZeroDivisionError), path.open("rb") as file:
        if names == MATROSKA:
            return _matroska_crop(file, path.stat().st_size, pictures.index(stream))
        if "mp4" in names.split(","):
            return _mp4_crop(file, path.stat().st_size, stream.id)
    return Crop()


def _mp4_crop(file: BinaryIO, size: int, track: int) -> Crop:
    for movie in _boxes(file, 0, size, b"moov"):
        for trak in _boxes(file, *movie, b"trak"):
            if any(_track_id(file, *header) == track for header in _boxes(file, *trak, b"tkhd")):
                return next(_apertures(file, *trak), Crop())
    return Crop()


def _apertures(file: BinaryIO, start: int, end: int) -> Iterator[Crop]:
    places = [(start, end)]
    for kind in (b"mdia", b"minf", b"stbl", b"stsd"):
        places = [found for place in places for found in _boxes(file, *place, kind)]
    for begin, finish in places:
        # all pictures of a track are of the kind that its first entry describes
        entry = next(_boxes(file, begin + FULL_BOX_AND_COUNT_BYTES, finish), None)
        if entry is not None:
            width, height = struct.unpack(">HH", _bytes(file, entry[0] + WIDTH_AT, 4))
            for aperture in _boxes(file, entry[0] + VISUAL_ENTRY_BYTES, entry[1], b"clap"):
                yield _aperture(width, height, struct.unpack(">IIIIiIiI", _bytes(file, aperture[0], 32)))


def _aperture(width: int, height: int, numbers: tuple[int, ...]) -> Crop:
    """Return what lies outside of a clean aperture (ISO/IEC 14496-12, 12.1.4), rounded to whole pixels as ffmpeg does."""
    wide, high, right_by, down_by = (Fraction(*numbers[i : i + 2]) for i in (0, 2, 4, 6))
    left, right = _edges(width, wide, right_by)
    top, bottom = _edges(height, high, down_by)
    return Crop(left=left, top=top, right=right, bottom=bottom)


def _edges(size: int, shown: Fraction, offset: Fraction) -> tuple[int, int]:
    middle, half = offset + Fraction(size - 1, 2), (shown - 1) / 2
    return floor(middle - half), size - 1 - floor(middle + half)


def _track_id(file: BinaryIO, start: int, end: int) -> int:
    data = _bytes(file, start, min(end - start, 32))
    return int(struct.unpack_from(">I", data, TRACK_ID_AT[min(data[0], 1)])[0]) if data else 0


def _boxes(file: BinaryIO, start: int, end: int, kind: bytes | None = None) -> Iterator[tuple[int, int]]:
    """Yield where the content of the boxes of a kind begins and ends."""
    while start + 8 <= end:
        size, found = struct.unpack(">I4s", _bytes(file, start, 8))
        body = start + 8
        if size == 1:  # a size of 64 bits follows (ISO/IEC 14496-12, 4.2)
            size, body = struct.unpack(">Q", _bytes(file, body, 8))[0], body + 8
        size = size or end - start
        if size < body - start:
            return
        if kind in (None, found):
            yield body, min(start + size, end)
        start += size


def _matroska_crop(file: BinaryIO, size: int, rank: int) -> Crop:
    """Return the crop of the picture that is the `rank`-th of the file."""
    for _, begin, end in _elements(file, 0, size, SEGMENT):
        tracks = _tracks(file, begin, end)
        pictures = [video for _, *track in _elements(file, *tracks, TRACK) for video in _elements(file, *track, VIDEO)]
        if rank < len(pictures):
            _, *video = pictures[rank]
            sides = {name: _number(file, *place) for name, *place in _elements(file, *video, LEFT, TOP, RIGHT, BOTTOM)}
            return Crop(**{side: sides.get(name, 0) for side, name in SIDES.items()})
    return Crop()


def _tracks(file: BinaryIO, begin: int, end: int) -> tuple[int, int]:
    """Return where the tracks of a segment lie: before the pictures, or where the head says that an editor has put them."""
    elsewhere = begin
    for name, start, finish in _elements(file, begin, end, SEEK_HEAD, TRACKS, CLUSTER):
        if name == TRACKS:
            return start, finish
        if name == CLUSTER:
            break
        for _, *seek in _elements(file, start, finish, SEEK):
            told = {what: _number(file, *place) for what, *place in _elements(file, *seek, SEEK_ID, SEEK_POSITION)}
            if told.get(SEEK_ID) == TRACKS:
                elsewhere = begin + told.get(SEEK_POSITION, 0)
    if elsewhere != begin:
        for _, start, finish in _elements(file, elsewhere, end, TRACKS):
            return start, finish
    return end, end


def _elements(file: BinaryIO, start: int, end: int, *names: int) -> Iterator[tuple[int, int, int]]:
    """Yield the EBML elements of these names (RFC 8794, 5 and 6): name, and where the content begins and ends."""
    while start < end:
        head = io.BytesIO(_bytes(file, start, min(12, end - start)))
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


def _number(file: BinaryIO, start: int, end: int) -> int:
    return int.from_bytes(_bytes(file, start, end - start), "big")


def _bytes(file: BinaryIO, start: int, size: int) -> bytes:
    if not 0 <= size <= MOST_BYTES:
        raise struct.error("an element is too long")
    file.seek(start)
    data = file.read(size)
    if len(data) < size:
        raise struct.error("the file ends early")
    return data
