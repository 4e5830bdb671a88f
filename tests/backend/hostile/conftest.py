"""What tests with clients that attack share: a clock that only they move, and no S3 server where there is none."""

from functools import partial

import pytest
import s3_server
from hostile_clients import HeldClock

from backend import server
from backend.serving.connections import ClientConnections

collect_ignore = ["test_stalled_s3_readers.py"] if s3_server.missing_programs() else []


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The clock by which the backend judges its clients: nobody is too slow before the test says so."""
    held_clock = HeldClock()
    monkeypatch.setattr(server, "ClientConnections", partial(ClientConnections, clock=held_clock))
    return held_clock
