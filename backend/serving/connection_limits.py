"""How much of this server strangers may hold at once, and for how long. Numbers alone; knows no connection."""

from __future__ import annotations

import sys
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

_MAX_CONNECTIONS = 10_000
"""More are not taken however many files the system lets this process open: an idle one costs some 20 KB."""

_OWN_FILES = 128
"""Files and sockets that are open without any client."""

_FILES_A_CONNECTION = 2
"""The socket, and the file or the connection to the store that is read from."""

_WITHOUT_LIMIT = 4096
"""What is taken to be the limit of open files on systems that have none to ask for."""

_SITE_BITS = 64
"""What one customer of a provider gets at least of IPv6 (RFC 6177): more addresses than anybody could count."""


@dataclass(frozen=True, kw_only=True)
class ConnectionLimits:
    """What one process takes.

    `max_connections` is for all clients together (None: as many as there may be open files for), `max_per_client` for
    one address, unless it is a trusted proxy's, whose clients are counted by their requests. A head must be whole
    after `head_s`; of a body that is being received and of an answer that is being sent `min_bytes_per_s` must have
    moved, on an average over `body_s` and `write_s`.
    """

    max_connections: int | None = None
    max_per_client: int = 128
    head_s: float = 30.0
    body_s: float = 60.0
    write_s: float = 60.0
    min_bytes_per_s: int = 500
    linger_s: float = 2.0
    """How long a client that was refused may take to read that, and to go."""
    sweep_s: float = 1.0
    """How often all connections are looked at."""

    def connections(self) -> int:
        """Return how many connections are taken in all."""
        if self.max_connections is not None:
            return self.max_connections
        return max(8, min(_MAX_CONNECTIONS, (_open_files_limit() - _OWN_FILES) // _FILES_A_CONNECTION))


def client_of(host: str) -> str:
    """Return what a client is counted by: its address, with IPv6 the network of its site."""
    with suppress(ValueError):
        address = ip_address(host.partition("%")[0])
        if isinstance(address, IPv6Address) and not address.ipv4_mapped:
            return str(ip_network((address.packed, _SITE_BITS), strict=False))
        return str(address.ipv4_mapped if isinstance(address, IPv6Address) else address)
    return host


def raise_open_files_limit() -> None:
    """Let this process open as many files as its user may; what the system refuses stays as it is."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MAX_CONNECTIONS * _FILES_A_CONNECTION + _OWN_FILES  # macOS says "infinite", and refuses that
    wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _open_files_limit() -> int:
    if sys.platform == "win32":
        return _WITHOUT_LIMIT
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if soft == resource.RLIM_INFINITY else soft
