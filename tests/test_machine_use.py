"""How much a computer is used, from counters that the test holds, and once from the real ones."""

import os

import pytest

from pipeline import machine_use
from pipeline.machine_use import CpuSeconds, MachineUseMeter, cpu_seconds_now, untouched_s


def meter(*spent, cores=2):
    """Return a meter that reads these one after another, of a computer that was touched 7 s ago."""
    readings = iter([CpuSeconds(at_s=at, everyone_s=everyone, own_s=own) for at, everyone, own in spent])
    times = iter([at for at, _, _ in spent[1:]])
    return MachineUseMeter(lambda: next(readings), lambda: 7.0, cores=cores, clock=lambda: next(times))


def test_nothing_is_known_before_the_first_window_is_over():
    """A moment tells nothing of how busy a computer is."""
    assert meter((0, 0, 0), (59, 100, 0)).look().others is None


def test_what_this_program_does_is_no_use_of_others():
    """Of two cores that were busy for a minute it had all but 30 s."""
    use = meter((0, 500, 100), (60, 620, 190)).look()
    assert (7.0, 0.25) == (use.untouched_s, use.others)


def test_the_last_whole_window_counts():
    """Between two windows the last one is told, and each begins where the one before ended."""
    spent = [CpuSeconds(at_s=at, everyone_s=everyone, own_s=0) for at, everyone in ((0, 0), (60, 120), (120, 122))]
    times = iter([60, 90, 120])
    looks = MachineUseMeter(lambda: spent.pop(0), lambda: 7.0, cores=2, clock=lambda: next(times))
    assert [1.0, 1.0, pytest.approx(2 / 120)] == [looks.look().others for _ in range(3)]


def test_no_process_is_asked_before_a_window_is_over():
    """A worker looks every few seconds, and may have started many processes."""
    asked = []
    looks = MachineUseMeter(lambda: asked.append(1) or CpuSeconds(at_s=0, everyone_s=0, own_s=0), clock=lambda: 59.0)
    for _ in range(9):
        looks.look()
    assert [1] == asked


def test_children_that_end_in_the_wrong_moment():
    """Counters that don't agree give no share below nothing or above all."""
    assert [0.0, 1.0] == [meter((0, 0, 0), (60, *end)).look().others for end in ((10, 20), (500, 0))]


def test_the_systems_own_counters():
    """They grow, and what this program spends is no more than everyone does."""
    before = cpu_seconds_now()
    sum(number * number for number in range(3_000_000))
    after = cpu_seconds_now()
    assert 0 < after.own_s - before.own_s
    assert after.own_s <= after.everyone_s
    assert before.at_s < after.at_s


@pytest.mark.skipif(os.name == "nt", reason="Windows tells it of keyboard and mouse")
def test_the_terminal_that_was_typed_into_last_counts(monkeypatch, tmp_path):
    """Of all who are logged in the latest is meant; a session without a terminal of its own tells nothing."""
    for name, at in (("old", 100), ("new", 900)):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (at, at))

    class User:
        def __init__(self, terminal):
            self.terminal = terminal

    users = [User(str(tmp_path / "old")), User(str(tmp_path / "new")), User(":0"), User(None)]
    monkeypatch.setattr(machine_use.psutil, "users", lambda: users)
    assert 100.0 == machine_use._untouched_terminals(1000.0)
    monkeypatch.setattr(machine_use.psutil, "users", lambda: [User(":0")])
    assert machine_use._untouched_terminals(1000.0) is None


def test_what_this_system_tells_of_input():
    """It is a time or nothing, and no error."""
    told = untouched_s()
    assert told is None or told >= 0
