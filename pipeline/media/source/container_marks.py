"""Reads from a container what PyAV does not report: protection, Dolby Vision, audio without a decoder."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipeline.media.source.container_parts import (
    SEGMENT,
    TRACK,
    VISUAL_ENTRY_BYTES,
    box_contents,
    elements,
    number,
    read_bytes,
    sample_entries,
    segment_tracks,
)
from pipeline.media.source.readable_end import MATROSKA
from pipeline.media.source.transport_tables import is_scrambled

PROTECTED = (b"encv", b"enca", b"drmi", b"drms")
"""Kinds of samples that only a licence opens: Common Encryption (ISO/IEC 14496-12, 8.12) and FairPlay."""

DOLBY_VISION = (b"dvcC", b"dvvC", b"dvwC")
"""The boxes of a configuration record (Dolby Vision Streams Within the ISO Base Media File Format, 3.1)."""

AUDIO_KINDS = {
    b"mhm1": "MPEG-H 3D Audio",
    b"mhm2": "MPEG-H 3D Audio",
    b"mha1": "MPEG-H 3D Audio",
    b"mha2": "MPEG-H 3D Audio",
    b"ac-4": "Dolby AC-4",
    b"dtsx": "DTS:X",
    b"dtsy": "DTS:X",
}
"""Names of what no free decoder can read."""

# RFC 9559, 5.1.4
CONTENT_ENCODINGS, CONTENT_ENCODING, CONTENT_ENCRYPTION = 0x6D80, 0x6240, 0x5035
ADDITION_MAPPING, ADDITION_TYPE, ADDITION_DATA = 0x41E4, 0x41E7, 0x41ED


@dataclass(frozen=True, kw_only=True)
class DolbyVision:
    """What a file says of its Dolby Vision video.

    `base` is what the video is to a player that ignores Dolby's metadata: 0 nothing it knows, 1 HDR10, 2 SDR, 4 HLG.
    """

    profile: int
    base: int


@dataclass(frozen=True, kw_only=True)
class ContainerMarks:
    """What the header of a whole file says."""

    protected: bool = False
    dolby_vision: DolbyVision | None = None
    audio_kinds: tuple[str, ...] = ()


def container_marks(path: Path, container: str) -> ContainerMarks:
    """Return the marks of a file; what can't be read marks nothing. `container` is ffmpeg's name of its kind."""
    with contextlib.suppress(OSError, struct.error), path.open("rb") as file:
        if container == MATROSKA:
            return _matroska(file, path.stat().st_size)
        if "mp4" in container.split(","):
            return _mp4(file, path.stat().st_size)
        if container == "mpegts":
            return ContainerMarks(protected=is_scrambled(file))
    return ContainerMarks()


def _mp4(file: BinaryIO, size: int) -> ContainerMarks:
    tracks = [trak for movie in box_contents(file, 0, size, b"moov") for trak in box_contents(file, *movie, b"trak")]
    entries = [entry for track in tracks for entry in sample_entries(file, *track)]
    records = [
        read_bytes(file, begin, 5)
        for _, start, end in entries
        for kind in DOLBY_VISION
        for begin, _ in box_contents(file, start + VISUAL_ENTRY_BYTES, end, kind)
    ]
    return ContainerMarks(
        protected=any(kind in PROTECTED for kind, _, _ in entries),
        dolby_vision=_dolby_vision(records[0]) if records else None,
        audio_kinds=tuple(AUDIO_KINDS[kind] for kind, _, _ in entries if kind in AUDIO_KINDS),
    )


def _matroska(file: BinaryIO, size: int) -> ContainerMarks:
    protected, record = False, None
    for _, begin, end in elements(file, 0, size, SEGMENT):
        for _, *track in elements(file, *segment_tracks(file, begin, end), TRACK):
            for _, *encodings in elements(file, *track, CONTENT_ENCODINGS):
                for _, *encoding in elements(file, *encodings, CONTENT_ENCODING):
                    protected |= any(True for _ in elements(file, *encoding, CONTENT_ENCRYPTION))
            for _, *mapping in elements(file, *track, ADDITION_MAPPING):
                parts = {
                    name: (start, finish)
                    for name, start, finish in elements(file, *mapping, ADDITION_TYPE, ADDITION_DATA)
                }
                kind = number(file, *parts[ADDITION_TYPE]).to_bytes(8, "big")[-4:] if ADDITION_TYPE in parts else b""
                if kind in DOLBY_VISION and ADDITION_DATA in parts:
                    record = read_bytes(file, parts[ADDITION_DATA][0], 5)
        break
    return ContainerMarks(protected=protected, dolby_vision=_dolby_vision(record) if record else None)


def _dolby_vision(record: bytes) -> DolbyVision:
    """Read a record: version (2 bytes), profile (7 bits), level (6), three flags, and the base layer (4)."""
    return DolbyVision(profile=record[2] >> 1, base=record[4] >> 4)
