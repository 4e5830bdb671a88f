"""Finds out whether a picture is interlaced, by a few frames at places spread over the file: recordings change in the middle.

What is decided here is only whether the deinterlacer stands in the way of the frames: it looks at each one's own mark.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from pipeline.media.readable_end import BUDGET_BYTES, SourceFile

CODECS = (
    "h264", "mpeg2video", "mpeg4", "vc1", "wmv3", "dvvideo", "prores", "dnxhd", "mjpeg", "jpeg2000", "cavs", "dirac", "ffv1", "huffyuv",
    "ffvhuff", "utvideo", "magicyuv", "rawvideo", "v210",
)  # fmt: skip
"""What can hold fields. Of the others each frame is a whole, or a field a frame as in HEVC."""

PLACES = tuple(Fraction(n, 16) for n in (9, 5, 13, 3, 11, 7, 15, 1))
"""Shares of the length, in such an order that the first ones are spread as well, where not all can be reached."""

FRAMES = 3
"""How many frames are looked at: one that is marked wrong must not decide."""


@dataclass(frozen=True, kw_only=True)
class Interlacing:
    """Whether frames are interlaced anywhere, and whether others are not."""

    found: bool
    in_part: bool


def interlacing(container: Any, file: SourceFile, stream: Any, first: Sequence[Any]) -> Interlacing:  # noqa: ANN401
    """Return what an opened source's picture is. The container's place is lost.

    By the marks alone: frames of one moment that are marked as two fields lose a little sharpness in motion, but taking two fields
    for one moment would leave combs.

    Args:
        container: PyAV's.
        file: what it reads from: no more than BUDGET_BYTES are read.
        stream: the picture.
        first: its first frames.
    """
    marks = [_marked(first)]
    length = stream.duration or (container.duration and container.duration / 1_000_000 / stream.time_base)
    if length and stream.codec_context.codec.canonical_name in CODECS:
        file.allow(BUDGET_BYTES)
        for share in PLACES:
            frames = _frames(container, stream, (stream.start_time or 0) + int(length * share))
            marks += [_marked(frames)] if frames else []
            if file.spent:
                break
    return Interlacing(found=any(marks), in_part=any(marks) and not all(marks))


def _frames(container: Any, stream: Any, time: int) -> list[Any]:  # noqa: ANN401
    """Return some frames from about this time on, none where nothing can be decoded."""
    import av.error

    frames: list[Any] = []
    read_bytes = 0
    with contextlib.suppress(av.error.FFmpegError, OSError):
        container.seek(time, stream=stream)
        begun = False
        for packet in container.demux(stream):
            read_bytes += packet.size
            begun = begun or packet.is_keyframe  # what comes before can't be decoded
            if begun:
                with contextlib.suppress(av.error.FFmpegError):
                    frames += packet.decode()
            if len(frames) >= FRAMES or read_bytes > BUDGET_BYTES // len(PLACES):
                break
    return frames[:FRAMES]


def _marked(frames: Sequence[Any]) -> bool:
    return sum(bool(frame.interlaced_frame) for frame in frames) * 2 > len(frames)
