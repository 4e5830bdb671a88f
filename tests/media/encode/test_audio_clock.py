"""Where samples are placed: by their times, whatever those do, in one line without a hole."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pytest

from pipeline.media.encode.audio_clock import AudioClock
from pipeline.media.encode.audio_format import RATE_HZ

FRAME = 1024


def _line(units: Iterable[tuple[float | None, np.ndarray]]) -> np.ndarray:
    """Return all that a clock gives out for samples with times, float32 (n,), having seen that it has no hole."""
    clock = AudioClock(1)
    placed = []
    for time, samples in units:
        clock.put(samples[None, :].astype(np.float32), time)
        placed += clock.take()
    placed += clock.take(last=True)
    assert [sum(p.samples.shape[1] for p in placed[:n]) for n in range(len(placed))] == [p.position for p in placed]
    return np.concatenate([p.samples[0] for p in placed])


Timed = list[tuple[float | None, np.ndarray]]


def _marked(time_of: Callable[[int], float | None], *, frames: int = 500, left_out: Iterable[int] = ()) -> Timed:
    """Return frames that each begin with a peak, with the times that a function gives their numbers."""
    samples = np.zeros(FRAME)
    samples[100] = 1.0
    return [(time_of(n), samples) for n in range(frames) if n not in left_out]


def _peaks(line: np.ndarray) -> list[int]:
    return [
        int(at) for at in np.flatnonzero((line[1:-1] > 0.4) & (line[1:-1] >= line[:-2]) & (line[1:-1] > line[2:])) + 1
    ]


def _worst_ms(line: np.ndarray, expected: list[float]) -> float:
    found = _peaks(line)
    assert len(found) == len(expected)
    return max(abs(a - b) for a, b in zip(found, expected, strict=True)) / RATE_HZ * 1000


def test_exact_times_change_nothing():
    """Not a sample."""
    units = _marked(lambda n: n * FRAME)
    assert np.array_equal(np.concatenate([samples for _, samples in units]).astype(np.float32), _line(units))


def test_times_rounded_to_milliseconds_change_nothing():
    """As Matroska and FLV write them."""
    units = _marked(lambda n: round(n * FRAME / 48) * 48)
    assert np.array_equal(np.concatenate([samples for _, samples in units]).astype(np.float32), _line(units))


def test_jitter_changes_nothing():
    """Fifteen milliseconds to either side, as in recordings of calls: no click, nothing filled in."""
    line = _line(_marked(lambda n: n * FRAME + 720 * math.sin(7.3 * n)))
    assert {FRAME} == set(np.diff(_peaks(line)).tolist())
    assert 5 > _worst_ms(line, [100 + n * FRAME for n in range(500)])


@pytest.mark.parametrize(
    "lost", [[50], [50, 53, 56], [50, 51, 52, 53], list(range(20, 480, 50))], ids=["one", "close", "a few", "many"]
)
def test_what_was_lost_is_silence(lost):
    """To the sample, also 21 ms of it."""
    line = _line(_marked(lambda n: n * FRAME, left_out=lost))
    assert [100 + n * FRAME for n in range(500) if n not in lost] == _peaks(line)


def test_what_comes_twice_is_heard_once():
    """Four frames again, with the times that they had."""
    units = _marked(lambda n: n * FRAME)
    line = _line(units[:200] + units[196:])
    assert [100 + n * FRAME for n in range(500)] == _peaks(line)


@pytest.mark.parametrize("share", [1.005, 0.995], ids=["slow", "fast"])
def test_drift_is_corrected(share):
    """Half a percent for eleven seconds: 55 ms at the end, were nothing done."""
    expected = [n * FRAME * share + 100 for n in range(500)]
    assert 10 > _worst_ms(_line(_marked(lambda n: n * FRAME * share)), expected)


def test_drift_is_corrected_without_a_click():
    """A tone stays smooth: no step from one sample to the next is larger than its own."""
    tone = np.sin(2 * np.pi * 440 * np.arange(500 * FRAME) / RATE_HZ)
    line = _line((n * FRAME * 1.005, tone[n * FRAME : (n + 1) * FRAME]) for n in range(500))
    steepest = 2 * np.pi * 440 / RATE_HZ
    assert float(np.abs(np.diff(line)).max()) < 1.02 * steepest


def test_a_late_beginning_is_silence():
    """Minutes, without ever being held in memory at once."""
    line = _line(_marked(lambda n: 200 * RATE_HZ + n * FRAME, frames=100))
    assert 200 * RATE_HZ + 100 == _peaks(line)[0]


def test_what_comes_before_the_beginning_is_left_out():
    """An encoder's delay that the container gives times below zero."""
    assert [100 + (n - 2) * FRAME for n in range(2, 500)] == _peaks(_line(_marked(lambda n: (n - 2) * FRAME)))


def test_a_single_wrong_time_is_ignored():
    """An hour later, and the next one is right again."""
    line = _line(_marked(lambda n: (n + (170_000 if n == 60 else 0)) * FRAME))
    assert [100 + n * FRAME for n in range(500)] == _peaks(line)


def test_frames_without_a_time_follow_the_one_before():
    """Only one in seven has one, as in a transport stream."""
    line = _line(_marked(lambda n: n * FRAME if n % 7 == 0 else None))
    assert [100 + n * FRAME for n in range(500)] == _peaks(line)


def test_times_that_begin_anew_are_counted_on():
    """Two recordings, one after the other."""
    line = _line(_marked(lambda n: n * FRAME if n < 400 else (n - 400) * FRAME))
    assert [100 + n * FRAME for n in range(500)] == _peaks(line)
