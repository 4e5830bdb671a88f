"""MP4 files whose edit lists say what is shown of them, as lossless cutters and cameras write them."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from pathlib import Path

CONTAINERS = (b"moov", b"trak", b"mdia", b"edts")
Edit = tuple[float, float | None, float]
"""How long something is shown, from which moment of the track on (None for nothing), and at which speed."""


def with_edits(source: Path, target: Path, edits: Sequence[Edit]) -> Path:
    """Write a copy of an MP4 (whose index stands behind its media) with these edits in every track."""
    data = source.read_bytes()
    target.write_bytes(b"".join(_boxes(data, edits, [])))
    return target


def _boxes(data: bytes, edits: Sequence[Edit], scales: list[int]) -> list[bytes]:
    """Return the boxes of `data` with their edit lists replaced; `scales` gets the clock of the movie,
    then of the track.
    """
    made, at = [], 0
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + size]
        if kind == b"mvhd":
            scales.append(struct.unpack_from(">I", body, 12)[0])
        if kind == b"trak":
            media = body.index(b"mdhd") + 4
            body = b"".join(_boxes(body, edits, [scales[0], struct.unpack_from(">I", body, media + 12)[0]]))
        elif kind in CONTAINERS:
            body = b"".join(_boxes(body, edits, scales))
        elif kind == b"elst":
            body = _edit_list(edits, *scales)
        made.append(struct.pack(">I4s", len(body) + 8, kind) + body)
        at += size
    return made


def _edit_list(edits: Sequence[Edit], movie_hz: int, track_hz: int) -> bytes:
    rows = [
        struct.pack(
            ">iiI",
            round(length_s * movie_hz),
            -1 if from_s is None else round(from_s * track_hz),
            round(speed * 0x10000),
        )
        for length_s, from_s, speed in edits
    ]
    return struct.pack(">II", 0, len(rows)) + b"".join(rows)
