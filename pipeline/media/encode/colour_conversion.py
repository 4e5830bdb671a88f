"""How a source's colours become those of the stream: BT.709, or BT.2020 where HDR is kept, in limited range. Pure.

What is BT.709 already passes untouched. Only the names differ from one ffmpeg to the next: all that is used here gives
the same pixels from 5.1 on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from pipeline.job import Codec
from pipeline.media.hls.codecs import Colour
from pipeline.media.source.colours import FULL, LIMITED, OTHER_LIGHT, Colours, is_ordinary
from pipeline.media_info import DynamicRange

Filter = tuple[str, dict[str, str]]
"""A filter of ffmpeg's and its options."""

TRANSFERS = {DynamicRange.SDR: "bt709", DynamicRange.PQ: "smpte2084", DynamicRange.HLG: "arib-std-b67"}

NAMES = {
    DynamicRange.SDR: Colour(primaries=1, transfer=1, matrix=1, full_range=False),
    DynamicRange.PQ: Colour(primaries=9, transfer=16, matrix=9, full_range=False),
    DynamicRange.HLG: Colour(primaries=9, transfer=18, matrix=9, full_range=False),
}
"""What is made, by the numbers of ITU-T H.273."""

# HDR to SDR: to linear light at the 100 nits of SDR, into BT.709's primaries, compressed, and back to BT.709
# (https://trac.ffmpeg.org/wiki/colorspace; zscale's and tonemap's documentation)
TONE_MAP: tuple[Filter, ...] = (
    ("zscale", {"t": "linear", "npl": "100"}),
    ("format", {"pix_fmts": "gbrpf32le"}),
    ("zscale", {"p": "bt709"}),
    ("tonemap", {"tonemap": "hable", "desat": "0"}),
    ("zscale", {"t": "bt709", "m": "bt709", "r": "tv"}),
    # from 7.1 on encoders write what the source's screen could show, by which a screen would take SDR for HDR
    ("sidedata", {"mode": "delete", "type": "MASTERING_DISPLAY_METADATA"}),
    ("sidedata", {"mode": "delete", "type": "CONTENT_LIGHT_LEVEL"}),
)

UNKNOWN_TO_SCALE = ("ycgco", "bt2020c", "ictcp")

CINEMA: tuple[Filter, ...] = (
    # scale makes RGB of X'Y'Z' by itself, as long as nothing is said of its colours
    ("format", {"pix_fmts": "gbrp12le"}),
    # white is 48 of 52.37 cd/m2 (SMPTE ST 428-1), which scale does not know; it makes light into numbers by a power
    # of 2.2
    ("lutrgb", dict.fromkeys("rgb", f"val*{(52.37 / 48) ** (1 / 2.2):.5f}")),
)

DCI_P3, DISPLAY_P3 = "smpte431", "smpte432"

SCREEN = "iec61966-2-1"
"""sRGB: what browsers take BT.709's transfer for, so that colours are converted in the light that they are seen in."""


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """`scaling` are options of the scale filter that makes the largest video from the source's.

    `before` comes ahead of it, `behind` after it.
    """

    before: tuple[Filter, ...]
    scaling: dict[str, str]
    behind: tuple[Filter, ...] = ()


def conversion(source: Colours, found: DynamicRange, made: DynamicRange) -> Conversion:
    """Return how a video of these colours and this dynamic range is converted to what is made."""
    if source.primaries == DCI_P3:
        # The projector's white becomes the screen's, with the same red, green and blue; and from one run to the next,
        # the zscale of ffmpeg 9 takes DCI P3 for something else.
        source = replace(source, primaries=DISPLAY_P3)
    # what a file says may be nothing that scale understands: ffmpeg 9 refuses YUV that calls itself RGB, as ProRes does
    # nor does it take a matrix that it can't convert itself; it has none to convert, and the filters behind it are told
    matrix = "bt709" if source.matrix in UNKNOWN_TO_SCALE else source.matrix
    before = (*(CINEMA if source.cinema else ()), _named(source.primaries, source.transfer, matrix, _range(source)))
    rgb = source.matrix == "gbr"
    if rgb and found is made is DynamicRange.SDR and not _other_light(source):
        # accurate_rnd: swscale's quick way is off by two of 255
        scaling = {"flags": "bicubic+accurate_rnd", "out_color_matrix": "bt709", "out_range": LIMITED}
        return Conversion(before=before, scaling=scaling)
    # swscale's ranges are off by three of 255: it leaves them alone
    scaling = {"flags": "bicubic"} | ({} if rgb else {"in_range": _range(source), "out_range": _range(source)})
    return Conversion(before=before, scaling=scaling, behind=_behind(source, found, made))


def tags(made: DynamicRange) -> Filter:
    """Return the filter that puts the colours' names on what is made.

    ffmpeg's encoders take them from the frames and pay no heed to `-color_primaries` and `-color_trc`.
    """
    primaries, matrix = ("bt709", "bt709") if made is DynamicRange.SDR else ("bt2020", "bt2020nc")
    return _named(primaries, TRANSFERS[made], matrix, LIMITED)


def named_by_headers(codec: Codec, made: DynamicRange) -> str:
    """Return the bitstream filter that writes colour names into the headers of copied or hardware-encoded video."""
    named = NAMES[made]
    if codec is Codec.AV1:
        names, limited = ("color_primaries", "transfer_characteristics", "matrix_coefficients"), "color_range=tv"
    else:
        names, limited = (
            ("colour_primaries", "transfer_characteristics", "matrix_coefficients"),
            "video_full_range_flag=0",
        )
    values = zip(names, (named.primaries, named.transfer, named.matrix), strict=True)
    return f"{codec.value}_metadata={':'.join(f'{name}={value}' for name, value in values)}:{limited}"


def _named(primaries: str, transfer: str, matrix: str, in_range: str) -> Filter:
    return "setparams", {"range": in_range, "color_primaries": primaries, "color_trc": transfer, "colorspace": matrix}


def _behind(source: Colours, found: DynamicRange, made: DynamicRange) -> tuple[Filter, ...]:
    if found is not made:
        (name, options), *others = TONE_MAP
        return (*_planes(source), (name, options | _read(source)), *others)
    if found is not DynamicRange.SDR:
        kept = (source.primaries, source.matrix, source.full_range) == ("bt2020", "bt2020nc", False)
        return () if kept else _by_light(source, source.transfer, "bt2020", "bt2020nc")
    if _other_light(source):
        # constant luminance is defined with its own transfer alone
        return _by_light(source, "bt709" if source.matrix == "bt2020c" else SCREEN, "bt709", "bt709")
    return () if is_ordinary(source) else (_by_numbers(source),)


def _range(source: Colours) -> str:
    return FULL if source.full_range else LIMITED


def _other_light(source: Colours) -> bool:
    """Whether more than matrix and range differ from BT.709."""
    return source.wide or source.transfer in OTHER_LIGHT or source.matrix in ("bt2020c", "ictcp")


def _planes(source: Colours) -> tuple[Filter, ...]:
    """Keep RGB as it is where scale could convert it to YUV without zscale knowing."""
    return (("format", {"pix_fmts": "gbrp|gbrp10le|gbrp12le|gbrp16le"}),) if source.matrix == "gbr" else ()


def _read(source: Colours) -> dict[str, str]:
    """Return zscale's options for its input, which it refuses to guess."""
    return {"pin": source.primaries, "tin": source.transfer, "min": source.matrix, "rin": _range(source)}


def _by_light(source: Colours, transfer: str, primaries: str, matrix: str) -> tuple[Filter, ...]:
    """Convert in linear light, reached by the transfer that is made:
    of SDR the others are that one under another name.
    """
    read = _read(source) if source.transfer == "linear" else _read(source) | {"tin": transfer}
    return (*_planes(source), ("zscale", read | {"p": primaries, "t": transfer, "m": matrix, "r": LIMITED}))


def _by_numbers(source: Colours) -> Filter:
    """Exchange matrix and range alone: `fast` leaves transfer and primaries as they are.

    Exact, at a tenth of what scale takes.
    """
    read = {"ispace": source.matrix, "iprimaries": "bt709", "itrc": "bt709", "irange": _range(source)}
    return "colorspace", read | {"all": "bt709", "range": LIMITED, "fast": "1"}
