"""Pausing, resuming and slowing an upload."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled
from pipeline.transfer.http.control import LOOK_S, TransferControl
from pipeline.transfer.http.timetable import read_timetable


class Clock(CancelToken):
    """A token whose waiting moves the clock that the test holds."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 100.0
        self.longest = 0.0

    def wait(self, seconds: float) -> None:
        self.longest = max(self.longest, seconds)
        self.now += seconds
        self.check()


@pytest.fixture
def clock():
    """A clock that stands still until somebody waits."""
    return Clock()


def test_rate_is_kept_by_all_together(clock):
    """A hundred blocks at a limit take as long as they should, whoever sends them."""
    control = TransferControl(limit_bytes_s=1000.0, clock=lambda: clock.now)
    for _ in range(100):
        control.admit(100, clock)
    assert 9.5 <= clock.now - 100.0 <= 10.5
    assert clock.longest <= LOOK_S


def test_new_limit_counts_at_once(clock):
    """A limit can be raised, lowered and taken away while the upload runs."""
    control = TransferControl(limit_bytes_s=10.0, clock=lambda: clock.now)
    control.admit(50, clock)
    control.limit_bytes_s = None
    control.admit(1 << 30, clock)
    assert 100.0 == clock.now
    control.limit_bytes_s = 1000.0
    for _ in range(11):
        control.admit(1000, clock)
    assert 9.5 <= clock.now - 100.0 <= 10.5


def test_debt_of_a_lower_limit_does_not_hold_up_a_higher_one(clock):
    """Who raises the limit does not wait for what the old one would have cost."""
    control = TransferControl(limit_bytes_s=1.0, clock=lambda: clock.now)
    control.admit(1_000_000, clock)
    control.limit_bytes_s = 100.0
    control.admit(1, clock)
    assert 100.0 == clock.now


def test_a_timetable_is_followed(clock):
    """What it says counts from its minute on, in the middle of an upload; a limit of one's own goes before it."""
    begin = datetime(2026, 11, 30, 7, 59, 50)
    control = TransferControl(
        timetable=read_timetable("08:00,1000 18:00,off"),
        clock=lambda: clock.now,
        wall_clock=lambda: begin + timedelta(seconds=clock.now - 100.0),
    )
    control.admit(1 << 30, clock)
    assert (None, 100.0) == (control.limit_bytes_s, clock.now)
    clock.now += 10
    for _ in range(11):
        control.admit(1000, clock)
    assert 9.5 <= clock.now - 110.0 <= 10.5
    control.limit_bytes_s = 10_000.0
    assert 10_000.0 == control.limit_bytes_s
    control.limit_bytes_s = None
    control.timetable = None
    assert control.limit_bytes_s is None


def test_cancel_ends_the_waiting(clock):
    """Neither a low limit nor a pause holds up a cancel."""
    control = TransferControl(limit_bytes_s=1.0, clock=lambda: clock.now)
    control.admit(1000, clock)
    clock.cancel()
    with pytest.raises(Cancelled):
        control.admit(1, clock)
    control.pause()
    with pytest.raises(Cancelled):
        control.wait_until_running(clock)


def test_pause_and_resume():
    """Pausing twice is one pause; resuming goes on."""
    control = TransferControl()
    control.pause()
    control.pause()
    assert (True, 1) == (control.paused, control.pauses)
    control.resume()
    control.admit(5, CancelToken())
    assert (False, 1, True) == (control.paused, control.pauses, control.held_back)


@pytest.mark.parametrize(
    ("settings", "held_back"),
    [
        pytest.param({}, False, id="no limit"),
        pytest.param({"limit_bytes_s": 1e12}, False, id="more than comes"),
        pytest.param({"limit_bytes_s": 1000.0}, True, id="limit"),
        pytest.param({"timetable": read_timetable("1K")}, True, id="timetable"),
    ],
)
def test_whether_it_was_held_back(clock, settings, held_back):
    """Where a limit has made somebody wait, the time that it took says nothing of the line."""
    control = TransferControl(clock=lambda: clock.now, **settings)
    for _ in range(10):
        control.admit(1000, clock)
        clock.now += 0.1
    assert held_back == control.held_back


def test_nothing_is_sent_while_it_may_not(clock):
    """Each block waits until it may be sent, and Cancel ends the waiting."""
    control = TransferControl(clock=lambda: clock.now, may_send=lambda: clock.now >= 105.0)
    control.admit(100, clock)
    assert 105.0 <= clock.now < 105.0 + 2 * LOOK_S
    assert control.held_back
    clock.now = 100.0
    clock.cancel()
    with pytest.raises(Cancelled):
        control.admit(100, clock)
