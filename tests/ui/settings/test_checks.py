"""What may be typed into the settings."""

from __future__ import annotations

from datetime import datetime

import pytest

from pipeline.job import QualityRate
from ui.preferences import LimitDays, LimitPeriod
from ui.settings import checks
from ui.speed_limit import timetable


@pytest.mark.parametrize("typed", ["100", "125 %", " 140% "], ids=["least", "with its sign", "most that has room"])
def test_a_text_size(typed):
    """A number of percent, with its sign or without."""
    assert int(typed.strip().rstrip("%")) == checks.text_percent(typed, 140)


@pytest.mark.parametrize("typed", ["", "%", "99", "201", "1e2", "120.5", "-150", "١٥٠", "9" * 5000], ids=repr)
def test_what_is_no_text_size(typed):
    """It is refused with the limits."""
    with pytest.raises(ValueError, match=r"^The text size must be a number from 100 to 200\.$"):
        checks.text_percent(typed, 200)


def test_a_text_size_that_the_screen_has_no_room_for():
    """What would be cut off is refused."""
    with pytest.raises(ValueError, match=r"^This screen has room for at most 140 %\.$"):
        checks.text_percent("150 %", 140)


@pytest.mark.parametrize(
    ("typed", "folder"),
    [(' "/videos/out" ', "/videos/out"), ("file:///videos/a%20b", "/videos/a b"), ("  ", "")],
    ids=["in quotes", "as an address", "none"],
)
def test_a_folder(typed, folder):
    """As it is copied from a file manager, or none."""
    assert folder == checks.output_folder(typed)


def test_half_a_folder():
    """A path that depends on where the program was started is refused."""
    with pytest.raises(ValueError, match="whole path"):
        checks.output_folder("videos/out")


@pytest.mark.parametrize(
    ("start", "end", "limit", "wrong"),
    [
        ("24:00", "18:00", "1", "A time is typed as 08:30, not '24:00'."),
        ("08:00", "", "1", "A time is typed as 08:30, not ''."),
        ("08:00", "18:00", "0", "The limit must be a number of at least 0.1 MB/s."),
        ("08:00", "18:00", "nan", "The limit must be a number of at least 0.1 MB/s."),
    ],
)
def test_what_is_no_limit_by_the_hour(start, end, limit, wrong):
    """The first thing that is wrong is said."""
    with pytest.raises(ValueError) as raised:
        checks.limit_period(LimitDays.EVERY_DAY, start, end, limit)
    assert wrong == str(raised.value)


def test_limits_by_the_hour():
    """What is typed is what counts; what somebody wrote wrongly into the preferences counts as no limit."""
    night = checks.limit_period(LimitDays.WEEKEND, " 22:00", "6:00 ", "0,5")
    table = timetable([night, LimitPeriod(days=LimitDays.EVERY_DAY, start="8", end="9", limit_mb_s=1.0)])
    saturday, monday = datetime(2026, 12, 5), datetime(2026, 12, 7)
    limits = [table.limit_at(moment.replace(hour=hour)) for moment in (saturday, monday) for hour in (5, 8, 23)]
    assert [None, None, 0.5 * (1 << 20), 0.5 * (1 << 20), None, None] == limits
    assert timetable([LimitPeriod(days=LimitDays.EVERY_DAY, start="08:00", end="18:00", limit_mb_s=-1.0)]) is None


def test_rates_of_qualities():
    """Those that are typed, as they are typed; a rate alone may lie between the usual ones beside it."""
    typed = {"2160p": "", "1080p": " 4 500 ", "720p": "", "480p": "1000"}
    expected = (QualityRate(name="1080p", bit_rate=4_500_000), QualityRate(name="480p", bit_rate=1_000_000))
    assert expected == checks.bit_rates(typed)


@pytest.mark.parametrize(
    ("typed", "quality", "wrong"),
    [
        ({"720p": "fast"}, "720p", "The rate of 720p must be a whole number from 50 to 100000 kb/s."),
        ({"720p": "49"}, "720p", "The rate of 720p must be"),
        ({"720p": "9" * 5000}, "720p", "The rate of 720p must be"),
        ({"1080p": "2800"}, "1080p", "1080p must get more bits than 720p"),
        ({"720p": "5000"}, "720p", "1080p must get more bits than 720p"),
        ({"1080p": "4500", "720p": "4600"}, "1080p", "1080p must get more bits than 720p"),
    ],
    ids=["no number", "too few", "huge", "below the usual", "above the usual", "crossed"],
)
def test_what_are_no_rates(typed, quality, wrong):
    """The field to mend is named: one that was typed."""
    with pytest.raises(checks.WrongRateError, match=wrong) as raised:
        checks.bit_rates(typed)
    assert quality == raised.value.quality


@pytest.mark.parametrize(
    ("typed", "code"), [("", None), ("As last time", None), ("Detect automatically", "auto"), ("german", "de")]
)
def test_a_language(typed, code):
    """From the list, or typed."""
    assert code == checks.spoken_language(typed)


def test_what_is_no_language():
    """It is refused in a sentence."""
    with pytest.raises(ValueError, match=r"^Choose a language from the list\.$"):
        checks.spoken_language("Klingon")
