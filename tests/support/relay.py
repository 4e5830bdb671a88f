"""Takes connections on loopback and joins each with a port of this machine.

What goes on between the two is for others to say.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

WAIT_S = 120.0


class Relay:
    """`ways` returns what a connection needs done, each in a thread of its own;
    `over` is set when everything is to end.
    """

    def __init__(
        self,
        port: int,
        ways: Callable[[socket.socket, socket.socket], Iterable[Callable[[], None]]],
        *,
        buffer_bytes: int,
    ) -> None:
        self.over = threading.Event()
        self._port = port
        self._ways = ways
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        # what is slow must be felt by who sends
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until `close`."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            self._sockets += [client, server]
            for way in self._ways(client, server):
                thread = threading.Thread(target=way, name="relay")
                self._threads.append(thread)
                thread.start()

    def close(self) -> None:
        """End everything."""
        self.over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            hang_up(one)
        for thread in self._threads:
            thread.join(WAIT_S)


@contextmanager
def serving(relay: Relay) -> Iterator[None]:
    """Take connections while the block runs."""
    thread = threading.Thread(target=relay.serve, name="relay")
    thread.start()
    try:
        yield
    finally:
        relay.close()
        thread.join()


def hang_up(one: socket.socket) -> None:
    """Close a connection for whoever waits on it too."""
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
