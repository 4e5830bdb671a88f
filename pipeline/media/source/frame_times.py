"""Measures frame rates by the times at which frames are shown. Pure.

What is planned, what playlists declare and what the finished stream is checked by are all taken from here, so that they
can't disagree.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROUNDED_S = 0.0011
"""Sources that count milliseconds make one distance longer and shorter in turn, by one and a tick of ours."""

MOST = 0.9
"""A distance is the usual one if this many frames have it; else there is jitter or a pattern.

Film of 24 frames shown at 60 Hz has as many distances of 33 as of 50 ms, and neither is a frame rate of it: the mean
is.
"""

BUSY_S = 2.0
"""How long the busiest stretch lasts: a keyframe's slot. Decoders have buffers for what is shorter."""

BLOCK = 1 << 16
"""How many frames are examined at once."""

BURST = 1.1
"""A stretch that is busier than the rest by less is a clock that trembles."""


@dataclass(frozen=True, kw_only=True)
class FrameRates:
    """Frames a second: of most, the mean of all, of the busiest stretch, and of the two closest frames.

    `longest_s` is the longest that a frame is shown, in seconds.
    """

    usual: float
    mean: float
    busiest: float
    quickest: float
    longest_s: float

    @property
    def fastest(self) -> float:
        """What a decoder must keep up with: the rate in a level and in FRAME-RATE (RFC 8216, 4.3.4.2: maximum)."""
        steady = max(self.usual, self.mean)
        return self.busiest if self.busiest > BURST * steady else steady


def even_rate(rate: float) -> FrameRates:
    """Return the rates of frames that are all equally far apart."""
    return FrameRates(usual=rate, mean=rate, busiest=rate, quickest=rate, longest_s=1 / rate)


def frame_rates(times: array[int], tick_s: Fraction) -> FrameRates | None:
    """Measure frames that are shown at these times, in any order; None where there are not two moments.

    Args:
        times: int64, in ticks; a million and more, so that no copy of them is made but where it must be.
        tick_s: how long a tick is, in seconds.
    """
    import numpy as np

    moments = np.frombuffer(times, np.int64) if len(times) else np.empty(0, np.int64)
    gaps = np.diff(moments)
    if not (gaps > 0).all():
        moments = np.unique(moments)
        gaps = np.diff(moments)
    if not len(gaps):
        return None
    tick = float(tick_s)
    middle = int(np.partition(gaps, len(gaps) // 2)[len(gaps) // 2])
    near = (gaps >= middle - ROUNDED_S / tick) & (gaps <= middle + ROUNDED_S / tick)
    span_s = float(moments[-1] - moments[0]) * tick
    mean = _nominal(len(gaps) / span_s, span_s)
    usual = _nominal(int(near.sum()) / (float(gaps.sum(where=near)) * tick), span_s)
    return FrameRates(
        usual=usual if near.sum() >= MOST * len(gaps) else mean,
        mean=mean,
        busiest=max(_busiest(moments, round(BUSY_S / tick)) / tick, mean),
        quickest=1 / (float(gaps.min()) * tick),
        longest_s=float(gaps.max()) * tick,
    )


def _nominal(rate: float, span_s: float) -> float:
    """Return the whole or NTSC rate that differs from this one only by the rounding of its two ends."""
    candidates = (round(rate), round(rate * 1.001) / 1.001)
    nearest = min(candidates, key=lambda candidate: abs(candidate - rate))
    return nearest if abs(rate - nearest) * span_s <= ROUNDED_S * rate and nearest else rate


def _busiest(moments: NDArray[np.int64], stretch: int) -> float:
    """Return the most frames a tick between any frame and the first one a stretch later, 0 if none is."""
    import numpy as np

    most = 0.0
    for start in range(0, len(moments), BLOCK):
        begins = moments[start : start + BLOCK]
        ends = np.searchsorted(moments, begins + stretch)
        begins, ends = begins[ends < len(moments)], ends[ends < len(moments)]
        if len(ends):
            counts = ends - np.arange(start, start + len(ends))
            most = max(most, float((counts / (moments[ends] - begins)).max()))
    return most
