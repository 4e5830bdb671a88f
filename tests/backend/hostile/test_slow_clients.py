"""Clients that send or read as slowly as they can hold nothing for long, and nobody else up."""

import threading
from dataclasses import replace

import pytest
import requests
from hostile_clients import WAIT_S, held, still_connected, wait_until_ended

from backend.access.signing import HmacUrlSigner
from backend.server import serve_in_thread
from storage.local_file import OpenFile

ATTACKERS = 8
HALF_A_HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "


@pytest.fixture
def limited(settings):
    """Settings of a backend that looks often, and has no more connections than the test's own and one."""
    return replace(settings, limits=replace(settings.limits, max_connections=ATTACKERS + 1, sweep_s=0.05))


def is_answered(backend, path="/health"):
    """Whether another client gets its answer."""
    with requests.get(f"{backend.url}{path}", headers={"Connection": "close"}, timeout=WAIT_S) as response:
        return response.status_code == 200


def assert_said_once(caplog, sentence):
    """The log says what happened; how often, it says later if at all."""
    assert sentence == caplog.messages[0]
    assert len(caplog.messages) < ATTACKERS
    assert {sentence} == {message.partition(" (")[0] for message in caplog.messages}


@pytest.mark.parametrize("sent", [b"", HALF_A_HEAD], ids=["nothing", "half a head"])
def test_a_head_that_does_not_come(limited, clock, caplog, sent):
    """Others are served meanwhile; then the connections are ended, and the log has one line of it."""
    with serve_in_thread(limited) as backend, held(backend.url, ATTACKERS, sent) as clients:
        meanwhile = is_answered(backend), len(still_connected(clients))
        wait_until_ended(clients, clock)
        after = is_answered(backend)

    assert ((True, ATTACKERS), True) == (meanwhile, after)
    assert_said_once(caplog, "A connection was ended: the head of a request did not come in time.")


def signed_put(settings, size):
    """Return the head of a PUT that asks whether it may send its body."""
    query = HmacUrlSigner(settings.signing_secret).query(
        method="PUT", key="a.ts", content_type="video/mp2t", expires=9_999_999_999
    )
    head = ["Host: x", "Expect: 100-continue", "Content-Type: video/mp2t", f"Content-Length: {size}", "", ""]
    return "\r\n".join([f"PUT /objects/a.ts?{query} HTTP/1.1", *head]).encode()


def test_a_body_that_stops(limited, clock, caplog):
    """The connection is ended and nothing of the body stays."""
    with (
        serve_in_thread(limited) as backend,
        held(backend.url, ATTACKERS, signed_put(limited, 50 << 20)) as clients,
    ):
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 100 ")
            client.sendall(b"x" * 1000)
        meanwhile = is_answered(backend)
        wait_until_ended(clients, clock)

    assert meanwhile
    assert_said_once(caplog, "A connection was ended: the body of a request hardly came any more.")
    assert [] == list((limited.root / ".incoming").iterdir())


def test_a_body_that_nobody_wants(limited, clock, caplog):
    """A refused request whose body does not come is ended like any other."""
    refused = b"PUT /objects/a.ts HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nx"
    with serve_in_thread(limited) as backend, held(backend.url, ATTACKERS, refused) as clients:
        meanwhile = is_answered(backend)
        for client in clients:
            assert client.recv(100).startswith(b"HTTP/1.1 403 ")
            client.sendall(b"x")
        wait_until_ended(clients, clock)

    assert meanwhile
    assert_said_once(caplog, "A connection was ended: the body of a request hardly came any more.")


def test_an_answer_that_nobody_reads(limited, clock, caplog):
    """Others read the same file meanwhile; then the connections are ended and the file is closed."""
    request = b"GET /objects/large.mp4 HTTP/1.1\r\nHost: x\r\n\r\n"
    with serve_in_thread(limited) as backend:
        with (limited.root / "large.mp4").open("wb") as file:
            file.truncate(32 << 20)
        with held(backend.url, ATTACKERS, request, receive_bytes=4096) as clients:
            for client in clients:
                assert client.recv(12) == b"HTTP/1.1 200"
            meanwhile = is_answered(backend, "/objects/large.mp4")
            wait_until_ended(clients, clock)

    assert meanwhile
    assert_said_once(caplog, "A connection was ended: the client hardly read the answer any more.")


def test_a_client_that_leaves_has_no_more_read_for_it(limited, monkeypatch):
    """The file is closed soon, not read to its end for nobody."""
    size_bytes, reads, closed = 64 << 20, [], threading.Event()
    read, close = OpenFile._read, OpenFile.close

    def counted(self, start, size):
        reads.append(size)
        return read(self, start, size)

    async def told(self):
        await close(self)
        closed.set()

    monkeypatch.setattr(OpenFile, "_read", counted)
    monkeypatch.setattr(OpenFile, "close", told)
    request = b"GET /objects/large.mp4 HTTP/1.1\r\nHost: x\r\n\r\n"
    with serve_in_thread(limited) as backend:
        with (limited.root / "large.mp4").open("wb") as file:
            file.truncate(size_bytes)
        with held(backend.url, 1, request, receive_bytes=4096) as clients:
            assert clients[0].recv(12) == b"HTTP/1.1 200"
        is_closed = closed.wait(WAIT_S)

    assert is_closed
    assert sum(reads) < size_bytes / 2
