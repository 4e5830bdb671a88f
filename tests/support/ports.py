"""Ports of this machine that nobody else takes meanwhile: for servers that are told theirs, and for none at all."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

HANDED_OUT = Path("/proc/sys/net/ipv4/ip_local_port_range")
"""Which ports Linux gives to connections, and to whoever asks for any port: as many as the tests beside this one do."""


def ports_for_servers(count: int) -> list[int]:
    """Return ports that are free, and that the system gives to nobody who has not asked for them."""
    first = int(HANDED_OUT.read_text().split()[0]) if HANDED_OUT.exists() else 32_768
    found: list[int] = []
    with ExitStack() as bound:
        # not the order that a test has seeded: two processes would choose the same
        for port in random.SystemRandom().sample(range(10_000, max(first, 20_000)), 1000):
            try:
                bound.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError("no port is free")


@contextmanager
def kept_port() -> Iterator[int]:
    """Hold a port for a server that the test starts in the block, and that sets SO_REUSEADDR as servers do.

    Until then whoever connects is refused.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port where nobody listens, and nobody can while the block runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield int(taken.getsockname()[1])
