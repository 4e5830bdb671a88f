"""Connections that are given up when nothing moves, and not before:
what counts is what the other side has acknowledged.
"""

from __future__ import annotations

import socket
import ssl
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

from urllib3.connection import HTTPConnection
from urllib3.response import HTTPResponse

from pipeline.transfer.http.pace import Pace, unacknowledged

STALL_S = 30.0
"""How long nothing of a body may get through: after that the connection is given up, and the file is tried again."""

RECEIVE_BYTES = 1 << 16
"""What is taken of an answer at a time."""

TLS_BLOCK_BYTES = 1 << 16
"""What goes to TLS at a time: it has to go out whole within the limit."""

T = TypeVar("T")


class HeadWithBody(HTTPConnection):
    """Sends a request's head with the first of its body: each sending wakes the other side, as costly as 100 kB."""

    pace: Pace
    _head: bytes | None = None
    _sent_bytes = 0
    _begun_at = 0.0
    _strikes = 0

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  # as urllib3 has it
        """Send a request. Raises TimeoutError when nothing moves for too long."""
        self.begin()
        # urllib3 gives a body that goes out on a used connection no more time than connecting has.
        wanted = self.timeout
        if self.sock is not None:
            self.timeout = self.pace.limit_s(STALL_S, 0)
        self._head = b""
        try:
            super().request(*args, **kwargs)
            head = self._head
        finally:
            self._head = None
            self.timeout = wanted
        if head:
            self.send(head)

    def send(self, data: Any) -> None:  # noqa: ANN401  # as http.client has it
        """Send a head, or a block of a body. Raises TimeoutError when nothing moves for too long."""
        if self._head is None:
            self.send_all(data)
        elif not self._head:
            self._head = data
        else:
            head, self._head = self._head, None
            self.send_all(head + bytes(data))

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # as urllib3 has it
        """Return the answer. Raises TimeoutError when nothing moves for too long."""
        asked = self._response_options  # urllib3 forgets them with the first try

        def get_response() -> HTTPResponse:
            self._response_options = asked
            return super(HeadWithBody, self).getresponse()

        least = self.timeout
        self.timeout = self.answer_limit_s(float(least) if isinstance(least, (int, float)) else STALL_S)
        response = self._while_moving(get_response)
        self.answered()
        return response

    def begin(self) -> None:
        """Begin a request: the bytes and the time that its limits depend on are counted anew."""
        self._sent_bytes, self._begun_at, self._strikes = 0, time.monotonic(), self.pace.strikes

    def answer_limit_s(self, least_s: float) -> float:
        """Return how long nothing may move before the answer to what was sent is there."""
        return self.pace.limit_s(least_s, self._sent_bytes)

    def receive(self, limit_s: float) -> bytes:
        """Return what has come of an answer, b"" at its end. Raises TimeoutError when nothing moves for too long."""
        self._limit(limit_s)
        return self._while_moving(lambda: self.sock.recv(RECEIVE_BYTES))

    def answered(self) -> None:
        """Note that the request was answered."""
        self.pace.answered(self._sent_bytes, time.monotonic() - self._begun_at)

    def send_all(self, data: bytes | memoryview) -> None:
        """Send a block whole. Raises TimeoutError when nothing moves for too long."""
        if self.sock is None:
            self.connect()
        sys.audit("http.client.send", self, data)  # as http.client does, whose sending this stands in for
        self._limit(self.pace.limit_s(STALL_S, self._sent_bytes))
        left = memoryview(data)
        most = TLS_BLOCK_BYTES if isinstance(self.sock, ssl.SSLSocket) else len(left)
        while left:
            block = left[:most]
            left = left[self._while_moving(lambda block=block: self.sock.send(block)) :]  # type: ignore[misc]
        self._sent_bytes += len(data)

    def _limit(self, limit_s: float) -> None:
        if self.sock.gettimeout() != limit_s:
            self.sock.settimeout(limit_s)

    def _while_moving(self, action: Callable[[], T]) -> T:
        """Return what `action` returns; on a timeout, try again while the other side takes something."""
        sock: socket.socket = self.sock
        while True:
            before = unacknowledged(sock)
            try:
                return action()
            except TimeoutError:
                if unacknowledged(sock) >= before:
                    self.pace.too_long(self._strikes)
                    raise
