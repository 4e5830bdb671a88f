"""All connections of one process: how many there are, whose, and which must go. Knows nothing of HTTP."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable
from enum import Enum
from itertools import chain
from typing import Any, Protocol

from backend.serving.connection_limits import ConnectionLimits, client_of
from backend.serving.proxies import TrustedProxies
from backend.serving.rare_lines import RareLines

RETRY_AFTER_S = 5
"""What clients that were refused are told to wait, in seconds."""

_LINGERING = 64
"""How many refused clients are waited for at once: of more, the connection is cut without waiting."""

_PROXY = "a proxy"
"""What all trusted proxies are counted as."""

_NO_FILES = "socket.accept() out of system resource"
"""What asyncio says, as often as it tries to accept one (https://github.com/python/cpython/issues/151615)."""


class Ended(str, Enum):
    """Why a connection was refused or ended; each a sentence for the log."""

    ALL_TAKEN = "Clients are refused: as many are connected as this backend takes (BACKEND_MAX_CONNECTIONS)."
    CLIENT_HAS_MANY = (
        "A client is refused: it has as many connections or requests at once as one may have"
        " (BACKEND_MAX_CONNECTIONS_PER_CLIENT)."
    )
    MADE_ROOM = (
        "A connection without a request was ended for another one: as many are open as this backend takes, or takes of"
        " one client (BACKEND_MAX_CONNECTIONS, BACKEND_MAX_CONNECTIONS_PER_CLIENT)."
    )
    SLOW_HEAD = "A connection was ended: the head of a request did not come in time."
    SLOW_BODY = "A connection was ended: the body of a request hardly came any more."
    NOT_READ = "A connection was ended: the client hardly read the answer any more."


class ClientConnection(Protocol):
    """A connection as it is counted."""

    def check(self, now_s: float) -> None:
        """End it where it takes too long."""

    def is_sent(self) -> bool:
        """Whether all that was written to it has left this process."""

    def make_room(self) -> None:
        """End it; what has left this process still arrives."""


class ClientConnections:
    """The connections of one process. Belongs to one event loop, from `attach` to `detach`.

    Where there is no room for a new connection, the one that has been without a request for longest is ended: first
    those whose head has not come, then those between two requests, unless they are a proxy's, which may just be about
    to use them. Only where there is none is the new one refused.

    `proxies` has the addresses that speak for many clients; `counted` says how often clients were refused and why.
    """

    def __init__(
        self, limits: ConnectionLimits, proxies: TrustedProxies, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.limits = limits
        self.clock = clock
        self.counted: Counter[Ended] = Counter()
        self._proxies = proxies
        self._max = limits.connections()
        self._open: dict[ClientConnection, str] = {}
        self._per_client: Counter[str] = Counter()
        # both in the order in which they began to wait
        self._in_head: dict[ClientConnection, None] = {}
        self._between_requests: dict[ClientConnection, None] = {}
        self._lingering: set[ClientConnection] = set()
        self._requests: Counter[str] = Counter()
        self._lines = RareLines(clock)
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def open_count(self) -> int:
        """How many clients are connected, without those that were refused."""
        return len(self._open)

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Look at all connections now and then, and at what keeps the loop from accepting more."""
        loop.set_exception_handler(self._failed)
        self._sweep = loop.call_later(self.limits.sweep_s, self._look, loop)

    def detach(self) -> None:
        """Look no more. Doing so twice is fine."""
        if self._sweep is not None:
            self._sweep.cancel()

    def admit(self, connection: ClientConnection, host: str) -> Ended | None:
        """Count a new connection, or return why it is refused."""
        client = _PROXY if host in self._proxies else client_of(host)
        if client != _PROXY and self._per_client[client] >= self.limits.max_per_client and not self._make_room(client):
            return self.count(Ended.CLIENT_HAS_MANY)
        if len(self._open) >= self._max and not self._make_room():
            return self.count(Ended.ALL_TAKEN)
        self._open[connection] = client
        self._per_client[client] += 1
        self._in_head[connection] = None
        return None

    def awaits_head(self, connection: ClientConnection) -> None:
        """Note that the head of a request has not come whole."""
        self._between_requests.pop(connection, None)
        if connection in self._open:
            self._in_head.setdefault(connection)

    def awaits_request(self, connection: ClientConnection) -> None:
        """Note that a request has ended, and none has begun."""
        self._in_head.pop(connection, None)
        if connection in self._open:
            self._between_requests[connection] = None

    def has_request(self, connection: ClientConnection) -> None:
        """Note that a request is under way: its connection is not ended for another one."""
        self._in_head.pop(connection, None)
        self._between_requests.pop(connection, None)

    def _make_room(self, client: str | None = None) -> bool:
        """End a connection without a request, of one client or of any; return whether there was one."""
        idle = (one for one in self._between_requests if self._open[one] != _PROXY)
        unused = (one for one in chain(self._in_head, idle) if client in (None, self._open[one]) and one.is_sent())
        ended = next(unused, None)
        if ended is None:
            return False
        self.leave(ended)
        self.count(Ended.MADE_ROOM)
        ended.make_room()
        return True

    def linger(self, connection: ClientConnection) -> bool:
        """Whether there is time to wait until a client that was refused has read that."""
        if len(self._lingering) >= _LINGERING:
            return False
        self._lingering.add(connection)
        return True

    def leave(self, connection: ClientConnection) -> None:
        """Forget a connection that is closed."""
        self.has_request(connection)
        self._lingering.discard(connection)
        client = self._open.pop(connection, None)
        if client is not None:
            _less(self._per_client, client)

    def begin_request(self, host: str) -> bool:
        """Count a request of a client, which may be behind a proxy; False where it has too many under way."""
        if host in self._proxies:  # the proxy itself, or somebody on this computer
            return True
        client = client_of(host)
        if self._requests[client] >= self.limits.max_per_client:
            self.count(Ended.CLIENT_HAS_MANY)
            return False
        self._requests[client] += 1
        return True

    def end_request(self, host: str) -> None:
        """Forget a request that was counted."""
        if host not in self._proxies:
            _less(self._requests, client_of(host))

    def count(self, ended: Ended) -> Ended:
        """Note that a connection was refused or ended."""
        self.counted[ended] += 1
        self._lines.note(ended.value)
        return ended

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep = loop.call_later(self.limits.sweep_s, self._look, loop)
        now_s = self.clock()
        for connection in [*self._open, *self._lingering]:
            connection.check(now_s)
        self._lines.say()

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        if str(context.get("message", "")).startswith(_NO_FILES):
            self._lines.note(
                "No more connections can be accepted: this process has as many files open as it may."
                " Raise that limit, or lower BACKEND_MAX_CONNECTIONS."
            )
        else:
            loop.default_exception_handler(context)


def refusal() -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return headers and body of the answer to who has too much under way, with status 503."""
    body = json.dumps(
        {"error": "TooManyConnections", "message": "Too many connections or requests at once: try again later."}
    ).encode()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"retry-after", str(RETRY_AFTER_S).encode()),
        (b"access-control-allow-origin", b"*"),  # so that a player on another page sees the status, and tries again
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    return headers, body


def _less(counts: Counter[str], client: str) -> None:
    counts[client] -= 1
    if counts[client] <= 0:
        del counts[client]
