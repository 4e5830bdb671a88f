"""Keeping a computer awake, with a stand-in for wakepy, which needs a desktop."""

import sys
from contextlib import contextmanager, suppress
from types import ModuleType, SimpleNamespace

import pytest

from pipeline.staying_awake import StayingAwake, kept_awake


@pytest.fixture
def wakepy(monkeypatch):
    """A stand-in that counts who keeps awake; `active` says whether it can."""
    made = SimpleNamespace(active=True, now=0, entered=0)

    @contextmanager
    def running(*, on_fail):
        assert "pass" == on_fail
        made.now, made.entered = made.now + 1, made.entered + 1
        yield SimpleNamespace(active=made.active)
        made.now -= 1

    module = ModuleType("wakepy")
    module.keep = SimpleNamespace(running=running)
    monkeypatch.setitem(sys.modules, "wakepy", module)
    return made


def test_awake_while_it_is_wanted(wakepy):
    """However often it is asked for, it is kept once, and let go once."""
    said = []
    awake = StayingAwake(said.append)
    for wanted, kept in ((False, 0), (True, 1), (True, 1), (False, 0), (False, 0), (True, 1), (False, 0)):
        awake.set(wanted)
        assert kept == wakepy.now
    assert (2, []) == (wakepy.entered, said)


@pytest.mark.parametrize(
    ("installed", "reason"),
    [(True, "the system offers no way that wakepy knows"), (False, "wakepy is not installed")],
    ids=["no way", "not installed"],
)
def test_where_it_cant_it_says_so_once(wakepy, monkeypatch, installed, reason):
    """The work goes on, with one line."""
    wakepy.active = False
    if not installed:
        monkeypatch.setitem(sys.modules, "wakepy", None)
    said = []
    awake = StayingAwake(said.append)
    for wanted in (True, False, True, False):
        awake.set(wanted)
    expected = f"This computer may go to sleep while it works ({reason}): change that in the system's settings."
    assert [expected] == said


@pytest.mark.parametrize("fails", [False, True])
def test_awake_during_a_block(wakepy, fails):
    """However it ends."""
    said = []
    with suppress(ValueError), kept_awake(said.append):
        assert 1 == wakepy.now
        if fails:
            raise ValueError
    assert (0, []) == (wakepy.now, said)
