"""Clients that hold connections of a server and do as little as they can for it."""

import select
import socket
import time
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

WAIT_S = 300
"""How long to wait for what must happen: long, because the machine may be busy."""


class HeldClock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now_s = 1000.0

    def __call__(self):
        return self.now_s


def connected(url, *, source="127.0.0.1", receive_bytes=None):
    """Return a socket to a server, from an address of this computer; one that takes little where `receive_bytes` is."""
    address = urlsplit(url)
    client = socket.socket()
    try:
        if receive_bytes is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        client.settimeout(WAIT_S)
        client.bind((source, 0))
        client.connect((address.hostname, address.port))
    except BaseException:
        client.close()
        raise
    return client


@contextmanager
def held(url, count, request, **options):
    """Hold so many connections, on each of which `request` was sent."""
    with ExitStack() as stack:
        clients = [stack.enter_context(connected(url, **options)) for _ in range(count)]
        for client in clients:
            client.sendall(request)
        yield clients


def still_connected(clients):
    """Return the sockets that the other side has not ended, without reading from them."""
    poll = select.poll()
    for client in clients:
        poll.register(client, getattr(select, "POLLRDHUP", 0))
    ended = {descriptor for descriptor, _ in poll.poll(0)}
    return [client for client in clients if client.fileno() not in ended]


def wait_until_ended(clients, clock=None, step_s=20.0):
    """Let time pass on a held clock until the other side has ended all connections. Raises AssertionError."""
    deadline = time.monotonic() + WAIT_S
    while left := still_connected(clients):
        assert time.monotonic() < deadline, f"{len(left)} of {len(clients)} are still connected"
        if clock is not None:
            clock.now_s += step_s
        time.sleep(0.05)


def answer(client):
    """Read all that comes until the other side ends the connection."""
    read = bytearray()
    while block := client.recv(1 << 16):
        read += block
    return bytes(read)
