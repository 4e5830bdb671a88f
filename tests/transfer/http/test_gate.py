"""How many tries may be under way."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from pipeline.errors import Cancelled
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.gate import Gate


def test_busy_server_halves_the_width_once_for_all_that_were_under_way(cancel):
    """Eight refusals of the same moment are one; those of tries that began later count again, down to one try."""
    gate = Gate(TransferControl(parallel=8), cancel)
    with ExitStack() as stack:
        permits = [stack.enter_context(gate.permit()) for _ in range(8)]
        for permit in permits:
            gate.narrow(permit)
    assert 4 == gate.width
    for expected in (2, 1, 1):
        with gate.permit() as permit:
            gate.narrow(permit)
        assert expected == gate.width


def test_width_grows_back_with_successes(cancel):
    """One more after as many successes as go at a time, up to what was asked for."""
    gate = Gate(TransferControl(parallel=4), cancel)
    with gate.permit() as permit:
        gate.narrow(permit)
    seen = []
    for _ in range(12):
        gate.widen()
        seen.append(gate.width)
    assert [2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4] == seen


def test_nobody_gets_through_beyond_the_width_or_during_a_pause(cancel, in_thread):
    """Who has to wait gets through as soon as there is room, and a cancel ends the waiting."""
    control = TransferControl(parallel=1)
    gate = Gate(control, cancel)

    def through() -> str:
        with gate.permit():
            return "through"

    with gate.permit():
        second = in_thread(through)
    assert "through" == second()
    control.pause()
    third = in_thread(through)
    control.resume()
    assert "through" == third()
    control.pause()
    fourth = in_thread(through)
    cancel.cancel()
    assert isinstance(fourth(), Cancelled)


def test_width_of_one_stays(cancel):
    """A gate for one at a time lets that one through whatever the server says."""
    gate = Gate(TransferControl(parallel=1), cancel)
    with gate.permit() as permit:
        gate.narrow(permit)
    with pytest.raises(ZeroDivisionError), gate.permit():
        raise ZeroDivisionError
    with gate.permit():
        assert 1 == gate.width
