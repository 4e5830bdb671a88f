"""Speed and time left that can be read."""

from __future__ import annotations

import pytest

from pipeline.transfer.upload.speed import SETTLED_S, SMOOTHING_S, Speedometer, seconds_left


def drive(steps):
    """Return the speeds that are shown for a list of (seconds, bytes) steps."""
    now, moved = 0.0, 0
    meter = Speedometer(lambda: now)
    shown = []
    for seconds, size in steps:
        now, moved = now + seconds, moved + size
        shown.append(meter.bytes_per_s(moved))
    return shown


def test_even_speed_is_shown_as_it_is():
    """Nothing at first, then the figure, whatever the size of the steps."""
    shown = drive([(0.1, 100)] * 40 + [(0.5, 500)] * 10)
    settled = round(SETTLED_S / 0.1)
    assert [0.0] * (settled - 1) == shown[: settled - 1]
    assert [pytest.approx(1000)] * len(shown[settled:]) == shown[settled:]


def test_figure_does_not_jump():
    """Bursts and holes change the figure slowly; a new speed is believed after a while."""
    shown = drive([(0.1, 100)] * 100 + [(0.1, 0 if n % 2 else 200) for n in range(100)])
    assert max(shown[100:]) < 1100
    assert min(shown[100:]) > 900
    slower = drive([(0.1, 100)] * 300 + [(0.1, 50)] * round(3 * SMOOTHING_S / 0.1))
    assert slower[305] > 950
    assert 500 < slower[-1] < 560


def test_time_left_follows_the_speed():
    """No speed, no time."""
    assert 25.0 == seconds_left(50, 2.0)
    assert seconds_left(50, 0.0) is None
