"""A TCP proxy on loopback that does to connections what bad networks do to them. Knows of HTTP only where a PUT begins."""

from __future__ import annotations

import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

BLOCK = 1 << 14
BUFFER = 1 << 16
WAIT_S = 20.0


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
    """Passes connections on to a port of this machine. `troubles` wait for the next PUTs, whatever connection they come on."""

    def __init__(self, port: int) -> None:
        self.troubles: deque[Trouble] = deque()
        self.met = 0
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)  # a slow network must be felt by who sends
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[socket.socket] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        """Take connections until `close`."""
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._port))
            exchange = _Exchange(self, client, server)
            self._sockets += [client, server]
            self._start(exchange.up)
            self._start(exchange.down)

    def _start(self, work) -> None:
        thread = threading.Thread(target=work, name="fault-proxy")
        self._threads.append(thread)
        thread.start()

    def silence(self, seconds: float = WAIT_S) -> None:
        """Say nothing on a connection for a while, at most until everything is over."""
        self._over.wait(seconds)

    def close(self) -> None:
        """End everything."""
        self._over.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in self._sockets:
            _hang_up(one)
        for thread in self._threads:
            thread.join(WAIT_S)


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
                cut = self._trouble.cut_answer_after
                self._client.sendall(block if cut is None else block[:cut])
                if cut is not None:
                    break
        self._end()

    def _end(self) -> None:
        for one in (self._client, self._server):
            _hang_up(one)


def _hang_up(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def running_proxy(port: int) -> Iterator[FaultProxy]:
    """Pass connections on while the block runs."""
    proxy = FaultProxy(port)
    thread = threading.Thread(target=proxy.serve, name="fault-proxy")
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()
