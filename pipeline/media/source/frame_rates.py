"""Which frame rate a stream may have, and which frames are left out where a source has too many. Pure."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from fractions import Fraction

from pipeline.media.source.scan import CLOCK_HZ, gaps

MAX_FRAME_RATE = 60
"""Apple's HLS authoring specification 1.19: frame rates above 60 fps shall not be used."""

TOLERANCE = Fraction(1, 100)
"""By how much a measured average may lie above a whole multiple of 60 before another frame of it is left out."""

EARLY_TICKS = CLOCK_HZ // 1000
"""How much too early a container that counts milliseconds may put a frame."""

CROWD = 10
"""How many consecutive frames show a rate; fewer may be jitter."""

STEADY = 1.1
"""Frames come evenly if their mean distance is at most this many times the usual one."""


@dataclass(frozen=True, kw_only=True)
class Thinning:
    """How a video is brought down to at most `rate` frames a second.

    A frame that comes sooner than `least_gap` ticks of 90 kHz after the last one that was kept is left out, the others
    keep their times. None times all frames anew: of a rate so little above 60 that leaving some out would leave the
    rate as it is.
    """

    rate: Fraction
    least_gap: int | None

    def kept(self, frames: array[int], first: int) -> array[int]:
        """Return the frames that are left; the first one is shown at `first` in the stream."""
        if self.least_gap is None or not frames:
            return frames
        kept, last = array("q", frames[:1]), first
        for frame in frames[1:]:
            if frame - last >= self.least_gap:
                kept.append(frame)
                last = frame
        return kept


def frame_rate_limit(frame_rate: Fraction) -> Fraction | None:
    """Return the whole fraction of the source's frame rate that stays within 60 fps, None where it already does."""
    if frame_rate <= MAX_FRAME_RATE:
        return None
    divisor = max(1, math.ceil(frame_rate / MAX_FRAME_RATE - TOLERANCE))
    return min(Fraction(MAX_FRAME_RATE), frame_rate / divisor)


def thinning(frames: array[int], limit: Fraction | None) -> Thinning | None:
    """Return how frames shown at these times are brought down to 60 fps, None where they already are.

    `limit` is what `frame_rate_limit` said of the rate that the file declares: an average, which knows nothing of
    bursts, or a container's clock, which knows nothing of the frames.
    """
    import numpy as np

    apart = gaps(frames)
    usual = float(np.median(apart)) if len(apart) else 0.0
    length = int(apart.sum())
    if length and length <= STEADY * usual * len(apart):
        if limit is None or len(apart) * CLOCK_HZ <= MAX_FRAME_RATE * length:
            limit = frame_rate_limit(Fraction(len(apart) * CLOCK_HZ, length + EARLY_TICKS))  # rounding makes no frames
        if limit is not None:
            gap = CLOCK_HZ / limit
            return Thinning(rate=limit, least_gap=int(gap) - EARLY_TICKS if gap > 1.5 * usual else None)
    least = CLOCK_HZ // MAX_FRAME_RATE - EARLY_TICKS
    times = np.frombuffer(frames, np.int64) if frames else np.empty(0, np.int64)
    if (len(apart) and usual < least) or bool((times[CROWD:] - times[:-CROWD] < CROWD * least).any()):
        return Thinning(rate=Fraction(MAX_FRAME_RATE), least_gap=least)
    return None
