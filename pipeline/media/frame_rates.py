"""Which frame rate a stream may have. Pure."""

from __future__ import annotations

import math
from fractions import Fraction

MAX_FRAME_RATE = 60
"""Apple's HLS authoring specification 1.19: frame rates above 60 fps shall not be used."""

TOLERANCE = Fraction(1, 100)
"""By how much a measured average may lie above a whole multiple of 60 before another frame of it is left out."""


def frame_rate_limit(frame_rate: Fraction) -> Fraction | None:
    """Return the whole fraction of the source's frame rate that stays within 60 fps, None where it already does."""
    if frame_rate <= MAX_FRAME_RATE:
        return None
    divisor = max(1, math.ceil(frame_rate / MAX_FRAME_RATE - TOLERANCE))
    return min(Fraction(MAX_FRAME_RATE), frame_rate / divisor)
