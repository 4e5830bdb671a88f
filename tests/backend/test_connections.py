"""backend.serving.connections, connection_limits, rare_lines: who is counted as whom, and what is logged."""

import subprocess
import sys
from pathlib import Path

import pytest
from hostile_clients import HeldClock

from backend.serving.connection_limits import ConnectionLimits, client_of
from backend.serving.connections import ClientConnections, Ended
from backend.serving.proxies import TrustedProxies
from backend.serving.rare_lines import RareLines

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
    """A connection that is never too slow."""

    def __init__(self, *, sent=True):
        self.sent = sent
        self.ended = False

    def is_sent(self):
        return self.sent

    def make_room(self):
        self.ended = True


def busy(connections, host):
    """Return what admitting a connection says, on which a request is then under way."""
    connection = Kept()
    refused = connections.admit(connection, host)
    connections.has_request(connection)
    return refused


def test_a_client_has_its_share_and_no_more():
    """Others are let in meanwhile, and the client itself when one of its connections is closed."""
    connections = ClientConnections(ConnectionLimits(max_connections=4, max_per_client=2), TrustedProxies(()))
    first = Kept()
    connections.admit(first, "192.0.2.1")
    connections.has_request(first)

    assert [None, Ended.CLIENT_HAS_MANY, None] == [
        busy(connections, host) for host in ("::ffff:192.0.2.1", "192.0.2.1", "192.0.2.2")
    ]
    connections.leave(first)
    connections.leave(first)
    assert None is busy(connections, "192.0.2.1")
    assert (3, {Ended.CLIENT_HAS_MANY: 1}) == (connections.open_count, connections.counted)


def test_who_uses_a_connection_least_makes_room():
    """The oldest whose head has not come goes first, then one between two requests whose response was taken."""
    connections = ClientConnections(ConnectionLimits(max_connections=4, max_per_client=9), TrustedProxies(()))
    idle, unread, used, half = Kept(), Kept(sent=False), Kept(), Kept()
    for connection in (idle, unread, used, half):
        connections.admit(connection, "192.0.2.1")
    connections.awaits_request(unread)
    connections.awaits_request(idle)
    connections.has_request(used)
    order = []
    for _ in range(3):
        refused = busy(connections, "192.0.2.2")
        order.append((refused, [one.ended for one in (half, idle, unread, used)]))

    assert [
        (None, [True, False, False, False]),
        (None, [True, True, False, False]),
        (Ended.ALL_TAKEN, [True, True, False, False]),
    ] == order
    assert {Ended.MADE_ROOM: 2, Ended.ALL_TAKEN: 1} == connections.counted


def test_a_client_makes_room_for_itself():
    """A whole campus behind one address is refused only while as many requests as that are under way."""
    connections = ClientConnections(ConnectionLimits(max_connections=9, max_per_client=2), TrustedProxies(()))
    other, idle = Kept(), Kept()
    connections.admit(other, "192.0.2.2")
    connections.admit(idle, "192.0.2.1")
    connections.awaits_request(idle)

    assert [None, None, Ended.CLIENT_HAS_MANY] == [busy(connections, "192.0.2.1") for _ in range(3)]
    assert (True, False) == (idle.ended, other.ended)


def test_a_proxy_keeps_what_it_is_about_to_use():
    """A connection that it has open for its next request is not taken away from it."""
    connections = ClientConnections(ConnectionLimits(max_connections=1), TrustedProxies(["127.0.0.1"]))
    kept = Kept()
    connections.admit(kept, "127.0.0.1")
    connections.awaits_request(kept)

    assert Ended.ALL_TAKEN is busy(connections, "127.0.0.1")
    assert not kept.ended


def test_a_proxy_has_no_share():
    """It speaks for many; only all connections together are bounded for it."""
    connections = ClientConnections(
        ConnectionLimits(max_connections=3, max_per_client=1), TrustedProxies(["127.0.0.1"])
    )

    assert [None, None, None, Ended.ALL_TAKEN] == [busy(connections, "127.0.0.1") for _ in range(4)]


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
from backend.serving.connection_limits import ConnectionLimits, raise_open_files_limit
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
