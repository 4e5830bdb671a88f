"""A real server on loopback that answers every request with the same bytes, whatever they are."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager, suppress

WAIT_S = 60.0


class ScriptedServer:
    """Answers every request with the same pieces, one after the other; keeps the heads that came, by connection."""

    def __init__(self, listener: socket.socket, *pieces: bytes, hangs_up: bool = False) -> None:
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        self.heads: list[list[bytes]] = []
        self._listener = listener
        self._pieces = pieces
        self._hangs_up = hangs_up
        self.has_hung_up = threading.Event()
        self._taken: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):  # the test is over
            while True:
                taken, _ = self._listener.accept()
                taken.settimeout(WAIT_S)
                taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._taken.append(taken)
                self.heads.append([])
                self._threads.append(threading.Thread(target=self._serve, args=(taken, self.heads[-1])))
                self._threads[-1].start()

    def _serve(self, taken: socket.socket, heads: list[bytes]) -> None:
        with taken, suppress(OSError):
            while head := request_on(taken):
                heads.append(head)
                for piece in self._pieces:
                    taken.sendall(piece)
                if self._hangs_up:
                    taken.shutdown(socket.SHUT_RDWR)
                    self.has_hung_up.set()
                    break

    def close(self) -> None:
        """End all connections and threads."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join()
        for taken in self._taken:
            with suppress(OSError):  # ended already
                taken.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


def request_on(taken: socket.socket) -> bytes:
    """Take a request with its body; return its head, nothing where the other side has gone."""
    received = b""
    while b"\r\n\r\n" not in received:
        more = taken.recv(1 << 16)
        if not more:
            return b""
        received += more
    head, _, body = received.partition(b"\r\n\r\n")
    sizes = [int(line.split()[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < sum(sizes):
        more = taken.recv(1 << 16)
        if not more:
            return b""
        body += more
    return head


@contextmanager
def scripted(*pieces: bytes, hangs_up: bool = False):
    """Run such a server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = ScriptedServer(listener, *pieces, hangs_up=hangs_up)
        try:
            yield server
        finally:
            server.close()
