"""Timeouts by how long a server has taken so far, and how many of the sent bytes are not acknowledged yet."""

from __future__ import annotations

import socket
import sys
import threading

LEAST_BYTES = 1 << 16
"""What is smaller says nothing of a line's speed."""

HEADROOM = 4.0
"""So much slower than the slowest before a file may be: threads come and go, and lines are shared."""

FADING = 0.8
"""The slowest is forgotten by so much with each file that is quicker."""

MOST_STRIKES = 5
LONGEST_S = 600.0
"""No answer is waited for longer without a byte getting through."""


class Pace:
    """How long the servers of an upload took to answer, over all its threads.

    `strikes` counts the requests that were given up because they took too long.
    """

    # As TCP times its segments (RFC 6298): the limit follows what was measured, and doubles each time that it was too
    # short, because a proxy that takes megabytes ahead of a slow line hides how far a file is. Those that began before
    # it doubled do not count again.

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slowest_s = 0.0
        self.strikes = 0

    def limit_s(self, least_s: float, size_bytes: int) -> float:
        """Return how long nothing may happen after so many bytes were sent; `least_s` is enough on a good line."""
        by_pace = HEADROOM * size_bytes * self._slowest_s
        return max(least_s, min(LONGEST_S, max(least_s * 2.0**self.strikes, by_pace)))

    def answered(self, size_bytes: int, took_s: float) -> None:
        """Note that a request of `size_bytes` was answered `took_s` after its first byte was sent."""
        if size_bytes >= LEAST_BYTES:
            with self._lock:
                self._slowest_s = max(took_s / size_bytes, self._slowest_s * FADING)
                self.strikes = 0

    def too_long(self, strikes: int) -> None:
        """Note that a request was given up; `strikes` is how many there were when it began."""
        with self._lock:
            if strikes == self.strikes:
                self.strikes = min(self.strikes + 1, MOST_STRIKES)


if sys.platform == "linux":
    import array
    import fcntl
    import termios

    def unacknowledged(connection: socket.socket) -> int:
        """Return how many bytes the other side has not acknowledged (tcp(7), SIOCOUTQ, which is TIOCOUTQ)."""
        count = array.array("i", [0])
        fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, count)
        return count[0]
elif sys.platform == "darwin":
    _SO_NWRITE = 0x1024

    def unacknowledged(connection: socket.socket) -> int:
        """Return how many bytes the other side has not acknowledged (sys/socket.h, SO_NWRITE)."""
        return connection.getsockopt(socket.SOL_SOCKET, _SO_NWRITE)
else:

    def unacknowledged(connection: socket.socket) -> int:
        """Return 0: Windows does not tell; the limits that double and follow the pace have to do."""
        return 0
