"""The limit of frame rates."""

from __future__ import annotations

from fractions import Fraction

import pytest

from pipeline.media.frame_rates import frame_rate_limit


@pytest.mark.parametrize(
    ("rate", "limit"),
    [
        (Fraction(25), None),
        (Fraction(60), None),
        (Fraction(120), Fraction(60)),
        (Fraction(120_000, 1001), Fraction(60_000, 1001)),
        (Fraction(90), Fraction(45)),
        (Fraction(144), Fraction(48)),
        (Fraction(240), Fraction(60)),
        (Fraction(6002, 100), Fraction(60)),
        (Fraction(12_003, 100), Fraction(60)),
        (Fraction(72), Fraction(36)),
    ],
    ids=str,
)
def test_every_nth_frame_is_kept(rate, limit):
    """More than 60 become a whole fraction of it; an average that a phone's clock put just above 60 stays at 60."""
    assert limit == frame_rate_limit(rate)
