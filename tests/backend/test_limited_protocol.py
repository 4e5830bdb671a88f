"""backend.serving.limited_protocol: which connections are ended, and which are slow but good."""

import asyncio
from dataclasses import dataclass, field

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from backend.serving.connection_limits import ConnectionLimits
from backend.serving.connections import ClientConnections, Ended
from backend.serving.limited_protocol import LimitedProtocol
from backend.serving.proxies import TrustedProxies

HEAD = b"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000\r\n\r\n"
GET = b"GET /a HTTP/1.1\r\nHost: x\r\n\r\n"


class Socket:
    """What a transport tells of itself."""

    def setsockopt(self, *_):
        """Nothing to set."""

    def getpeername(self):
        return "192.0.2.1", 1

    def getsockname(self):
        return "192.0.2.2", 2


@dataclass
class Transport(asyncio.Transport):
    """A connection to a client that does what the test says."""

    waiting: int = 0
    aborted: bool = False
    written: bytearray = field(default_factory=bytearray)

    def get_extra_info(self, name, default=None):
        return {"socket": Socket()}.get(name, default)

    def get_write_buffer_size(self):
        return self.waiting

    def is_closing(self):
        return self.aborted

    def abort(self):
        self.aborted = True

    def close(self):
        self.aborted = True

    def write(self, data):
        self.written += data

    def pause_reading(self):
        """The client fills the system's buffers from here on."""

    def resume_reading(self):
        """The client may go on."""


class Line:
    """A connection, its client and its clock."""

    def __init__(self, app):
        self.now_s = 0.0
        self.transport = Transport()
        self.connections = ClientConnections(
            ConnectionLimits(max_connections=1), TrustedProxies(()), lambda: self.now_s
        )
        self.protocol = LimitedProtocol(self.connections, Config(app, http="h11"), ServerState(), {})
        self.protocol.connection_made(self.transport)

    def after(self, seconds):
        """Let time pass, look at the connection; return whether it is still there."""
        self.now_s += seconds
        self.protocol.check(self.now_s)
        return not self.transport.aborted


@pytest.fixture
def line():
    """Run a test's coroutine over a connection whose requests are answered once their whole body has come."""

    async def app(scope, receive, send):
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})

    def run(steps):
        async def whole():
            made = Line(app)
            await steps(made)
            made.protocol.connection_lost(None)
            await asyncio.gather(*made.protocol.tasks)
            return made.connections

        return asyncio.run(whole())

    return run


async def answered(line):
    """Wait until a request has its answer."""
    while not line.protocol.cycle or not line.protocol.cycle.response_complete:
        await asyncio.sleep(0)


def test_a_head_may_take_half_a_minute_however_it_comes(line):
    """Bytes that come one at a time change nothing; the next head on the connection has its own time."""

    async def steps(line):
        line.protocol.data_received(GET[:5])
        assert line.after(29)
        line.protocol.data_received(GET[5:])
        await answered(line)
        assert line.after(70)  # between two requests uvicorn's own limit holds
        for byte in GET[:6]:
            line.protocol.data_received(bytes([byte]))
            assert line.after(5)
        assert not line.after(1)

    assert {Ended.SLOW_HEAD: 1} == line(steps).counted


def test_a_slow_but_steady_body_is_taken(line):
    """Half a kilobyte a second is enough on an average; a byte now and then is not."""

    async def steps(line):
        line.protocol.data_received(HEAD)
        await asyncio.sleep(0)
        for _ in range(3):
            assert line.after(0.5)
            line.protocol.data_received(b"x" * 30_000)
            await asyncio.sleep(0)
            assert line.after(61)
        for _ in range(6):
            line.protocol.data_received(b"x")
            assert line.after(10)
        assert not line.after(1)

    assert {Ended.SLOW_BODY: 1} == line(steps).counted


def test_a_body_waits_for_the_storage_as_long_as_it_takes(line):
    """While nobody takes what came, the client is not to blame."""

    async def steps(line):
        line.protocol.data_received(HEAD)
        line.protocol.data_received(b"x" * 100_000)  # nobody has run yet who would take it
        for _ in range(5):
            assert line.after(61)

    assert {} == line(steps).counted


def test_a_body_that_was_not_asked_for_yet_is_not_late(line):
    """A client that waits for "100 Continue" need not send before."""

    async def steps(line):
        line.protocol.data_received(HEAD.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert line.after(61)
        assert line.after(61)
        await asyncio.sleep(0)
        assert b"HTTP/1.1 100 " == bytes(line.transport.written[:13])
        assert line.after(0)
        assert not line.after(61)

    assert {Ended.SLOW_BODY: 1} == line(steps).counted


def test_a_slow_but_steady_reader_is_served(line):
    """What was taken in a minute counts, and a buffer that went empty or was filled anew."""

    async def steps(line):
        line.protocol.data_received(GET)
        await answered(line)
        line.transport.waiting = 300_000
        assert line.after(0)
        line.transport.waiting = 270_000
        assert line.after(61)
        line.protocol.pause_writing()
        line.protocol.resume_writing()
        line.transport.waiting = 300_000
        assert line.after(59)
        assert line.after(59)
        line.transport.waiting = 0
        assert line.after(59)
        line.transport.waiting = 300_000
        assert line.after(59)
        line.transport.waiting = 299_000
        assert not line.after(61)

    assert {Ended.NOT_READ: 1} == line(steps).counted


@pytest.mark.parametrize("parts", [(b"whole body",), (b"whole", b" body")], ids=["at once", "in two"])
def test_a_request_that_came_whole_is_served_though_its_client_hung_up(parts):
    """What it sent is not lost, however long the app takes before it asks for it, and then it hears of the end."""
    looked = []

    async def app(scope, receive, send):
        await hung_up.wait()
        while (message := await receive())["type"] == "http.request":
            looked.append(message["body"])

    async def steps():
        nonlocal hung_up
        hung_up = asyncio.Event()
        line = Line(app)
        line.protocol.data_received(HEAD.replace(b"10000000", b"10"))
        for part in parts:
            await asyncio.sleep(0)
            line.protocol.data_received(part)
        line.protocol.connection_lost(None)
        hung_up.set()
        await asyncio.gather(*line.protocol.tasks)

    hung_up = None
    asyncio.run(steps())

    assert [b"whole body"] == looked


def test_a_body_that_broke_off_is_not_given_as_whole():
    """A client that hung up before it had sent everything has sent nothing."""
    heard = []

    async def app(scope, receive, send):
        await asyncio.sleep(0)
        heard.append((await receive())["type"])

    async def steps():
        line = Line(app)
        line.protocol.data_received(HEAD + b"half")
        line.protocol.connection_lost(None)
        await asyncio.gather(*line.protocol.tasks)

    asyncio.run(steps())

    assert ["http.disconnect"] == heard
