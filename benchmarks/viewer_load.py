"""Players without a picture: each keeps its connection, and asks for its next segment when it is due.

One thread and epoll, and what comes is thrown away by the system unseen: whoever measures a server has to leave it the
machine. Each viewer has an address of its own on loopback. Linux only.
"""

from __future__ import annotations

import heapq
import select
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

SEGMENT_S = 6.0
HEAD_BYTES = 8192
_BUFFER = bytearray(1 << 20)
_WAITING = (BlockingIOError, ssl.SSLWantReadError)


@dataclass(frozen=True, kw_only=True)
class Stream:
    """What all watch. `url` is the folder's address; `context` is what TLS needs, where it begins with https."""

    url: str
    playlists: Sequence[str]
    segments: Sequence[str]
    context: ssl.SSLContext | None = None


@dataclass
class Tally:
    """What was counted since it was begun.

    `requests` are those to the stream's own address, not those that they led to; `late` segments were not there when
    the one before them had been played.
    """

    requests: int = 0
    segments: int = 0
    late: int = 0
    failed: int = 0
    size_bytes: int = 0
    failures: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Line:
    """A connection of a viewer, with at most one request under way."""

    viewer: Viewer
    place: str
    socket: socket.socket
    request: bytes
    connected: bool = False
    head: bytes = b""
    remaining: int = -1
    """Of the body, in bytes; below 0 while the head has not come."""


@dataclass(eq=False)
class Viewer:
    """One player: `step` counts what it has asked for, `due_s` is when it wanted the segment that it waits for."""

    number: int
    step: int = 0
    due_s: float = 0.0
    waits: bool = False
    lines: dict[str, Line] = field(default_factory=dict)


class Audience:
    """All viewers. They come one after the other while the first `ramp_s` pass, and begin anywhere in the stream."""

    def __init__(self, stream: Stream, count: int, ramp_s: float) -> None:
        self._stream = stream
        address = urlsplit(stream.url)
        self._place, self._folder = address.netloc, address.path
        self._poll = select.epoll()
        self._lines: dict[int, Line] = {}
        self.tally = Tally()
        begun = time.monotonic()
        self._viewers = [Viewer(number=number, due_s=begun + ramp_s * number / count) for number in range(count)]
        self._due: list[tuple[float, int, Viewer]] = [(one.due_s, one.number, one) for one in self._viewers]

    def run(self, seconds: float) -> Tally:
        """Let them watch for so long, and return what was counted meanwhile."""
        self.tally = Tally()
        until = time.monotonic() + seconds
        while (now := time.monotonic()) < until:
            while self._due and self._due[0][0] <= now:
                self._ask_next(heapq.heappop(self._due)[2])
            wait_s = min(until, self._due[0][0] if self._due else until) - time.monotonic()
            for number, _ in self._poll.poll(max(0.0, wait_s), 512):
                line = self._lines.get(number)
                if line is not None:
                    self._go_on(line)
        self.tally.late += sum(one.waits and one.due_s + SEGMENT_S < until for one in self._viewers)
        return self.tally

    def close(self) -> None:
        """Hang up."""
        for line in list(self._lines.values()):
            self._hang_up(line)
        self._poll.close()

    def _ask_next(self, viewer: Viewer) -> None:
        playlists, segments = self._stream.playlists, self._stream.segments
        if viewer.step < len(playlists):
            name = playlists[viewer.step]
        else:
            name = segments[(viewer.number * 7 + viewer.step) % len(segments)]
        viewer.waits = True
        self._ask(viewer, self._place, f"{self._folder}{name}")

    def _ask(self, viewer: Viewer, place: str, target: str) -> None:
        request = f"GET {target} HTTP/1.1\r\nHost: {place}\r\nAccept: */*\r\nUser-Agent: viewer\r\n\r\n".encode()
        line = viewer.lines.get(place)
        if line is not None:
            line.request, line.head, line.remaining = request, b"", -1
            self._send(line)
            return
        plain = socket.socket()
        plain.setblocking(False)
        plain.bind((f"127.1.{viewer.number >> 8}.{viewer.number & 255}", 0))
        host, _, port = place.partition(":")
        plain.connect_ex((host, int(port)))
        wrapped, context = plain, self._stream.context
        if context is not None and place == self._place:
            wrapped = context.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        line = viewer.lines[place] = Line(viewer=viewer, place=place, socket=wrapped, request=request)
        self._lines[wrapped.fileno()] = line
        self._poll.register(wrapped.fileno(), select.EPOLLOUT)

    def _go_on(self, line: Line) -> None:
        try:
            if not line.connected:
                self._connect(line)
            else:
                self._read(line)
        except _WAITING:
            return
        except OSError as error:
            self._fail(line, str(error))

    def _connect(self, line: Line) -> None:
        if isinstance(line.socket, ssl.SSLSocket):
            self._poll.modify(line.socket.fileno(), select.EPOLLIN)
            line.socket.do_handshake()
        line.connected = True
        line.socket.send(line.request)
        self._poll.modify(line.socket.fileno(), select.EPOLLIN)

    def _send(self, line: Line) -> None:
        try:
            line.socket.send(line.request)
        except OSError as error:
            self._fail(line, str(error))

    def _read(self, line: Line) -> None:
        """Take what has come: over TLS until nothing is left, which epoll knows nothing of."""
        # with MSG_TRUNC the system forgets what came in place of copying it (tcp(7))
        flags = 0 if isinstance(line.socket, ssl.SSLSocket) else socket.MSG_TRUNC
        while line.remaining:
            if line.remaining < 0:
                data = line.socket.recv(HEAD_BYTES)
                if not self._take_head(line, data):
                    return
            else:
                size = min(line.remaining, len(_BUFFER))
                count = line.socket.recv_into(_BUFFER, size, flags)
                if not count:
                    self._fail(line, "hung up within a body")
                    return
                line.remaining -= count
                self.tally.size_bytes += count
        self._arrived(line)

    def _take_head(self, line: Line, data: bytes) -> bool:
        """Take what came of a head. False where the line is of no more use, or its answer led elsewhere."""
        line.head += data
        end = line.head.find(b"\r\n\r\n")
        if not data:
            self._fail(line, "hung up before an answer")
            return False
        if end < 0:
            return True
        status = int(line.head[9:12])
        body = len(line.head) - end - 4
        line.remaining = int(_header(line.head, b"content-length") or 0) - body
        self.tally.size_bytes += body
        self.tally.requests += line.place == self._place
        if status not in (200, 307):
            self._fail(line, f"status {status} from {line.place}")
            return False
        if status == 307 and not line.remaining:
            leads_to = urlsplit(_header(line.head, b"location"))
            self._ask(line.viewer, leads_to.netloc, f"{leads_to.path}?{leads_to.query}")
            return False
        return True

    def _arrived(self, line: Line) -> None:
        line.head, line.remaining = b"", -1
        self._go_to_next(line.viewer)

    def _go_to_next(self, viewer: Viewer) -> None:
        """Ask for the next segment six seconds after this one was due, and for a segment behind a playlist at once."""
        now, viewer.waits = time.monotonic(), False
        if viewer.step >= len(self._stream.playlists):
            self.tally.segments += 1
            self.tally.late += now > viewer.due_s + SEGMENT_S
            viewer.due_s += SEGMENT_S
        viewer.step += 1
        heapq.heappush(self._due, (viewer.due_s, viewer.number, viewer))

    def _fail(self, line: Line, why: str) -> None:
        """Give up a connection; the viewer goes on with what it would ask for next."""
        self.tally.failed += 1
        self.tally.failures.add(why)
        self._hang_up(line)
        viewer = line.viewer
        viewer.waits, viewer.due_s = False, max(viewer.due_s, time.monotonic()) + SEGMENT_S
        heapq.heappush(self._due, (viewer.due_s, viewer.number, viewer))

    def _hang_up(self, line: Line) -> None:
        number = line.socket.fileno()
        self._lines.pop(number, None)
        line.viewer.lines.pop(line.place, None)
        with suppress(OSError):
            self._poll.unregister(number)
        line.socket.close()


def _header(head: bytes, name: bytes) -> str:
    """Return a header's value, empty where it is missing."""
    for row in head.split(b"\r\n"):
        if row[: len(name)].lower() == name and row[len(name) : len(name) + 1] == b":":
            return row[len(name) + 1 :].strip().decode()
    return ""
