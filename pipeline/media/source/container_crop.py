"""Reads how much of a video its container hides: the clean aperture of MP4 and MOV, the pixel crop of Matroska.

What codecs hide of their own frames (1088 lines of which 1080 are shown) is left to decoders.
PyAV does not say what a container hides, so the few fields are read here; what can't be read hides nothing.
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from math import floor
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.media.source.container_parts import (
    SEGMENT,
    TRACK,
    VIDEO,
    VISUAL_ENTRY_BYTES,
    box_contents,
    elements,
    number,
    read_bytes,
    sample_entries,
    segment_tracks,
    track_id,
)
from pipeline.media.source.readable_end import MATROSKA
from pipeline.media_info import Crop

WIDTH_AT = 24
"""Where a visual sample entry has its width and height."""

BOTTOM, TOP, LEFT, RIGHT = 0x54AA, 0x54BB, 0x54CC, 0x54DD
SIDES = {"left": LEFT, "top": TOP, "right": RIGHT, "bottom": BOTTOM}


def container_crop(path: Path, container: Any, stream: Any) -> Crop:  # noqa: ANN401  # PyAV's container and stream
    """Return what a file hides of a video."""
    names, videos = container.format.name, [*container.streams.video]
    with contextlib.suppress(OSError, struct.error, ZeroDivisionError), path.open("rb") as file:
        if names == MATROSKA:
            return _matroska_crop(file, path.stat().st_size, videos.index(stream))
        if "mp4" in names.split(","):
            return _mp4_crop(file, path.stat().st_size, stream.id)
    return Crop()


def _mp4_crop(file: BinaryIO, size: int, track: int) -> Crop:
    for movie in box_contents(file, 0, size, b"moov"):
        for trak in box_contents(file, *movie, b"trak"):
            if any(track_id(file, *header) == track for header in box_contents(file, *trak, b"tkhd")):
                return next(_apertures(file, *trak), Crop())
    return Crop()


def _apertures(file: BinaryIO, start: int, end: int) -> Iterator[Crop]:
    # all frames of a track are of the kind that its first entry describes
    for _, begin, finish in islice(sample_entries(file, start, end), 1):
        width, height = struct.unpack(">HH", read_bytes(file, begin + WIDTH_AT, 4))
        for aperture in box_contents(file, begin + VISUAL_ENTRY_BYTES, finish, b"clap"):
            yield _aperture(width, height, struct.unpack(">IIIIiIiI", read_bytes(file, aperture[0], 32)))


def _aperture(width: int, height: int, numbers: tuple[int, ...]) -> Crop:
    """Return what a clean aperture leaves out (ISO/IEC 14496-12, 12.1.4), in whole pixels as ffmpeg does."""
    wide, high, right_by, down_by = (Fraction(*numbers[i : i + 2]) for i in (0, 2, 4, 6))
    left, right = _edges(width, wide, right_by)
    top, bottom = _edges(height, high, down_by)
    return Crop(left=left, top=top, right=right, bottom=bottom)


def _edges(size: int, shown: Fraction, offset: Fraction) -> tuple[int, int]:
    middle, half = offset + Fraction(size - 1, 2), (shown - 1) / 2
    return floor(middle - half), size - 1 - floor(middle + half)


def _matroska_crop(file: BinaryIO, size: int, rank: int) -> Crop:
    """Return the crop of the video that is the `rank`-th of the file."""
    for _, begin, end in elements(file, 0, size, SEGMENT):
        span = segment_tracks(file, begin, end)
        videos = [video for _, *track in elements(file, *span, TRACK) for video in elements(file, *track, VIDEO)]
        if rank < len(videos):
            _, *video = videos[rank]
            sides = {name: number(file, *span) for name, *span in elements(file, *video, LEFT, TOP, RIGHT, BOTTOM)}
            return Crop(**{side: sides.get(name, 0) for side, name in SIDES.items()})
    return Crop()
