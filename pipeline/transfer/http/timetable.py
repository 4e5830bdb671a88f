"""How fast may be sent at which hour of the week, by this computer's clock. Pure.

Written as rclone's `--bwlimit` has it (https://rclone.org/docs/#bwlimit-bandwidth-spec): one rate, or several with the
times from which they count, such as `08:00,500K 18:00,off`, each day or, as in `Sat-00:00,off`, on one.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MINUTES_A_DAY = 24 * 60
MINUTES_A_WEEK = 7 * MINUTES_A_DAY
OFF = "off"

_RATE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)([KMG]?)", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_TIME = re.compile(r"(\d{1,2}):(\d{2})", re.ASCII)
_ENTRY = re.compile(r"(?:([A-Za-z]{3})-)?(\d{1,2}:\d{2}),(\S+)", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class RateChange:
    """From a minute of the week on, which begins on Monday, at most so many bytes a second; None is no limit."""

    minute: int
    bytes_s: float | None


@dataclass(frozen=True, kw_only=True)
class RatePeriod:
    """A limit from one minute of the day to another, on these days of the week, of which Monday is 0.

    A period that ends before it begins, or when it begins, goes on into the next day.
    """

    days: tuple[int, ...]
    start: int
    end: int
    bytes_s: float


@dataclass(frozen=True, kw_only=True)
class RateTimetable:
    """The changes of a week in their order, at least one: before the first counts the last of the week before."""

    changes: tuple[RateChange, ...]

    def limit_at(self, moment: datetime) -> float | None:
        """Return the most bytes a second at a moment of this computer's clock, None for no limit.

        What counts is what the clock shows, also on a day on which it is put forward or back.
        """
        minute = moment.weekday() * MINUTES_A_DAY + moment.hour * 60 + moment.minute
        after = bisect_right([change.minute for change in self.changes], minute)
        return self.changes[after - 1].bytes_s


def read_rate(text: str) -> float:
    """Read bytes a second; K, M and G are powers of 1024, as curl has them. Raises ValueError with a sentence."""
    found = _RATE.fullmatch(text)
    bytes_s = float(found.group(1)) * _UNITS[found.group(2).upper()] if found else 0.0
    if bytes_s < 1:
        raise ValueError(f"takes bytes a second such as 500K or 5M, not {text!r}")
    return bytes_s


def read_time(text: str) -> int:
    """Read a time of day such as 08:30 and return its minute. Raises ValueError with a sentence."""
    found = _TIME.fullmatch(text.strip())
    if found is None or int(found.group(1)) > 23 or int(found.group(2)) > 59:
        raise ValueError(f"takes a time of day such as 08:30, not {text!r}")
    return int(found.group(1)) * 60 + int(found.group(2))


def read_timetable(text: str) -> RateTimetable:
    """Read one rate, or several with their times. Raises ValueError with a sentence."""
    if "," not in text:
        return RateTimetable(changes=(RateChange(minute=0, bytes_s=_rate_or_off(text.strip())),))
    found: dict[int, RateChange] = {}
    for entry in text.split():
        for change in _changes_of(entry):
            if change.minute in found:
                raise ValueError(f"says twice what counts from {entry.partition(',')[0]} on")
            found[change.minute] = change
    return RateTimetable(changes=tuple(found[minute] for minute in sorted(found)))


def timetable_of(periods: Iterable[RatePeriod]) -> RateTimetable | None:
    """Return the timetable that has these limits and none at other times, None for no period.

    Where periods overlap the lower limit counts.
    """
    limits: list[float | None] = [None] * MINUTES_A_WEEK
    for period in periods:
        length = (period.end - period.start - 1) % MINUTES_A_DAY + 1
        for day in period.days:
            first = day * MINUTES_A_DAY + period.start
            for minute in range(first, first + length):
                there = limits[minute % MINUTES_A_WEEK]
                limits[minute % MINUTES_A_WEEK] = period.bytes_s if there is None else min(there, period.bytes_s)
    return _compressed(limits) if any(limit is not None for limit in limits) else None


def _compressed(limits: Sequence[float | None]) -> RateTimetable:
    changes = [RateChange(minute=0, bytes_s=limits[0])]
    for minute, limit in enumerate(limits):
        if limit != changes[-1].bytes_s:
            changes.append(RateChange(minute=minute, bytes_s=limit))
    return RateTimetable(changes=tuple(changes))


def _changes_of(entry: str) -> list[RateChange]:
    found = _ENTRY.fullmatch(entry)
    day = found.group(1) if found else None
    if found is None or (day is not None and day.capitalize() not in DAYS):
        raise ValueError(f"takes times and rates such as 08:00,500K 18:00,off, not {entry!r}")
    minute, bytes_s = read_time(found.group(2)), _rate_or_off(found.group(3))
    days = range(len(DAYS)) if day is None else (DAYS.index(day.capitalize()),)
    return [RateChange(minute=number * MINUTES_A_DAY + minute, bytes_s=bytes_s) for number in days]


def _rate_or_off(text: str) -> float | None:
    return None if text.lower() == OFF else read_rate(text)
