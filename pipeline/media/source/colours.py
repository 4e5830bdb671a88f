"""What a source's colours are: by its tags, and where tags are missing by what makers of its kind mean. Pure.

Tags are those of ITU-T H.273 by ffmpeg's names. Where all are missing, size decides, as in mpv
(mp_csp_guess_colorspace) and as BT.601 and BT.709 have it: what is larger than the SD formats of BT.601 is BT.709.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.media_info import DynamicRange, VideoStream

UNKNOWN = "unknown"
FULL, LIMITED = "pc", "tv"
"""ffmpeg's names of the two ranges: that of computers and that of television."""

HD_WIDTH, SD_HEIGHT = 1280, 576
"""As wide as this, or taller than that, a video is not of standard definition."""

PAL_HEIGHTS = (576, 608)
"""The heights of 625-line video (BT.601), without and with the lines between two frames, as in IMX."""

SD_WIDTH = 720
"""The width of BT.601."""

WIDE_PRIMARIES = ("bt2020", "smpte431", "smpte432")
"""BT.2020, DCI P3 and Display P3. All others in use lie so near to BT.709 that nobody converts them: neither do editing
programs, nor browsers for SMPTE 170M."""

OTHER_LIGHT = ("linear", "smpte2084", "arib-std-b67")
"""Transfers that a screen has to be told of.

All others in use look alike, and browsers make no difference between them.
"""

RGB = re.compile(r"[0ax]?(2?rgb|2?bgr)|gbr|pal8|bayer")
XYZ = "xyz"
GREY = re.compile(r"gray|ya\d|mono")
YUV_GREY = ("h264", "hevc", "av1", "vp9", "mpeg2video", "mpeg4", "prores", "dnxhd")
"""Codecs whose frames without colour are the luma of limited range; in all others grey is like RGB."""

_MATRIX_OF = {
    "bt709": "bt709", "bt470m": "fcc", "bt470bg": "bt470bg", "smpte170m": "smpte170m", "smpte240m": "smpte240m",
    "film": "bt709", "ebu3213": "bt470bg", "bt2020": "bt2020nc", "smpte431": "bt709", "smpte432": "bt709",
}  # fmt: skip
_PRIMARIES_OF = {
    "bt709": "bt709", "fcc": "bt470m", "bt470bg": "bt470bg", "smpte170m": "smpte170m", "smpte240m": "smpte240m",
    "bt2020nc": "bt2020", "bt2020c": "bt2020", "ictcp": "bt2020",
}  # fmt: skip
_PRIMARIES_BY_TRANSFER = {
    "bt709": "bt709", "smpte170m": "smpte170m", "smpte240m": "smpte240m", "bt2020-10": "bt2020", "bt2020-12": "bt2020",
    "smpte2084": "bt2020", "arib-std-b67": "bt2020",
}  # fmt: skip
"""Each of the standards of H.273 has its own set of three: one tells the others (tables 2, 3 and 4)."""

_TRANSFERS = {
    name: name for name in (*_PRIMARIES_BY_TRANSFER, "linear", "iec61966-2-1", "iec61966-2-4", "bt1361e", "smpte428")
} | {
    "gamma22": "bt470m",
    "gamma28": "bt470bg",
}
"""What filters call them."""


@dataclass(frozen=True, kw_only=True)
class Colours:
    """The colours of a video by the names of ffmpeg's filters, none of them unknown.

    `matrix` is gbr where there is no luma.

    `cinema` says that they are those of the RGB that has to be made first of X'Y'Z' (SMPTE ST 428-1).
    """

    primaries: str
    transfer: str
    matrix: str
    full_range: bool
    cinema: bool = False

    @property
    def wide(self) -> bool:
        """Whether there are colours that BT.709 does not have."""
        return self.primaries in WIDE_PRIMARIES


def is_rgb(pixel_format: str) -> bool:
    """Whether pixels of this format of ffmpeg's have red, green and blue."""
    return RGB.match(pixel_format) is not None


def is_ordinary(colours: Colours) -> bool:
    """Whether numbers of these colours mean on the screen what they mean in BT.709 and limited range."""
    return colours.matrix == "bt709" and not (colours.full_range or colours.wide or colours.transfer in OTHER_LIGHT)


def source_colours(video: VideoStream) -> Colours:
    """Return what a source's colours are.

    0. X'Y'Z' of digital cinema becomes RGB of BT.709 in ffmpeg, whatever is said of it.
    1. Pixels of red, green and blue are what they are, whatever a matrix says; of YUV no matrix can be "gbr".
    2. A tag that is missing is that of the same standard as those that are there.
    3. Without any tag: RGB is sRGB (screen recordings); JPEG is BT.601 in full range (JFIF); all else goes by its size.
    """
    if video.pixel_format.startswith(XYZ):
        return Colours(primaries="bt709", transfer="iec61966-2-1", matrix="gbr", full_range=True, cinema=True)
    rgb = is_rgb(video.pixel_format)
    hdr = video.dynamic_range is not DynamicRange.SDR
    matrix = video.colour_space if video.colour_space in _PRIMARIES_OF or video.colour_space == "ycgco" else None
    primaries = video.colour_primaries if video.colour_primaries in _MATRIX_OF else None
    transfer = _TRANSFERS.get(video.colour_transfer)
    if primaries is None:
        primaries = _PRIMARIES_OF.get(matrix or "") or _PRIMARIES_BY_TRANSFER.get(transfer or "") or _untagged(video)
    if matrix is None:
        matrix = "bt2020nc" if hdr else _MATRIX_OF[primaries]
    return Colours(
        primaries=primaries,
        transfer=transfer or ("iec61966-2-1" if rgb else "bt709"),
        matrix="gbr" if rgb else matrix,
        full_range=_full_range(video, rgb=rgb),
    )


def _untagged(video: VideoStream) -> str:
    """Return the primaries of a video that says nothing of itself."""
    if is_rgb(video.pixel_format):
        return "bt709"
    if video.codec == "mjpeg":  # JFIF 1.02: BT.601 whatever the size
        return "bt470bg"
    tallest = max(PAL_HEIGHTS) if video.coded_width <= SD_WIDTH else SD_HEIGHT
    if video.coded_width >= HD_WIDTH or video.coded_height > tallest:
        return "bt709"
    return "bt470bg" if video.coded_height in PAL_HEIGHTS else "smpte170m"


def _full_range(video: VideoStream, *, rgb: bool) -> bool:
    if rgb:
        return True
    if video.colour_range != UNKNOWN:
        return video.colour_range == FULL
    if GREY.match(video.pixel_format):
        return video.codec not in YUV_GREY
    return video.pixel_format.startswith("yuvj") or video.codec == "mjpeg"
