"""Reading at a public address what is there now."""

from __future__ import annotations

import pytest
from store_server import Fault

from pipeline.transfer.http.public_read import read_public
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.http.sessions import open_session

KEY = "videos/lesson/manifest.json"
ADDRESS = f"/store/{KEY}"


@pytest.fixture
def read(server, cancel):
    """A function that reads at an address of the server, and returns the status and the body."""
    server.public = True
    server.stored[KEY] = b"there"

    def get(query: str = "", *, first_bytes: int | None = None, delays=()) -> tuple[int, bytes]:
        with open_session(cancel) as http:
            url = f"{server.url}{ADDRESS}{query}"
            answer = read_public(
                http, url, first_bytes=first_bytes, delays=delays, cancel=cancel, note=lambda line: None
            )
        return answer.status, answer.body

    return get


def test_a_cache_that_remembers_what_was_not_there(server, read):
    """It knows the address alone, and passes over what a request says of caches."""
    server.reading = lambda address: Fault(status=404) if address == ADDRESS else None
    assert (200, b"there") == read()


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_signed_address_takes_no_addition(server, read, status):
    """What is refused then is asked for as the backend gave it."""
    server.reading = lambda address: Fault(status=status) if "fresh=" in address else None
    assert (200, b"there") == read("?signature=abc")
    assert f"{ADDRESS}?signature=abc" == server.reads[-1].path


def test_a_server_that_knows_no_query(server, read):
    """It refuses what is not the plain address."""
    server.reading = lambda address: Fault(status=400) if "?" in address else None
    assert (200, b"there") == read()


def test_what_is_not_there_is_asked_for_once(server, read):
    """Where nothing may be signed, the first 404 tells."""
    server.stored.clear()
    assert (404, 1) == (read()[0], len(server.reads))


def test_no_address_is_asked_for_twice(server, read):
    """A cache may keep the answer to the first."""
    for _ in range(2):
        read()
    one, other = (arrival.path for arrival in server.reads)
    assert one != other


def test_the_beginning_of_a_file(server, read):
    """By a range; a store that knows none gives all of it."""
    read(first_bytes=100)
    read()
    assert ["bytes=0-99", None] == [arrival.headers.get("Range") for arrival in server.reads]


@pytest.mark.parametrize(
    "fault",
    [Fault(status=429), Fault(status=502), Fault(status=503), Fault(close=True)],
    ids=["429", "502", "503", "hung up"],
)
def test_what_may_pass_is_tried_again(server, read, fault):
    """As often as pauses are given, and then it is an error."""
    server.read_faults[KEY].extend([fault] * 2)
    assert (200, b"there") == read(delays=(0, 0))
    server.read_faults[KEY].extend([fault] * 3)
    with pytest.raises(RefusedError):
        read(delays=(0, 0))
