"""A TCP proxy on loopback that stops forwarding, without a word to either side, as a network does that is gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from relay import Relay, hang_up, serving

BLOCK = 1 << 14
BUFFER = 1 << 16
LOOK_S = 0.02


class SilentProxy:
    """Passes connections on to a port of this machine while `open` is set."""

    def __init__(self, port: int) -> None:
        self.open = threading.Event()
        self.open.set()
        self.relay = Relay(port, self._ways, buffer_bytes=BUFFER)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.relay.url.rpartition(":")[2])

    def _ways(self, client: socket.socket, server: socket.socket) -> list[Callable[[], None]]:
        return [lambda: self._pass_on(client, server), lambda: self._pass_on(server, client)]

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while block := source.recv(BLOCK):
                while not self.open.wait(LOOK_S):
                    if self.relay.over.is_set():
                        return
                target.sendall(block)
        for one in (source, target):
            hang_up(one)


@contextmanager
def running_silent_proxy(port: int) -> Iterator[SilentProxy]:
    """Pass connections on while the block runs."""
    proxy = SilentProxy(port)
    with serving(proxy.relay):
        yield proxy
        proxy.open.set()
