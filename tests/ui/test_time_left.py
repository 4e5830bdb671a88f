"""The time left of a piece of work, by a clock that the test holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pipeline.model import PhaseName
from ui.time_left import JobTimeLeft, TimeLeft, begun, moved


def _course(fraction_at: Callable[[float], float], seconds: int) -> Iterator[TimeLeft]:
    """Yield the time left at every second of some work."""
    left = begun(fraction_at(0), 100.0)
    for second in range(1, seconds + 1):
        left = moved(left, fraction_at(second), 100.0 + second)
        yield left


@pytest.mark.parametrize(
    ("total_s", "told_at"),
    [pytest.param(60, 5, id="quick: after 5 s"), pytest.param(1000, 20, id="slow: after 2 %")],
)
def test_nothing_is_told_in_the_first_moments(total_s, told_at):
    """What could be said then would be a guess; its pace counts from the moment in which something moves."""
    course = list(_course(lambda second: second / total_s, 40))
    assert [False] * (told_at - 1) + [True] == [left.left_s is not None for left in course[:told_at]]
    assert total_s - told_at == pytest.approx(course[told_at - 1].left_s, rel=0.01)


def test_what_has_not_begun_to_move_is_no_pace():
    """A source is read through for half a minute before the first frame: that says nothing of the encode."""
    course = list(_course(lambda second: max(0.0, (second - 30) / 200), 60))
    assert None is course[33].left_s
    assert 170 == pytest.approx(course[-1].left_s, rel=0.02)


def test_a_steady_pace_counts_down_to_the_end():
    """A second a second."""
    for second, left in enumerate(_course(lambda second: second / 300, 300), start=1):
        assert left.left_s is None or 300 - second == pytest.approx(left.left_s, abs=1.0)


def _slower(after: float, times: float, total: float = 1000) -> Callable[[float], float]:
    """Return how much is done, a thousandth a second, and after so many seconds so many times less."""
    return lambda second: (min(second, after) + max(0.0, second - after) / times) / total


def _beside(second: float) -> float:
    """Another upload takes two fifths of the pace, for 40 s every 80 s."""
    rounds, rest = divmod(second, 80)
    return (64 * rounds + min(rest, 40) + max(0.0, rest - 40) * 0.6) / 1000


def _last_step(second: float) -> float:
    """The last tenth takes 15 times what was expected of it."""
    return min(second, 540) / 600 + max(0.0, second - 540) / 9000


@pytest.mark.parametrize(
    ("fraction_at", "total_s", "changed_s"),
    [
        pytest.param(_slower(300, 3), 2400, 300, id="three times slower"),
        pytest.param(_slower(900, 10), 1900, 900, id="ten times slower near the end"),
        pytest.param(_last_step, 1440, 540, id="a last step of fifteen times its weight"),
        pytest.param(_slower(100, 0.2), 280, 100, id="five times quicker"),
        pytest.param(_beside, 1250, 0, id="another upload beside it"),
        pytest.param(lambda second: second // 4 / 250, 1000, 0, id="steps of 4 s"),
        pytest.param(lambda second: second // 60 / 30, 1800, 60, id="steps of a minute"),
    ],
)
def test_another_pace_is_told_soon(fraction_at, total_s, changed_s):
    """A minute later what is told is no longer far below what is true, nor far above, and it never jumps there."""
    before: TimeLeft | None = None
    for second, left in enumerate(_course(fraction_at, total_s - 30), start=1):
        if left.left_s is not None and before is not None and before.left_s is not None:
            assert 0.1 * before.left_s + 0.5 >= abs(left.left_s - (before.left_s - 1))
        if left.left_s is not None and second >= changed_s + 60:
            assert 1 / 3 <= left.left_s / (total_s - second) <= 3, second
        before = left
    assert before is not None and before.left_s is not None


def test_a_stretch_that_is_slow_makes_nothing_jump():
    """A minute of an hour's job at a third of its pace: the time drifts by a hundredth of itself a second at most."""
    before: TimeLeft | None = None
    for left in _course(lambda second: (second - max(0.0, min(second, 660) - 600) * 2 / 3) / 3600, 1200):
        if before is not None and before.left_s is not None:
            assert abs(left.left_s - (before.left_s - 1)) <= 0.01 * before.left_s
        before = left
    assert 2440 == pytest.approx(before.left_s, rel=0.05)


def test_what_stands_still_has_no_time():
    """The network is away for five minutes: no time is told then, and later that of the pace before it."""
    course = list(_course(lambda second: (second if second < 400 else max(400.0, second - 300)) / 1000, 760))
    assert [True, False, False, True] == [course[second].left_s is not None for second in (420, 440, 690, 705)]
    assert 540 == pytest.approx(course[759].left_s, rel=0.05)


def test_a_computer_that_slept_has_not_worked():
    """One turn that takes a night leaves the pace as it was."""
    left = begun(0.0, 0.0)
    for second in range(1, 401):
        left = moved(left, second / 1000, float(second))
    for second in range(401, 431):
        left = moved(left, second / 1000, 28_800.0 + second)
    assert 570 == pytest.approx(left.left_s, rel=0.05)


def test_what_an_earlier_run_has_done_is_no_pace():
    """60 % in the first second are not this run's."""
    course = list(_course(lambda second: 0.6 + second / 1000, 60))
    left = begun(0.0, 100.0)
    for second in range(1, 61):
        left = moved(left, 0.6 + second / 1000, 100.0 + second)
    assert 340 == pytest.approx(course[-1].left_s, rel=0.02) == left.left_s


def test_work_that_is_done_anew_has_no_pace_of_its_first_time():
    """What is told goes on counting down meanwhile."""
    left = begun(0.0, 0.0)
    for second in range(1, 31):
        left = moved(left, second / 100, float(second))
    again = moved(left, 0.1, 31.0)
    assert (31.0, left.left_s - 1) == (again.begun_s, again.left_s)


@pytest.mark.parametrize(
    ("left_s", "text"),
    [
        (None, ""),
        (0.2, "0:01"),
        (42.4, "0:42"),
        (78.0, "1:20"),
        (761.0, "13:00"),
        (5000.0, "1:23:00"),
        (90_000.0, "more than a day"),
    ],
)
def test_how_it_is_shown(left_s, text):
    """The longer, the rounder: seconds that change by more than one would jump."""
    assert text == TimeLeft(begun_s=0, begun_at=0, now_s=0, fraction=0, left_s=left_s).text


@pytest.mark.parametrize(
    ("job_s", "step_s", "phase", "text"),
    [
        (720, 198, PhaseName.HLS, "12:00 left · 3:20 left in this step"),
        (720, None, PhaseName.HLS, "12:00 left"),
        (None, 198, PhaseName.HLS, "3:20 left in this step"),
        (719, 718, PhaseName.HLS, "12:00 left"),
        (720, 198, PhaseName.UPLOAD, "12:00 left"),
        (None, None, None, ""),
    ],
)
def test_job_and_step(job_s, step_s, phase, text):
    """Both are told as far as they are known; an upload tells its own time in its own row."""
    job, step = (replace(begun(0.0, 0.0), left_s=left_s) for left_s in (job_s, step_s))
    assert text == JobTimeLeft(job=job, phase=phase, step=step).text
