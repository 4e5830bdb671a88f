"""How long a server may take, by what it took so far."""

from __future__ import annotations

import socket
import sys

import pytest

from pipeline.transfer.http.pace import FADING, HEADROOM, LEAST_BYTES, LONGEST_S, Pace, unacknowledged


def test_limit_doubles_once_for_all_that_were_under_way():
    """Those that began before it doubled have nothing new to say; an answer makes it what was measured."""
    pace = Pace()
    assert 30 == pace.limit_s(30, 1 << 20)
    for strikes in (0, 0, 0):
        pace.too_long(strikes)
    assert 60 == pace.limit_s(30, 1 << 20)
    pace.too_long(1)
    assert 120 == pace.limit_s(30, 1 << 20)
    pace.answered(1 << 20, 50)
    assert HEADROOM * 50 == pytest.approx(pace.limit_s(30, 1 << 20))
    assert 30 == pace.limit_s(30, 1000)


def test_limit_has_an_end():
    """Nobody waits for an answer for ever; what has a longer limit of its own keeps that."""
    pace = Pace()
    for strikes in range(20):
        pace.too_long(strikes)
    assert (LONGEST_S, 900) == (pace.limit_s(300, 0), pace.limit_s(900, 0))


def test_slow_files_are_forgotten_by_and_by():
    """A quick one makes the limit a little shorter; a small request says nothing."""
    pace = Pace()
    pace.answered(1 << 20, 50)
    pace.answered(LEAST_BYTES - 1, 500)
    pace.answered(1 << 20, 1)
    assert HEADROOM * 50 * FADING == pytest.approx(pace.limit_s(30, 1 << 20))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not tell")
def test_bytes_that_the_other_side_has_not_taken_are_counted():
    """What fills its buffers is acknowledged, what waits in ours is not."""
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_connection(listener.getsockname()) as sender:
        taken, _ = listener.accept()
        with taken:
            assert 0 == unacknowledged(sender)
            sender.settimeout(0.05)
            while not (waiting := unacknowledged(sender)):
                with pytest.raises(TimeoutError):
                    sender.sendall(bytes(40 << 20))
            taken.settimeout(60)  # longer than this nothing more comes
            while unacknowledged(sender) >= waiting:
                taken.recv(1 << 20)
