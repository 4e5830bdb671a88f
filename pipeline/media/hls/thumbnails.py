"""Makes a poster and a sprite sheet with its WebVTT map for the seek bar, from finished segments.

Decodes a keyframe a tile and nothing else. Knows playlists only by what was measured; writes no playlist.
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError
from pipeline.files import write_whole
from pipeline.media.hls.measure import MPEGTS_CLOCK_HZ, Measured, MeasuredVideo, open_segment, read_media_playlist
from pipeline.media.stream_layout import PLAYLIST, POSTER, SPRITE, SPRITE_MAP
from pipeline.media_info import DynamicRange

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

POSTER_MAX_WIDTH = 1280
TILE_LONG_SIDE = 160
MAX_COLUMNS = 10
MAX_TILES = 100
KEYFRAME_S = 2
"""Keyframes come this often, so closer tiles would show nothing new."""

DARK = 24
"""A picture whose mean luma (of 255) is below this is a fade or black, no poster."""

FLAT = 6
"""A picture whose luma varies by less than this (standard deviation, of 255) shows nothing."""

LATE_S = 0.001
"""A frame may come a little after the boundary of its slot, and the sum of written durations a little after the frame.
"""

HISTOGRAM_BINS = 32
JPEG_QUANTIZER = 3
"""The quantizer of ffmpeg's JPEG encoder, from 2, its best, to 31."""

ITU_R_601 = 5
"""ITU-T H.273, table 4."""

DIFFUSE_WHITE_NITS = 203.0
"""ITU-R BT.2408: where HDR has the white of paper; it becomes nearly the white of the JPEG."""

HLG_PEAK_NITS, HLG_SYSTEM_GAMMA = 1000.0, 1.2
"""ITU-R BT.2100, table 5: the nominal display of HLG."""

SHOULDER = 0.6
"""Up to this share of diffuse white tones stay as they are; brighter tones are compressed into the rest."""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """How a sprite sheet is divided: tiles of `tile_width` x `tile_height`, one for each of `times_s`, row by row."""

    tile_width: int
    tile_height: int
    columns: int
    times_s: tuple[float, ...]
    duration_s: float

    @property
    def rows(self) -> int:
        """How many rows the tiles fill."""
        return math.ceil(len(self.times_s) / self.columns)


def write_thumbnails(
    folder: Path, renditions: Sequence[Measured], cancel: CancelToken, *, poster_s: float | None = None
) -> None:
    """Write poster.jpg, sprite.jpg and thumbnails.vtt into a job's folder.

    Args:
        folder: The job's.
        renditions: Those with a picture, not encrypted: the smallest makes the tiles, the largest the poster.
        cancel: Asked before each tile.
        poster_s: The time of the poster's frame in the stream, None for the keyframe that stands best for all.

    Raises EncodeError when a keyframe can't be decoded, OutputError, Cancelled.
    """
    import numpy as np

    videos = [(m, m.video) for m in renditions if m.video is not None]
    small, small_video = min(videos, key=lambda pair: pair[1].width * pair[1].height)
    large, large_video = max(videos, key=lambda pair: pair[1].width * pair[1].height)
    sheet = plan_sheet(small_video, small.duration_s)
    sprite = np.zeros((sheet.rows * sheet.tile_height, sheet.columns * sheet.tile_width, 3), np.uint8)
    tiles = []
    for i, time_s in enumerate(sheet.times_s):
        cancel.check()
        frame = _keyframe(folder, small, time_s)
        tile = _rgb(frame, sheet.tile_width, sheet.tile_height, small_video.dynamic_range)
        row, column = divmod(i, sheet.columns)
        y, x = row * sheet.tile_height, column * sheet.tile_width
        sprite[y : y + sheet.tile_height, x : x + sheet.tile_width] = tile
        tiles.append(tile)
    write_whole(folder / SPRITE, _jpeg(sprite))
    write_whole(folder / SPRITE_MAP, sprite_map(sheet))
    cancel.check()
    width, height = _fitted(large_video, min(POSTER_MAX_WIDTH, large_video.width))
    if poster_s is None:
        frame = _keyframe(folder, large, sheet.times_s[representative(tiles)])
    else:
        frame = _frame(folder, large, poster_s)
    write_whole(folder / POSTER, _jpeg(_rgb(frame, width, height, large_video.dynamic_range)))


def plan_sheet(picture: MeasuredVideo, duration_s: float) -> Sheet:
    """Return the sheet for a whole video: at most 100 tiles, evenly spread, none closer than keyframes are."""
    interval_s = KEYFRAME_S * max(1, math.ceil(duration_s / (KEYFRAME_S * MAX_TILES)))
    count = max(1, math.ceil(duration_s / interval_s))
    long_side_width = (
        TILE_LONG_SIDE if picture.width >= picture.height else round(TILE_LONG_SIDE * picture.width / picture.height)
    )
    width, height = _fitted(picture, long_side_width)
    return Sheet(
        tile_width=width,
        tile_height=height,
        columns=min(count, MAX_COLUMNS),
        times_s=tuple(float(i * interval_s) for i in range(count)),
        duration_s=duration_s,
    )


def sprite_map(sheet: Sheet) -> str:
    """Return the WebVTT file that tells players which part of the sheet belongs to which time.

    The form that hls.js-based players and Video.js read: the cue's text is the picture's name with a media fragment
    (W3C Media Fragments, 4.2.2).
    """
    lines = ["WEBVTT"]
    for i, (start_s, end_s) in enumerate(itertools.pairwise([*sheet.times_s, sheet.duration_s])):
        row, column = divmod(i, sheet.columns)
        area = f"{column * sheet.tile_width},{row * sheet.tile_height},{sheet.tile_width},{sheet.tile_height}"
        lines += ["", f"{_clock(start_s)} --> {_clock(end_s)}", f"{SPRITE}#xywh={area}"]
    return "\n".join(lines) + "\n"


def representative(tiles: Sequence[NDArray[np.uint8]]) -> int:
    """Return which picture (each uint8 RGB (height, width, 3)) stands best for all.

    The one whose colours are nearest to the mean of all that are neither black nor empty; the liveliest if there is no
    such.
    """
    import numpy as np

    lumas = [tile.astype(np.float32) @ np.array([0.2126, 0.7152, 0.0722], np.float32) for tile in tiles]
    shown = [i for i, luma in enumerate(lumas) if luma.mean() >= DARK and luma.std() >= FLAT]
    if not shown:
        return max(range(len(tiles)), key=lambda i: float(lumas[i].std() + lumas[i].mean()))
    histograms = {i: _histogram(tiles[i]) for i in shown}
    mean = np.mean(list(histograms.values()), axis=0)
    return min(shown, key=lambda i: float(((histograms[i] - mean) ** 2).sum()))


def to_sdr(signal: NDArray[np.float32], dynamic_range: DynamicRange) -> NDArray[np.float32]:
    """Turn HDR into what an ordinary screen shows.

    `signal` is R'G'B' float32 (height, width, 3) from 0 to 1 in BT.2020 and PQ or HLG; returned in BT.709 and gamma
    2.2.
    """
    import numpy as np

    nits = _pq_nits(signal) if dynamic_range is DynamicRange.PQ else _hlg_nits(signal)
    # ITU-R BT.2407: BT.2020 to BT.709 in linear light
    to_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
    light = np.clip(nits @ to_709.T / DIFFUSE_WHITE_NITS, 0, None)
    brightest = light.max(axis=2, keepdims=True)
    over = np.clip(brightest - SHOULDER, 0, None) / (1 - SHOULDER)
    pressed = np.minimum(brightest, SHOULDER) + (1 - SHOULDER) * over / (1 + over)
    # all three by the same factor, so that colours keep their hue
    return np.asarray((light * (pressed / np.maximum(brightest, 1e-6))) ** (1 / 2.2), np.float32)


def _pq_nits(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """SMPTE ST 2084 (ITU-R BT.2100, table 4): the electro-optical transfer function."""
    import numpy as np

    m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 4096 * 128, 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
    power = np.clip(signal, 0, 1) ** np.float32(1 / m2)
    return np.asarray(10_000 * (np.clip(power - c1, 0, None) / (c2 - c3 * power)) ** (1 / m1), np.float32)


def _hlg_nits(signal: NDArray[np.float32]) -> NDArray[np.float32]:
    """ITU-R BT.2100, table 5: the inverse of the camera's curve, then the system gamma of a nominal display."""
    import numpy as np

    a, b, c = 0.17883277, 0.28466892, 0.55991073
    signal = np.clip(signal, 0, 1)
    scene = np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593])
    return np.asarray(
        HLG_PEAK_NITS * np.maximum(luminance, 1e-6)[..., None] ** (HLG_SYSTEM_GAMMA - 1) * scene, np.float32
    )


def _histogram(tile: NDArray[np.uint8]) -> NDArray[np.float64]:
    import numpy as np

    counts = [np.histogram(tile[..., channel], bins=HISTOGRAM_BINS, range=(0, 256))[0] for channel in range(3)]
    return np.concatenate(counts) / tile[..., 0].size


def _keyframe(folder: Path, rendition: Measured, time_s: float) -> Any:  # noqa: ANN401  # PyAV's frame
    """Decode the last keyframe at or before a time of the stream, in the segment that holds that time."""
    import av.error

    playlist = folder / rendition.name / PLAYLIST
    uri = _segment_at(playlist, time_s)
    latest = rendition.first_pts / MPEGTS_CLOCK_HZ + time_s + KEYFRAME_S / 2
    try:
        with open_segment(playlist, uri) as container:
            stream = container.streams.video[0]
            keyframes = [p for p in container.demux(stream) if p.is_keyframe and p.pts is not None]
            early = [p for p in keyframes if float(p.pts * stream.time_base) <= latest]
            chosen = early[-1] if early else keyframes[0]
            return [*stream.codec_context.decode(chosen), *stream.codec_context.decode(None)][0]
    except (av.error.FFmpegError, OSError, IndexError) as error:
        raise EncodeError(f"{playlist.parent / uri} can't be decoded: encode the video again.") from error


def _frame(folder: Path, rendition: Measured, time_s: float) -> Any:  # noqa: ANN401  # PyAV's frame
    """Decode the frame that is shown at a time of the stream."""
    import av.error

    playlist = folder / rendition.name / PLAYLIST
    uri = _segment_at(playlist, time_s)
    latest = rendition.first_pts / MPEGTS_CLOCK_HZ + time_s + LATE_S
    try:
        with open_segment(playlist, uri) as container:
            shown = None
            for frame in container.decode(video=0):
                if shown is not None and frame.time is not None and frame.time > latest:
                    break
                shown = frame
    except (av.error.FFmpegError, OSError) as error:
        raise EncodeError(f"{playlist.parent / uri} can't be decoded: encode the video again.") from error
    if shown is None:
        raise EncodeError(f"{playlist.parent / uri} has no frame: encode the video again.")
    return shown


def _segment_at(playlist: Path, time_s: float) -> str:
    """Return the address of the segment that holds a time of the stream."""
    segments = read_media_playlist(playlist)
    starts = [0.0, *itertools.accumulate(segment.duration_s for segment in segments[:-1])]
    return segments[bisect.bisect_right(starts, time_s + LATE_S) - 1].uri


def _rgb(frame: Any, width: int, height: int, dynamic_range: DynamicRange) -> NDArray[np.uint8]:  # noqa: ANN401
    """Return a frame as uint8 RGB (height, width, 3) for an ordinary screen."""
    import numpy as np

    hdr = dynamic_range is not DynamicRange.SDR
    picture = frame.reformat(
        width=width,
        height=height,
        format="rgb48le" if hdr else "rgb24",
        src_colorspace=int(frame.colorspace),
        interpolation="AREA",
    ).to_ndarray()
    if not hdr:
        return np.asarray(picture)
    return np.asarray(to_sdr(picture.astype(np.float32) / 65535, dynamic_range) * 255 + 0.5, np.uint8)


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    """Encode uint8 RGB (height, width, 3) as JPEG, which is always BT.601 in full range (JFIF)."""
    import av

    height, width = picture.shape[:2]
    frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(
        format="yuvj420p", dst_colorspace=ITU_R_601, dst_color_range="JPEG", interpolation="AREA"
    )
    quantizer = str(JPEG_QUANTIZER)
    encoder: Any = av.CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt, encoder.framerate = width, height, "yuvj420p", 1
    encoder.options = {"qmin": quantizer, "qmax": quantizer}
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def _fitted(picture: MeasuredVideo, width: int) -> tuple[int, int]:
    """Return even sizes of this width and the picture's aspect."""
    even = max(2, width // 2 * 2)
    return even, max(2, round(even * picture.height / picture.width / 2) * 2)


def _clock(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds / 1000:06.3f}"
