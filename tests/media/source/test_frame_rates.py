"""The limit of frame rates."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from fractions import Fraction

import pytest

from pipeline.media.source.frame_rates import Thinning, frame_rate_limit, thinning
from pipeline.media.source.scan import CLOCK_HZ


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


def _ticks(times_s: Iterable[float | Fraction]) -> array[int]:
    return array("q", (round(time_s * CLOCK_HZ) for time_s in times_s))


def _even(rate: Fraction, count: int = 300) -> list[Fraction]:
    return [n / rate for n in range(count)]


@pytest.mark.parametrize(
    "rate", [Fraction(120), Fraction(120_000, 1001), Fraction(90), Fraction(144), Fraction(240)], ids=str
)
@pytest.mark.parametrize("clock_hz", [CLOCK_HZ, 1000])
def test_of_an_even_rate_every_nth_frame_keeps_its_time(rate, clock_hz):
    """Also where the container rounds times to milliseconds."""
    limit = frame_rate_limit(rate)
    frames = _ticks(Fraction(round(time * clock_hz), clock_hz) for time in _even(rate))
    thinned = thinning(frames, limit)
    assert frames[:: int(rate / limit)] == thinned.kept(frames, 0)


def test_a_rate_a_little_above_the_limit_is_timed_anew():
    """An emulator's 60.1 frames a second: to leave out one of six hundred would leave the rate as it is."""
    assert Thinning(rate=Fraction(60), least_gap=None) == thinning(_ticks(_even(Fraction(601, 10))), Fraction(60))


@pytest.mark.parametrize("declared", [Fraction(120), Fraction(1000, 3), Fraction(61)], ids=str)
def test_a_declared_rate_makes_no_frames(declared):
    """What is declared may be a clock's rate: thirty frames a second stay thirty."""
    assert thinning(_ticks(_even(Fraction(30))), frame_rate_limit(declared)) is None


@pytest.mark.parametrize(
    ("rate", "kept"),
    [(Fraction(6002, 100), None), (Fraction(603, 10), None), (Fraction(120), 2), (Fraction(240), 4)],
    ids=str,
)
def test_frames_above_the_limit_are_found_where_less_is_declared(rate, kept):
    """By the frames' own times; a trace above 60 is timed anew."""
    frames = _ticks(_even(rate, 1200))
    thinned = thinning(frames, None)
    assert thinned is not None
    assert (
        (Thinning(rate=Fraction(60), least_gap=None) == thinned)
        if kept is None
        else (frames[::kept] == thinned.kept(frames, 0))
    )


@pytest.mark.parametrize("rate", [Fraction(60), Fraction(60_000, 1001), Fraction(50)], ids=str)
def test_rounding_to_milliseconds_makes_no_rate_too_high(rate):
    """A short clip of 60 frames a second, whose last frame came out a millisecond early, loses none."""
    times = [Fraction(round(time * 1000), 1000) for time in _even(rate, 100)]
    assert thinning(_ticks([*times[:-1], times[-1] - Fraction(1, 1000)]), None) is None


@pytest.mark.parametrize("declared", [Fraction(28), Fraction(100)], ids=str)
def test_a_burst_is_brought_down_and_the_rest_is_left_alone(declared):
    """Two seconds of 100 frames, then ten a second, whatever the file declares."""
    slow = [2 + n / 10 for n in range(80)]
    frames = _ticks([*_even(Fraction(100), 200), *slow])
    assert _ticks([*_even(Fraction(50), 100), *slow]) == thinning(frames, frame_rate_limit(declared)).kept(frames, 0)


def test_a_clock_that_trembles_costs_no_frame():
    """A phone's 60 frames a second, each up to 3 ms early or late."""
    frames = _ticks(n / 60 + (n % 3 - 1) * 0.003 for n in range(1, 600))
    assert thinning(frames, None) is None


def test_a_video_of_one_frame_has_none_too_many():
    """Whatever rate is declared."""
    assert thinning(array("q", [0]), None) is None
