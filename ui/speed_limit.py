"""The limit of an upload's speed, as it is typed in MB/s, and limits by the hour. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pipeline.transfer.http.timetable import RatePeriod, RateTimetable, read_time, timetable_of
from ui.preferences import LimitDays, LimitPeriod

MB = 1 << 20
LOWEST_LIMIT_MB_S = 0.1
"""Slower, and servers close the connection as dead."""

DAYS = {LimitDays.EVERY_DAY: tuple(range(7)), LimitDays.WEEKDAYS: tuple(range(5)), LimitDays.WEEKEND: (5, 6)}
"""Of the week, from Monday, which is 0."""


def timetable(limits: Iterable[LimitPeriod]) -> RateTimetable | None:
    """Return the limits of the settings; one that somebody wrote wrongly into the preferences counts as none."""
    found = []
    for limit in limits:
        try:
            start, end = read_time(limit.start), read_time(limit.end)
        except ValueError:
            continue
        if bytes_s := limit_bytes_s(f"{limit.limit_mb_s}"):
            found.append(RatePeriod(days=DAYS[limit.days], start=start, end=end, bytes_s=bytes_s))
    return timetable_of(found)


def limit_problems(typed: str) -> tuple[str, ...]:
    """Return what is wrong with a typed speed limit, if anything is."""
    return (
        ()
        if not typed or limit_mb_s(typed)
        else (f"The limit must be a number of at least {LOWEST_LIMIT_MB_S:g}, or empty.",)
    )


def limit_bytes_s(typed: str) -> float | None:
    """Return a typed speed limit in bytes a second, None for no limit."""
    return limit_mb_s(typed) * MB or None


def limit_mb_s(typed: str) -> float:
    """Return a typed limit as a number, 0 where it is none."""
    try:
        number = float(typed.replace(",", "."))
    except ValueError:
        return 0.0
    return number if LOWEST_LIMIT_MB_S <= number < math.inf else 0.0
