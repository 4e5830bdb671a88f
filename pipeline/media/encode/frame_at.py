"""A single frame of a source at a time, for people who choose a part or a poster. Knows nobody who shows it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError
from pipeline.media.encode.source_input import SOURCE, from_source
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.media_info import MediaInfo

LIMIT_S = 30.0
"""How long ffmpeg may take: a drive that hangs must not hold up the next frame for ever."""

NO_FRAME_S = 0.5
"""So long before its end a video may have no frame any more: the last one is shown then."""

FRAME = "frame.png"


def frame_at(media: MediaInfo, time_s: float, size: tuple[int, int], ffmpeg: Path, cancel: CancelToken) -> bytes:
    """Return the frame that is shown at a time of a source, as PNG.

    Args:
        media: the source, a file of this computer with a video.
        time_s: counted from the source's first moment.
        size: the width and the height in pixels of a box that the frame is fitted into.
        ffmpeg: the program.
        cancel: ends ffmpeg.

    Raises EncodeError where there is none that can be decoded, ToolError, Cancelled.
    """
    length_s = media.duration_s or media.readable_s
    assert media.video is not None
    shown_s = time_s if length_s is None else min(time_s, length_s - NO_FRAME_S)
    # ffmpeg gives the first frame that is not earlier: the one on the screen may have come up to a frame before
    at_s = max(0.0, shown_s - float(1 / media.video.frame_rate) + 0.001)
    width, height = size
    arguments = [
        *("-ss", f"{at_s:.3f}", "-i", SOURCE, "-map", "0:v:0", "-frames:v", "1"),
        # square pixels, as players show them, before the box is filled
        *("-vf", f"scale=iw*sar:ih,scale={width}:{height}:force_original_aspect_ratio=decrease,setsar=1"),
        *("-pix_fmt", "rgb24", "-c:v", "png", "-f", "image2", "-update", "1", FRAME),  # one file, no series of them
    ]
    with tempfile.TemporaryDirectory(prefix="hls-converter-") as name:
        run_ffmpeg(ffmpeg, from_source(arguments, media.path), cwd=Path(name), cancel=cancel, limit_s=LIMIT_S)
        try:
            return (Path(name) / FRAME).read_bytes()
        except OSError as error:
            raise EncodeError(f"{media.path.name} has no frame at {at_s:.1f} s.") from error
