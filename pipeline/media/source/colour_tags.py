"""Reads how a file names its colours (ITU-T H.273): what the frames say, else what the container says.

Decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# Names of ITU-T H.273 code points as ffmpeg writes them; the rest is shown by its number.
PRIMARIES = {
    1: "bt709", 2: "unknown", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "film", 9: "bt2020",
    10: "smpte428", 11: "smpte431", 12: "smpte432", 22: "ebu3213",
}  # fmt: skip
TRANSFERS = {
    1: "bt709", 2: "unknown", 4: "gamma22", 5: "gamma28", 6: "smpte170m", 7: "smpte240m", 8: "linear",
    11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10", 15: "bt2020-12", 16: "smpte2084",
    17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
MATRICES = {
    0: "gbr", 1: "bt709", 2: "unknown", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "ycgco",
    9: "bt2020nc", 10: "bt2020c", 14: "ictcp",
}  # fmt: skip
RANGES = {0: "unknown", 1: "tv", 2: "pc"}
"""AVColorRange in libavutil/pixfmt.h."""

RESERVED, UNKNOWN = 0, 2
"""Code points that say nothing; of a matrix 0 is RGB."""


@dataclass(frozen=True, kw_only=True)
class ColourTags:
    """Names of primaries, transfer, matrix and range, "unknown" where neither frames nor container have one."""

    primaries: str
    transfer: str
    matrix: str
    range: str


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The numbers that a container has for a stream."""

    primaries: int
    transfer: int
    matrix: int
    range: int


def declared_tags(context: Any) -> Declared:  # noqa: ANN401  # PyAV's codec context
    """Return a container's tags; asked before decoding, since decoders put theirs, even none, in their place."""
    return Declared(
        primaries=int(context.color_primaries),
        transfer=int(context.color_trc),
        matrix=int(context.colorspace),
        range=int(context.color_range),
    )


def colour_tags(frame: Any, declared: Declared) -> ColourTags:  # noqa: ANN401  # PyAV's frame
    """Return the tags of a decoded frame, each filled in from the container where the frame has none."""
    matrix = int(frame.colorspace)
    if matrix == RESERVED and not frame.format.is_rgb:  # an empty field, as in ProRes
        matrix = UNKNOWN
    return ColourTags(
        primaries=_name(PRIMARIES, int(frame.color_primaries), declared.primaries),
        transfer=_name(TRANSFERS, int(frame.color_trc), declared.transfer),
        matrix=MATRICES.get(code := declared.matrix if matrix == UNKNOWN else matrix, str(code)),
        range=RANGES.get(int(frame.color_range) or declared.range, "unknown"),
    )


def _name(names: dict[int, str], code: int, declared: int) -> str:
    code = declared if code in (RESERVED, UNKNOWN) else code
    return names.get(UNKNOWN if code == RESERVED else code, str(code))
