"""When a worker may work: its hours, whether its computer is in use, and the room on its disk. Pure.

The rule, in this order: outside its hours, or while its computer is in use, a worker hands back what it has; with too
little room it takes nothing, and ends what it has. Hours are compared with the clock on the wall at every look and
never made into a length, so that a clock change moves nothing: an hour that comes twice counts twice, one that is left
out not at all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum

from pipeline.errors import SettingsError

QUIET_S = 300.0
"""After so many seconds without a key or a mouse a computer is not in use."""

MOST_BY_OTHERS = 0.25
"""Of all its cores: where other programs take more, a computer is in use."""

GB = 1e9

_HOURS = re.compile(r"(\d{1,2}):(\d{2})-(\d{1,2}):(\d{2})")


class Permission(Enum):
    """What a worker may do now."""

    WORK = "take jobs"
    FINISH = "take nothing, and end what it has"
    LEAVE = "take nothing, and hand back what it has"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a worker may do now; `reason` completes "takes nothing: …", and is empty while it may work."""

    permission: Permission
    reason: str = ""


WORK = Decision(permission=Permission.WORK)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """From a time of day to another, by this computer's own clock; over midnight where the second is earlier."""

    start: time
    end: time

    def include(self, now: time) -> bool:
        """Whether a time of day lies within: the start does, the end does not."""
        if self.start < self.end:
            return self.start <= now < self.end
        return now >= self.start or now < self.end

    def __str__(self) -> str:
        return f"{self.start:%H:%M} to {self.end:%H:%M}"


def parse_hours(text: str) -> Hours:
    """Return hours such as `20:00-06:00`. Raises SettingsError."""
    found = _HOURS.fullmatch(text.strip())
    try:
        if found is None:
            raise ValueError
        start, end = (time(int(hour), int(minute)) for hour, minute in (found.group(1, 2), found.group(3, 4)))
    except ValueError:
        raise SettingsError(f"takes two times of day such as 20:00-06:00, not {text!r}") from None
    if start == end:
        raise SettingsError(f"takes two different times of day, not {text!r}: leave it out to work around the clock")
    return Hours(start=start, end=end)


@dataclass(frozen=True, kw_only=True)
class MachineUse:
    """How much others use a computer: since when nobody has, in seconds, and their share of all cores, 0 to 1.

    None is what can't be told: where `others` is not known yet, the computer counts as in use.
    """

    untouched_s: float | None
    others: float | None


@dataclass(frozen=True, kw_only=True)
class WorkerPolicy:
    """What was asked of a worker: the hours it has, whether it works beside people, and the bytes it leaves free."""

    hours: Hours | None = None
    idle_only: bool = False
    free_bytes: float = 0.0

    def decide(self, now: datetime, use: MachineUse, room_bytes: float) -> Decision:
        """Return what the worker may do. `now` is the local time, `room_bytes` what is free where it works."""
        if self.hours is not None and not self.hours.include(now.time()):
            return Decision(permission=Permission.LEAVE, reason=f"it works from {self.hours}")
        if self.idle_only and (reason := _in_use(use)):
            return Decision(permission=Permission.LEAVE, reason=reason)
        if room_bytes < self.free_bytes:
            # without how much there is: the reason is said when it becomes another one
            text = f"less than {self.free_bytes / GB:.10g} GB are free on its disk"
            return Decision(permission=Permission.FINISH, reason=text)
        return WORK


def _in_use(use: MachineUse) -> str:
    """Return how a computer is in use, empty if it is not."""
    if use.untouched_s is not None and use.untouched_s < QUIET_S:
        return "somebody uses this computer"
    if use.others is None:
        return "it does not know yet how busy its computer is"
    return "other programs use this computer" if use.others > MOST_BY_OTHERS else ""
