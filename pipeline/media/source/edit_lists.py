"""Reads the edit lists of MP4 and MOV (ISO/IEC 14496-12, 8.6.6) for what ffmpeg does not say of them.

ffmpeg itself shows what they name, at the ordinary speed whatever they say; and where nothing is shown at first, it
counts that into the length of a track that was cut.
"""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from pipeline.media.source.container_parts import box_contents, read_bytes, track_id

NOTHING = -1
"""The moment of an edit that shows nothing for a while."""

ENTRIES = {0: ">IiI", 1: ">QqI"}
"""Length in ticks of the movie, moment in ticks of the track, speed (16.16), by the box's version."""

TIMESCALE_AT = {0: 12, 1: 20}
"""8.2.2: where a movie's header has its ticks a second."""

ORDINARY_SPEED = 1 << 16


@dataclass(frozen=True, kw_only=True)
class EditList:
    """How long a track is shown at most, in seconds, None if the list does not tell; whether at another speed."""

    shown_s: float | None = None
    other_speed: bool = False


def edit_list(path: Path, container: Any, stream: Any) -> EditList:  # noqa: ANN401  # PyAV's container and stream
    """Return what the edit list of an opened source's stream says; what can't be read says nothing."""
    if "mp4" in container.format.name.split(","):
        with (
            contextlib.suppress(OSError, struct.error, ZeroDivisionError, KeyError, IndexError),
            path.open("rb") as file,
        ):
            return _edit_list(file, path.stat().st_size, stream.id)
    return EditList()


def _edit_list(file: BinaryIO, size_bytes: int, number: int) -> EditList:
    edits = [
        edit
        for movie in box_contents(file, 0, size_bytes, b"moov")
        for track in box_contents(file, *movie, b"trak")
        if any(track_id(file, *header) == number for header in box_contents(file, *track, b"tkhd"))
        for edts in box_contents(file, *track, b"edts")
        for elst in box_contents(file, *edts, b"elst")
        for edit in _edits(read_bytes(file, elst[0], elst[1] - elst[0]))
    ]
    shown = [(length, speed) for length, moment, speed in edits if moment != NOTHING]
    waits = len(edits) > len(shown)
    shown_s = sum(length for length, _ in shown) / _movie_hz(file, size_bytes) if waits else 0.0
    return EditList(
        shown_s=shown_s or None, other_speed=any(length and speed != ORDINARY_SPEED for length, speed in shown)
    )


def _edits(data: bytes) -> list[tuple[int, int, int]]:
    version, count = data[0], struct.unpack_from(">I", data, 4)[0]
    size = struct.calcsize(ENTRIES[version])
    return [struct.unpack_from(ENTRIES[version], data, 8 + n * size) for n in range(count)]


def _movie_hz(file: BinaryIO, size_bytes: int) -> int:
    header = next(
        box for movie in box_contents(file, 0, size_bytes, b"moov") for box in box_contents(file, *movie, b"mvhd")
    )
    data = read_bytes(file, header[0], 32)
    return int(struct.unpack_from(">I", data, TIMESCALE_AT[data[0]])[0])
