"""A line between client and server: a TCP relay on loopback that passes bytes on slowly, late, and takes some ahead."""

from __future__ import annotations

import socket
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from relay import Relay, hang_up, serving

BLOCK = 1 << 13
RESENT_S = 0.2
"""The shortest time after which TCP sends again in Linux."""


@dataclass(frozen=True, kw_only=True)
class LineTraits:
    """`rate_bytes_s` is what all connections together send; `buffer_bytes` is what each may be ahead;
    `round_trip_s` is the delay.

    Of a hundred blocks `lost` are lost: TCP sends them again after `RESENT_S`, and all behind them wait.
    """

    rate_bytes_s: float = float("inf")
    buffer_bytes: int = 1 << 16
    round_trip_s: float = 0.0
    lost: int = 0


class SlowLine:
    """Passes connections on to a port of this machine.

    `taken` counts the bytes that clients gave it, `passed` those that went on.
    """

    def __init__(self, port: int, traits: LineTraits) -> None:
        self.traits = traits
        self.taken = 0
        self.passed = 0
        self.relay = Relay(port, self._ways, buffer_bytes=1 << 14)  # the buffer of the line is to be the only one
        self._turn = threading.Lock()
        self._free_at = time.monotonic()
        self._blocks = 0

    @property
    def url(self) -> str:
        return self.relay.url

    def carry(self, size_bytes: int) -> None:
        """Return when the line has carried so much more: all connections share it, one block after the other."""
        with self._turn:
            self._blocks += 1
            lost = self.traits.lost and self._blocks % (100 // self.traits.lost) == 0
            self._free_at = max(self._free_at, time.monotonic()) + size_bytes / self.traits.rate_bytes_s
            ready = self._free_at
        self.rest(ready - time.monotonic() + (RESENT_S if lost else 0))

    def rest(self, seconds: float) -> None:
        if seconds > 0:
            self.relay.over.wait(seconds)

    @property
    def over(self) -> bool:
        return self.relay.over.is_set()

    def _ways(self, client: socket.socket, server: socket.socket) -> list[Callable[[], None]]:
        up, down = _Way(self, client, server, up=True), _Way(self, server, client, up=False)
        return [up.take, up.give, down.take, down.give]


class _Way:
    """One direction of one connection: a thread that takes into the buffer and one that gives out of it."""

    def __init__(self, line: SlowLine, source: socket.socket, target: socket.socket, *, up: bool) -> None:
        self._line = line
        self._source = source
        self._target = target
        self._up = up
        self._held: deque[tuple[float, bytes]] = deque()
        self._held_bytes = 0
        self._changed = threading.Condition()
        self._ended = False

    def take(self) -> None:
        """Take what comes, as far as the buffer reaches."""
        with suppress(OSError):
            while block := self._source.recv(BLOCK):
                with self._changed:
                    self._held.append((time.monotonic() + self._line.traits.round_trip_s / 2, block))
                    self._held_bytes += len(block)
                    self._changed.notify_all()
                    if self._up:
                        self._line.taken += len(block)
                    while self._held_bytes > self._line.traits.buffer_bytes and not self._ended and not self._line.over:
                        self._changed.wait(1)
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def give(self) -> None:
        """Give what was taken, in its time; a client that has hung up takes what is under way with it."""
        while True:
            with self._changed:
                while not self._held and not self._ended:
                    self._changed.wait(1)
                if self._line.over or (self._ended and (self._up or not self._held)):  # the last answer still arrives
                    break
                due, block = self._held.popleft()
            self._line.rest(due - time.monotonic())
            if self._up:
                self._line.carry(len(block))
                self._line.passed += len(block)
            with suppress(OSError):
                self._target.sendall(block)
            with self._changed:
                self._held_bytes -= len(block)
                self._changed.notify_all()
        hang_up(self._target)


@contextmanager
def running_line(port: int, **traits: float) -> Iterator[SlowLine]:
    """Pass connections on while the block runs."""
    line = SlowLine(port, LineTraits(**traits))
    with serving(line.relay):
        yield line
