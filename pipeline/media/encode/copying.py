"""Whether a source's own video can be the largest rendition as it is, and where it is cut. Pure.

What can be said before anything is copied; the validator has the last word on what was.
"""

from __future__ import annotations

import bisect
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.errors import EncodeError
from pipeline.job import Codec
from pipeline.media.encode.chunks import LATE_VIDEO_S, LONGEST_SEGMENT_S, Cutting
from pipeline.media.source.colours import is_ordinary, source_colours
from pipeline.media.source.scan import CLOCK_HZ, Scan, gaps
from pipeline.media.source.source_notes import DAMAGED_S, missing_s
from pipeline.media_info import Crop, VideoStream
from pipeline.model import Plan, Rendition

LONGEST_HOLD_S = 0.5
"""How much longer than the video the audio may be; the last frame is then shown until it ends."""

PEAK = 2
"""No stretch of on-demand video takes more than twice the average (Apple's specification, variable bit rate)."""


class NotCopyableError(EncodeError):
    """The source's video can't be the largest rendition; the text says why, for the middle of a sentence."""


def boundaries(plan: Plan, scan: Scan, cutting: Cutting) -> tuple[int, ...]:
    """Return where the segments of the source's own video begin, in ticks of 90 kHz. Raises NotCopyableError."""
    reason = next(_obstacles(plan, scan, cutting), None)
    if reason is not None:
        raise NotCopyableError(reason)
    # the stream begins with its first frame
    keyframes = array("q", [0]) + scan.keyframes[1:]
    return _near(keyframes, cutting.length, plan.segment_s * CLOCK_HZ)


def below(renditions: Sequence[Rendition], peak_bit_rate: float) -> tuple[Rendition, ...]:
    """Return all renditions but the largest, which is a source of this peak:
    the others keep the ladder's distance to it.
    """
    top = renditions[0]
    return tuple(
        replace(r, bit_rate=max(1, int(min(1, peak_bit_rate / top.bit_rate) * r.bit_rate))) for r in renditions[1:]
    )


def _obstacles(plan: Plan, scan: Scan, cutting: Cutting) -> Iterator[str]:
    video, top = plan.media.video, plan.renditions[0]
    assert video is not None
    if plan.media.is_part:
        yield "only a part of it is wanted, and a copy can't begin and end at any frame"
    if plan.job.encoding.codec is not Codec.H264:
        yield f"the stream is made in {plan.job.encoding.codec.value}, and only H.264 is copied"
    yield from _video_obstacles(video, top)
    if cutting.thinning is not None:
        yield "it has too many frames a second"
    if scan.bit_rate > top.bit_rate:
        yield f"its {scan.bit_rate / 1e6:.1f} Mb/s are more than the {top.bit_rate / 1e6:.1f} Mb/s of {top.name}"
    yield from _timing_obstacles(plan, scan, cutting)


def _video_obstacles(video: VideoStream, top: Rendition) -> Iterator[str]:
    if video.codec != "h264":
        yield f"it is {video.codec}, not H.264"
    if video.pixel_format != "yuv420p":
        yield f"its pixels are {video.pixel_format}, not 8-bit 4:2:0 (yuv420p)"
    if video.interlaced:
        yield "it is interlaced"
    if len(video.sizes) > 1:
        yield "its size changes"
    if video.rotation:
        yield "it is stored turned"
    if video.crop != Crop():
        yield "its file hides a part of it, which segments can't"
    if not is_ordinary(source_colours(video)):
        yield "its colours are not BT.709 in limited range, as the stream's are"
    if video.sample_aspect_ratio != 1:
        yield "its pixels are not square"
    if (video.coded_width, video.coded_height) != (top.frame_width, top.frame_height):
        yield (
            f"it is {video.coded_width}×{video.coded_height}, "
            f"and {top.name} is made in {top.frame_width}×{top.frame_height}"
        )


def _timing_obstacles(plan: Plan, scan: Scan, cutting: Cutting) -> Iterator[str]:
    if not scan.orderly or missing_s(plan.media) >= DAMAGED_S:
        yield "the file is damaged, or does not tell the time of every frame"
    if scan.hidden:
        yield "its edit list hides frames that have to be decoded"
    if not scan.keyframes or scan.keyframes[0] != scan.frames[0]:
        yield "it does not begin with a keyframe"
        return
    if not 0 <= scan.frames[0] <= LATE_VIDEO_S * CLOCK_HZ:
        yield "it begins later than the audio"
    hold = cutting.length - scan.video_end
    if hold > LONGEST_HOLD_S * CLOCK_HZ:
        yield f"the audio goes on for {hold / CLOCK_HZ:.1f} s after the video"
    gap = int(gaps(array("q", [0]) + scan.keyframes[1:] + array("q", [cutting.length])).max())
    if gap > LONGEST_SEGMENT_S * CLOCK_HZ:
        yield f"its keyframes are up to {gap / CLOCK_HZ:.1f} s apart, and each segment begins with one"


def _near(keyframes: Sequence[int], length: int, segment: int) -> tuple[int, ...]:
    """Choose keyframes one after the other, so that each segment lasts as nearly as long as it should as they allow."""
    longest = int(LONGEST_SEGMENT_S * CLOCK_HZ)
    starts = [0]
    while length - starts[-1] > longest:
        ahead = keyframes[
            bisect.bisect_right(keyframes, starts[-1]) : bisect.bisect_right(keyframes, starts[-1] + longest)
        ]
        starts.append(min(ahead, key=lambda keyframe: abs(keyframe - starts[-1] - segment)))
    return tuple(starts)
