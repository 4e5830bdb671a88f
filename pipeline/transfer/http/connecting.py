"""Opening TCP connections to servers that may be far away, so that Cancel ends it at any moment. Knows no HTTP."""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from urllib3.exceptions import LocationParseError
from urllib3.util.connection import allowed_gai_family

LOOK_S = 0.1
"""How often whoever connects looks whether the job was cancelled."""

STAGGER_S = 0.25
"""How long one address has the way for itself (RFC 8305, 5: Connection Attempt Delay)."""

_UNDER_WAY = (0, errno.EINPROGRESS, errno.EWOULDBLOCK)

Address = tuple[str, int]


def connect(
    address: Address,
    *,
    timeout_s: float,
    check: Callable[[], None],
    source: Address | None = None,
    options: Iterable[tuple[int, int, int | bytes]] = (),
) -> socket.socket:
    """Return a connected socket, which does not block. `check` may end it by raising.

    Raises OSError, TimeoutError for too long.
    """
    # As RFC 8305 has it: one address after the other begins, each STAGGER_S after the one before or as soon as that one
    # fails, and the first that is reached is taken. None is given up before the time is over: at 1.5 s of round trip
    # each handshake takes 1.5 s, and a SYN that is lost is sent again after 1 s and 3 s.
    begun, deadline = time.monotonic(), time.monotonic() + timeout_s
    found = _addresses(address)
    failure: OSError = OSError(errno.EHOSTUNREACH, f"{address[0]} has no address")
    with ExitStack() as opened, selectors.DefaultSelector() as ready:
        while found or ready.get_map():
            check()
            now = time.monotonic()
            if now >= deadline:
                raise TimeoutError(f"not reached within {timeout_s:.0f} s")
            if found and (now >= begun or not ready.get_map()):
                begun = now + STAGGER_S
                try:
                    ready.register(opened.enter_context(_begin(found.pop(0), source, options)), selectors.EVENT_WRITE)
                except OSError as error:
                    failure = error
                continue
            for key, _ in ready.select(min(LOOK_S, deadline - now)):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                ready.unregister(one)
                code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not code:
                    return _taken(one)
                one.close()
                failure = OSError(code, os.strerror(code))
    raise failure


def _taken(one: socket.socket) -> socket.socket:
    """Return the connection apart from those that are closed with the others."""
    return socket.socket(one.family, one.type, one.proto, fileno=one.detach())


def _addresses(address: Address) -> list[tuple[socket.AddressFamily, object]]:
    host, port = address[0].strip("[]"), address[1]
    try:
        host.encode("idna")
    except UnicodeError:
        raise LocationParseError(f"'{host}', label empty or too long") from None
    return [(one[0], one[4]) for one in socket.getaddrinfo(host, port, allowed_gai_family(), socket.SOCK_STREAM)]


def _begin(
    address: tuple[socket.AddressFamily, object],
    source: Address | None,
    options: Iterable[tuple[int, int, int | bytes]],
) -> socket.socket:
    one = socket.socket(address[0], socket.SOCK_STREAM)
    try:
        one.setblocking(False)
        for option in options:
            one.setsockopt(*option)
        if source is not None:
            one.bind(source)
        code = one.connect_ex(address[1])  # type: ignore[arg-type]  # an address as getaddrinfo gives it
        if code not in _UNDER_WAY:
            raise OSError(code, os.strerror(code))
    except OSError:
        one.close()
        raise
    return one
