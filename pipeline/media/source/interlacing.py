"""Says whether a video is interlaced, by a few frames at places spread over the file:
recordings change in the middle. Pure.

What is decided here is only whether the deinterlacer stands in the way of the frames: it looks at each one's own mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.media.source.sample_frames import FrameSample

CODECS = (
    "h264", "mpeg2video", "mpeg4", "vc1", "wmv3", "dvvideo", "prores", "dnxhd", "mjpeg", "jpeg2000", "cavs", "dirac",
    "ffv1", "huffyuv", "ffvhuff", "utvideo", "magicyuv", "rawvideo", "v210",
)  # fmt: skip
"""Codecs that can hold fields. In others each frame is a whole one, or each field is a frame as in HEVC."""

FRAMES = 3
"""How many frames are looked at: one that is marked wrong must not decide."""


@dataclass(frozen=True, kw_only=True)
class Interlacing:
    """Whether frames are interlaced anywhere, and whether others are not."""

    found: bool
    in_part: bool


def frames_needed(codec: str) -> int:
    """Return how many frames of a codec tell at a place whether there are fields."""
    return FRAMES if codec in CODECS else 1


def interlacing(samples: Sequence[FrameSample], codec: str) -> Interlacing:
    """Return what a video is.

    By the marks alone: frames of one moment that are marked as two fields lose a little sharpness in motion, but taking
    two fields for one moment would leave combs.
    """
    marks = [_marked(sample) for sample in (samples if codec in CODECS else samples[:1])]
    return Interlacing(found=any(marks), in_part=any(marks) and not all(marks))


def _marked(sample: FrameSample) -> bool:
    return sum(bool(frame.interlaced_frame) for frame in sample.frames) * 2 > len(sample.frames)
