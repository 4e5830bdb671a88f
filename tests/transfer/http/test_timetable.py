"""Limits by the hour, as `--limit-rate` and the settings have them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from pipeline.transfer.http.timetable import (
    MINUTES_A_WEEK,
    RateChange,
    RatePeriod,
    read_rate,
    read_time,
    read_timetable,
    timetable_of,
)

MONDAY = datetime(2026, 11, 30)
KIB = 1024.0
EACH_DAY = tuple(range(7))


def at(timetable, text: str) -> float | None:
    """Return what counts at a day and a time such as `Tue 07:59`."""
    day, time = text.split()
    moment = MONDAY + timedelta(days=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun").index(day))
    return timetable.limit_at(moment + timedelta(minutes=read_time(time)))


@pytest.mark.parametrize(("text", "expected"), [("1", 1), ("500K", 512_000), ("1.5m", 1_572_864), ("2G", 2 << 30)])
def test_rates(text, expected):
    """As curl has them."""
    assert expected == read_rate(text)


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        ("5M", {"Mon 00:00": 5 << 20, "Sun 23:59": 5 << 20}),
        ("off", {"Mon 00:00": None}),
        (
            "08:00,500K 18:00,off",
            {"Mon 07:59": None, "Mon 08:00": 500 * KIB, "Sun 18:00": None},
        ),
        ("22:00,1M 06:00,100K", {"Mon 00:00": 1 << 20, "Mon 05:59": 1 << 20, "Mon 06:00": 100 * KIB}),
        ("Mon-08:00,1K fri-18:00,OFF", {"Mon 07:59": None, "Wed 03:00": KIB, "Fri 18:00": None, "Sun 12:00": None}),
        ("  Tue-12:00,2K ", {"Mon 00:00": 2 * KIB, "Tue 12:00": 2 * KIB}),
    ],
    ids=["one", "none", "by day", "across midnight", "a week", "one change"],
)
def test_what_counts(text, moments):
    """The last change by the clock; before the first of the week the last of the week before."""
    timetable = read_timetable(text)
    assert moments == {moment: at(timetable, moment) for moment in moments}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "takes bytes a second such as 500K or 5M, not ''"),
        ("-5M", "takes bytes a second"),
        ("5MB", "takes bytes a second"),
        ("08:00,fast 18:00,off", "takes bytes a second such as 500K or 5M, not 'fast'"),
        ("08:00,5M,1M", "takes bytes a second"),
        ("24:00,5M", "takes a time of day such as 08:30, not '24:00'"),
        ("8,5M", "takes times and rates such as 08:00,500K 18:00,off, not '8,5M'"),
        ("Mon-Fri-08:00,5M", "takes times and rates"),
        ("Xyz-08:00,5M", "takes times and rates"),
        ("08:00,5M 8:00,6M", "says twice what counts from 8:00 on"),
        ("08:00,5M Tue-08:00,6M", "says twice"),
    ],
)
def test_what_is_no_timetable(text, wrong):
    """A slip of the keyboard does not become a limit; the sentence names it."""
    with pytest.raises(ValueError, match=f"^{wrong}"):
        read_timetable(text)


@pytest.mark.parametrize(
    ("periods", "moments"),
    [
        (
            [RatePeriod(days=EACH_DAY, start=8 * 60, end=18 * 60, bytes_s=5.0)],
            {"Mon 07:59": None, "Mon 08:00": 5.0, "Mon 17:59": 5.0, "Mon 18:00": None},
        ),
        (
            [RatePeriod(days=(6,), start=22 * 60, end=6 * 60, bytes_s=5.0)],
            {"Sun 21:59": None, "Sun 22:00": 5.0, "Mon 05:59": 5.0, "Mon 06:00": None, "Sun 05:00": None},
        ),
        (
            [RatePeriod(days=(0,), start=600, end=600, bytes_s=5.0)],
            {"Mon 10:00": 5.0, "Tue 09:59": 5.0, "Tue 10:00": None},
        ),
        (
            [
                RatePeriod(days=(0,), start=0, end=600, bytes_s=9.0),
                RatePeriod(days=(0,), start=300, end=900, bytes_s=5.0),
            ],
            {"Mon 04:59": 9.0, "Mon 05:00": 5.0, "Mon 14:59": 5.0, "Mon 15:00": None},
        ),
    ],
    ids=["each day", "across the week's end", "a whole day", "overlapping"],
)
def test_periods(periods, moments):
    """A limit counts within its hours, also across midnight; where two overlap the lower one does."""
    timetable = timetable_of(periods)
    assert moments == {moment: at(timetable, moment) for moment in moments}
    assert all(0 <= change.minute < MINUTES_A_WEEK for change in timetable.changes)


def test_no_period():
    """No limit needs no timetable."""
    assert timetable_of([]) is None


def test_a_clock_that_is_put_back_or_forward():
    """What counts is what the clock shows: an hour that comes twice has its limit twice, one that is left out none."""
    timetable = read_timetable("02:00,1K 03:00,off")
    shown = [datetime(2026, 10, 25, 1, 59), datetime(2026, 10, 25, 2, 59), datetime(2026, 10, 25, 2, 0, fold=1)]
    assert [None, KIB, KIB] == [timetable.limit_at(moment) for moment in shown]
    assert None is timetable.limit_at(datetime(2026, 3, 29, 3, 0))
    assert RateChange(minute=120, bytes_s=KIB) == timetable.changes[0]
