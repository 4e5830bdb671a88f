"""backend.connections, connection_limits, rare_lines: who is counted as whom, and what is logged."""

import subprocess
import sys
from pathlib import Path

import pytest
from hostile_clients import HeldClock

from backend.connection_limits import ConnectionLimits, client_of
from backend.connections import ClientConnections, Ended
from backend.proxies import TrustedProxies
from backend.rare_lines import RareLines

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("host", "client"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a socket", "a socket"),
    ],
)
def test_who_a_client_is(host, client):
    """An address, whatever way it is written; of IPv6, which has plenty of them, the site."""
    assert client == client_of(host)


class Kept:
    """A connection that is never ended."""

    def check(self, now_s):
        """Nothing takes too long."""


def test_a_client_has_its_share_and_no_more():
    """Others are let in meanwhile, and the client itself when one of its connections is closed."""
    connections = ClientConnections(ConnectionLimits(max_connections=4, max_per_client=2), TrustedProxies(()))
    first, second, third, other = Kept(), Kept(), Kept(), Kept()

    assert [None, None, Ended.CLIENT_HAS_MANY, None] == [
        connections.admit(first, "192.0.2.1"),
        connections.admit(second, "::ffff:192.0.2.1"),
        connections.admit(third, "192.0.2.1"),
        connections.admit(other, "192.0.2.2"),
    ]
    connections.leave(first)
    connections.leave(first)
    assert None is connections.admit(third, "192.0.2.1")
    assert (3, {Ended.CLIENT_HAS_MANY: 1}) == (connections.open_count, connections.counted)


def test_a_proxy_has_no_share():
    """It speaks for many; only all connections together are bounded for it."""
    connections = ClientConnections(
        ConnectionLimits(max_connections=3, max_per_client=1), TrustedProxies(["127.0.0.1"])
    )

    assert [None, None, None, Ended.ALL_TAKEN] == [connections.admit(Kept(), "127.0.0.1") for _ in range(4)]


def test_many_alike_are_one_line_a_minute(caplog):
    """The first at once, the others counted; after a quiet minute it is news again."""
    clock = HeldClock()
    lines = RareLines(clock)
    for _ in range(1000):
        lines.note("It is full.")
    clock.now_s += 61
    lines.say()
    clock.now_s += 61
    lines.say()
    lines.note("It is full.")

    assert ["It is full.", "It is full. (999 times more since this was said last)", "It is full."] == caplog.messages


FILES = """
import resource
from backend.connection_limits import ConnectionLimits, raise_open_files_limit
resource.setrlimit(resource.RLIMIT_NOFILE, (300, {hard}))
print(ConnectionLimits().connections())
raise_open_files_limit()
print(ConnectionLimits().connections(), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
@pytest.mark.parametrize(("hard", "raised"), [(300, "86 300"), (1128, "500 1128")])
def test_as_many_as_files_may_be_open(hard, raised):
    """Each connection has a socket and a file; the soft limit is raised to the hard one."""
    said = subprocess.run(
        [sys.executable, "-c", FILES.format(hard=hard)], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout

    assert ["86", raised] == said.splitlines()
