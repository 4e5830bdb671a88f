"""A TCP proxy on loopback that does to connections what bad networks do to them.

Knows of HTTP only where a PUT begins.
"""

from __future__ import annotations

import socket
import struct
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from relay import WAIT_S, Relay, hang_up, serving

BLOCK = 1 << 14
BUFFER = 1 << 16


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """What happens to one PUT. Counts are bytes of its request or of its answer; `stall` is followed by silence.

    `rest_s` is how long the network rests after each block of 16 KiB.
    """

    rest_s: float | None = None
    reset_after: int | None = None
    stall_after: int | None = None
    cut_answer_after: int | None = None


class FaultProxy:
    """Passes connections on to a port of this machine.

    `troubles` wait for the next PUTs, whatever connection they come on.
    """

    def __init__(self, port: int) -> None:
        self.troubles: deque[Trouble] = deque()
        self.met = 0
        self.relay = Relay(port, self._ways, buffer_bytes=BUFFER)

    @property
    def url(self) -> str:
        return self.relay.url

    def silence(self, seconds: float = WAIT_S) -> None:
        """Say nothing on a connection for a while, at most until everything is over."""
        self.relay.over.wait(seconds)

    def _ways(self, client: socket.socket, server: socket.socket) -> list[Callable[[], None]]:
        exchange = _Exchange(self, client, server)
        return [exchange.up, exchange.down]


class _Exchange:
    """One connection; its two directions are two threads."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy = proxy
        self._client = client
        self._server = server
        self._trouble = Trouble()
        self._passed = 0

    def up(self) -> None:
        """Pass on what the client sends. A client waits for each answer, so a request begins where a block does."""
        with suppress(OSError):
            while block := self._client.recv(BLOCK):
                if block.startswith(b"PUT ") and self._proxy.troubles:
                    self._trouble, self._passed = self._proxy.troubles.popleft(), 0
                    self._proxy.met += 1
                self._passed += len(block)
                trouble = self._trouble
                if trouble.reset_after is not None and self._passed > trouble.reset_after:
                    self._client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    break
                if trouble.stall_after is not None and self._passed > trouble.stall_after:
                    self._proxy.silence()
                    break
                if trouble.rest_s is not None:
                    self._proxy.silence(trouble.rest_s)
                self._server.sendall(block)
        self._end()

    def down(self) -> None:
        """Pass on what the server answers."""
        with suppress(OSError):
            while block := self._server.recv(BLOCK):
                interim = block.startswith(b"HTTP/1.1 100 ")  # "send the content": not the answer yet
                cut = None if interim else self._trouble.cut_answer_after
                self._client.sendall(block if cut is None else block[:cut])
                if cut is not None:
                    break
        self._end()

    def _end(self) -> None:
        for one in (self._client, self._server):
            hang_up(one)


@contextmanager
def running_proxy(port: int) -> Iterator[FaultProxy]:
    """Pass connections on while the block runs."""
    proxy = FaultProxy(port)
    with serving(proxy.relay):
        yield proxy
