"""A worker's own clock, by which it knows that it may have lost a job."""

import time

import pytest

from pipeline.engines.procrastinate.running_job import clock_s


@pytest.mark.parametrize(
    ("clocks", "read"),
    [
        ({"CLOCK_BOOTTIME": 7, "CLOCK_MONOTONIC": 6}, ("clock", 7)),
        ({"CLOCK_MONOTONIC": 6}, ("clock", 6)),
        ({}, ("monotonic", None)),
    ],
    ids=["Linux", "macOS", "Windows"],
)
def test_the_clock_goes_on_in_sleep(monkeypatch, clocks, read):
    """On each system it is the one that does not stand still while the machine sleeps."""
    for name in ("CLOCK_BOOTTIME", "CLOCK_MONOTONIC"):
        monkeypatch.delattr(time, name, raising=False)
    for name, number in clocks.items():
        monkeypatch.setattr(time, name, number, raising=False)
    with monkeypatch.context() as patched:
        patched.setattr(time, "clock_gettime", lambda clock: ("clock", clock), raising=False)
        patched.setattr(time, "monotonic", lambda: ("monotonic", None))
        found = clock_s()
    assert read == found
