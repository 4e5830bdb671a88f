"""A TCP proxy that puts a server far away: every byte takes half a round trip each way,
and connecting takes a whole one.

    python benchmarks/latency_proxy.py --to 127.0.0.1:7480 --round-trip-ms 80

Prints the port that it listens on, on loopback, and runs until it is ended. Knows nothing of what passes through.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import deque

WINDOW_BYTES = 4 << 20
"""The most that is on its way in one direction of a connection: what Linux lets a TCP connection have unconfirmed."""


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", required=True, metavar="HOST:PORT", help="the server")
    parser.add_argument(
        "--round-trip-ms", type=float, default=0, help="how long a byte and its answer take (default: %(default)s)"
    )
    options = parser.parse_args()
    host, _, port = options.to.rpartition(":")
    asyncio.run(serve(host, int(port), options.round_trip_ms / 1000))


async def serve(host: str, port: int, round_trip_s: float) -> None:
    """Pass on every connection to a server, and say where."""
    loop = asyncio.get_running_loop()
    under_way: set[asyncio.Task[None]] = set()

    def accepted() -> _End:
        end = _End(round_trip_s / 2)
        task = loop.create_task(_connect(end, host, port, round_trip_s))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return end

    server = await loop.create_server(accepted, "127.0.0.1", 0, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


async def _connect(near: _End, host: str, port: int, round_trip_s: float) -> None:
    """Join a client with the server.

    The kernel has shaken hands with the client already: what that takes is waited for here.
    """
    _, far = await asyncio.get_running_loop().create_connection(lambda: _End(round_trip_s / 2), host, port)
    await asyncio.sleep(round_trip_s)
    near.join(far)
    far.join(near)


class _End(asyncio.Protocol):
    """One end of a connection. What it receives goes to the other end later; None stands for the end of the stream."""

    def __init__(self, delay_s: float) -> None:
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._waiting: deque[bytes | None] = deque()
        self._waiting_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._other: _End | None = None
        self._other_is_full = False

    def join(self, other: _End) -> None:
        """Begin to pass on."""
        self._other = other
        self._pace()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Read nothing before there is somebody to pass it on to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.pause_reading()

    def data_received(self, data: bytes) -> None:
        """Pass on, after the delay."""
        self._waiting_bytes += len(data)
        self._later(data)
        self._pace()

    def eof_received(self) -> bool:
        """Pass on the end; the other direction may stay open."""
        self._later(None)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Pass on that there is nothing more to come."""
        self._transport = None
        self._later(None)

    def pause_writing(self) -> None:
        """This end takes nothing more for now, so the other one must not read on."""
        if self._other is not None:
            self._other._other_is_full = True
            self._other._pace()

    def resume_writing(self) -> None:
        """This end takes more again."""
        if self._other is not None:
            self._other._other_is_full = False
            self._other._pace()

    def _later(self, data: bytes | None) -> None:
        self._waiting.append(data)
        if self._delay_s:
            self._loop.call_later(self._delay_s, self._deliver)
        else:
            self._deliver()

    def _deliver(self) -> None:
        """Hand over the oldest piece: timers of the same moment may come in any order, bytes must not."""
        data = self._waiting.popleft()
        there = self._other._transport if self._other is not None else None
        if data is not None:
            self._waiting_bytes -= len(data)
            if there is not None:
                there.write(data)
        elif there is not None:
            there.close() if self._transport is None else there.write_eof()
        self._pace()

    def _pace(self) -> None:
        """Read only while there is room on the way and at the other end."""
        if self._transport is None or self._transport.is_closing():
            return
        if self._other is not None and not self._other_is_full and self._waiting_bytes < WINDOW_BYTES:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()


if __name__ == "__main__":
    main()
