"""One measurement of how often frames come, whatever the container's clock made of their times."""

from __future__ import annotations

from array import array
from fractions import Fraction

import pytest

from pipeline.media.source.frame_times import FrameRates, even_rate, frame_rates

CLOCK_HZ = 90_000


def _rates(times_s: list[float], hz: int = CLOCK_HZ) -> FrameRates:
    rates = frame_rates(array("q", (round(time_s * hz) for time_s in times_s)), Fraction(1, hz))
    assert rates is not None
    return rates


def _rounded(rates: FrameRates) -> tuple[float, float, float]:
    return round(rates.usual, 2), round(rates.mean, 2), round(rates.fastest, 2)


def _even(rate: float, seconds: float = 10, start_s: float = 0.0) -> list[float]:
    return [start_s + n / rate for n in range(round(rate * seconds))]


def _late(every: int, by: float, times: list[float]) -> list[float]:
    return [time + by * (n % every == every // 2) for n, time in enumerate(times)]


TELECINED = [n / 30 for n in range(300) if n % 5 != 4]
FILM_AT_60 = [n // 2 * 5 / 60 + n % 2 * 2 / 60 for n in range(240)]
SCREEN = [*_even(60, 4), *[4 + n * 0.1 for n in range(60)]]
KINDS = {
    # times, container's clock, usual, mean, what a decoder must keep up with
    "25": (_even(25), CLOCK_HZ, 25.0, 25.0, 25.0),
    "29.97 in milliseconds": (_even(30_000 / 1001), 1000, 29.97, 29.97, 29.97),
    "59.94": (_even(60_000 / 1001), CLOCK_HZ, 59.94, 59.94, 59.94),
    "240": (_even(240), CLOCK_HZ, 240.0, 240.0, 240.0),
    "one frame in 50 a little early": (_late(50, -10 / 600, _even(30)), 600, 30.0, 30.0, 30.0),
    "24 frames shown at 60 Hz": (FILM_AT_60, CLOCK_HZ, 24.02, 24.02, 24.02),
    "telecined film without its doubles": (TELECINED, CLOCK_HZ, 24.06, 24.06, 24.06),
    "a phone's clock that trembles": ([n / 30 + (n % 3 - 1) * 0.003 for n in range(300)], 600, 29.98, 29.98, 29.98),
    "a screen recording, first busy, then still": (SCREEN, CLOCK_HZ, 30.2, 30.2, 60.0),
    "a screen recording, mostly still": (
        [*_even(60, 4), *[4 + n * 0.1 for n in range(300)]],
        CLOCK_HZ,
        15.9,
        15.9,
        60.0,
    ),
    "a pause": ([*_even(25, 4), *_even(25, 4, start_s=9.0)], CLOCK_HZ, 25.0, 15.35, 25.0),
    "slides": (_even(0.5, 60), CLOCK_HZ, 0.5, 0.5, 0.5),
}


@pytest.mark.parametrize(
    ("times", "hz", "usual", "mean", "fastest"), [pytest.param(*kind, id=name) for name, kind in KINDS.items()]
)
def test_a_rate_is_what_the_frames_say(times, hz, usual, mean, fastest):
    """The usual rate is that of nearly all frames, the mean where there is none;
    a burst is what a decoder must keep up with.
    """
    assert (usual, mean, fastest) == _rounded(_rates(times, hz))


@pytest.mark.parametrize("rate", [24_000 / 1001, 24, 25, 30_000 / 1001, 60_000 / 1001, 60])
def test_a_container_that_counts_milliseconds_does_not_change_the_rate(rate):
    """Over six seconds its rounding makes 60.003 of 60."""
    assert pytest.approx(rate, abs=1e-9) == _rates(_even(rate, 6), 1000).fastest


def test_the_order_of_the_frames_does_not_matter():
    """Packets come in the order of their decoding, and two may be of one moment."""
    times = _even(25)
    assert _rates(times) == _rates([*reversed(times), 1.0])


def test_the_closest_and_the_longest_are_known():
    """What a variable rate ranges between."""
    rates = _rates([0.0, 0.01, 0.05, 0.55])
    assert (100.0, 0.5) == (round(rates.quickest), round(rates.longest_s, 3))


@pytest.mark.parametrize("times", [[], [0.0], [2.0, 2.0]], ids=["none", "one", "one moment"])
def test_a_single_frame_has_no_rate(times):
    """What the file declares must do."""
    assert frame_rates(array("q", (round(t * CLOCK_HZ) for t in times)), Fraction(1, CLOCK_HZ)) is None
    assert (25.0, 0.04) == (even_rate(25.0).fastest, even_rate(25.0).longest_s)
