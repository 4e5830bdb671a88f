"""When a worker may work, with a clock, a disk and people that the test holds."""

from datetime import datetime, time, timezone
from zoneinfo import ZoneInfo

import pytest

from pipeline.errors import SettingsError
from pipeline.worker_policy import GB, WORK, Hours, MachineUse, Permission, WorkerPolicy, parse_hours

NOBODY = MachineUse(untouched_s=3600.0, others=0.0)
NIGHT = parse_hours("20:00-06:00")
BERLIN = ZoneInfo("Europe/Berlin")


def decide(policy, now="12:00", use=NOBODY, room=1000 * GB):
    """Return what a policy says at a time of day."""
    return policy.decide(datetime.fromisoformat(f"2026-11-29 {now}"), use, room)


@pytest.mark.parametrize(
    ("hours", "now", "works"),
    [
        ("20:00-06:00", "19:59:59", False),
        ("20:00-06:00", "20:00", True),
        ("20:00-06:00", "00:00", True),
        ("20:00-06:00", "05:59:59", True),
        ("20:00-06:00", "06:00", False),
        ("9:30-17:00", "09:30", True),
        ("09:30-17:00", "17:00", False),
        ("00:00-23:59", "23:59", False),
    ],
)
def test_hours(hours, now, works):
    """The first time is within the hours, the second is not, over midnight or not."""
    decision = decide(WorkerPolicy(hours=parse_hours(hours)), now)
    assert (Permission.WORK if works else Permission.LEAVE) is decision.permission


def test_what_is_said_of_hours():
    """The reason names both times."""
    assert "it works from 20:00 to 06:00" == decide(WorkerPolicy(hours=NIGHT)).reason


@pytest.mark.parametrize(
    ("day", "expected"),
    [("2026-03-29", ["01:30", "03:30"]), ("2026-10-25", ["01:30", "02:30", "02:30", "03:30"])],
    ids=["an hour is left out", "an hour comes twice"],
)
def test_a_clock_change_within_the_hours(day, expected):
    """The clock on the wall decides: hours from 2 to 3 come twice in autumn, and not at all in spring."""
    start = datetime.fromisoformat(f"{day} 01:30").replace(tzinfo=BERLIN).astimezone(timezone.utc)
    wall = [
        datetime.fromtimestamp(start.timestamp() + 3600 * hour, BERLIN).replace(tzinfo=None)
        for hour in range(len(expected))
    ]
    assert expected == [f"{now:%H:%M}" for now in wall]
    policy = WorkerPolicy(hours=Hours(start=time(2), end=time(3)))
    works = [policy.decide(now, NOBODY, GB).permission is Permission.WORK for now in wall]
    assert [now == "02:30" for now in expected] == works


@pytest.mark.parametrize("text", ["", "20-6", "20:00", "24:00-06:00", "20:60-06:00", "20:00–06:00", "a:b-c:d"])
def test_odd_hours_are_refused(text):
    """What is no two times of day is refused with an example."""
    with pytest.raises(SettingsError, match="takes two times of day such as 20:00-06:00, not "):
        parse_hours(text)


def test_no_hours_at_all_are_refused():
    """The same time twice could mean always or never."""
    with pytest.raises(SettingsError, match="leave it out to work around the clock"):
        parse_hours("06:00-06:00")


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        (NOBODY, ""),
        (MachineUse(untouched_s=None, others=0.2), ""),
        (MachineUse(untouched_s=299.0, others=0.0), "somebody uses this computer"),
        (MachineUse(untouched_s=3600.0, others=0.3), "other programs use this computer"),
        (MachineUse(untouched_s=3600.0, others=None), "it does not know yet how busy its computer is"),
    ],
    ids=["nobody", "input can't be told", "input", "programs", "not measured yet"],
)
def test_idle_only(use, reason):
    """Input and other programs' work keep a worker away, and what can't be told does not."""
    decision = decide(WorkerPolicy(idle_only=True), use=use)
    assert (reason, Permission.LEAVE if reason else Permission.WORK) == (decision.reason, decision.permission)
    assert decide(WorkerPolicy(), use=use) == WORK


def test_too_little_room():
    """The worker ends what it has, and says how much shall stay free."""
    policy = WorkerPolicy(free_bytes=50 * GB)
    decision = decide(policy, room=49.9 * GB)
    assert Permission.FINISH is decision.permission
    assert "less than 50 GB are free on its disk" == decision.reason
    assert decide(policy, room=50 * GB) == WORK


def test_leaving_off_comes_before_the_disk():
    """Outside its hours a worker with a full disk hands back what it has."""
    assert Permission.LEAVE is decide(WorkerPolicy(hours=NIGHT, free_bytes=GB), room=0).permission
