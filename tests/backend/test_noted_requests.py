"""backend.serving.noted_requests: what is noted of a request, however it ends."""

import asyncio

import pytest

from backend.serving.noted_requests import NotedRequests

SCOPE = {"type": "http", "method": "GET", "path": "/p/objects/a", "root_path": "/p", "headers": [], "query_string": b""}
START, LEFT = {"type": "http.response.start", "status": 200}, {"type": "http.disconnect"}


def noted(app, *, received=(), **scope):
    """Let an app answer a request; return its line and the messages that went to the client."""
    lines, sent, messages = [], [], list(received)

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    async def ask():
        await NotedRequests(app, [lines.append])({**SCOPE, "client": ("192.0.2.7", 1), **scope}, receive, send)

    try:
        asyncio.run(ask())
    except ZeroDivisionError:
        sent.append("raised")
    return lines[0], sent


async def answers(scope, receive, send):
    """Answer with five bytes."""
    await send(START)
    await send({"type": "http.response.body", "body": b"12345"})


async def fails(scope, receive, send):
    """Be at fault."""
    raise ZeroDivisionError


async def waits_in_vain(scope, receive, send):
    """Read a body of which half comes."""
    while (await receive())["type"] != "http.disconnect":
        continue


async def is_left(scope, receive, send):
    """Answer somebody who goes away meanwhile."""
    await answers(scope, receive, send)
    await receive()
    await answers(scope, receive, send)


@pytest.mark.parametrize(
    ("app", "received", "expected"),
    [
        (answers, (), (200, 0, 5)),
        (fails, (), (500, 0, 0)),
        (waits_in_vain, ({"type": "http.request", "body": b"123", "more_body": True}, LEFT), (499, 3, 0)),
        (is_left, (LEFT,), (200, 0, 5)),
    ],
    ids=["answered", "a fault of the program", "the client left", "the client left in the middle"],
)
def test_status_and_sizes(app, received, expected):
    """Those of what went through, also where nothing was answered."""
    line, _ = noted(app, received=received)
    assert expected == (line.status, line.in_bytes, line.out_bytes)


def test_a_fault_passes_through():
    """It is noted and not swallowed."""
    _, sent = noted(fails)
    assert ["raised"] == sent


def test_an_answer_has_the_id_of_the_line():
    """Beside the headers that it has."""
    line, sent = noted(answers, headers=[(b"x-request-id", b"a" * 32)])
    assert "a" * 32 == line.request_id
    assert [(b"x-request-id", b"a" * 32)] == sent[0]["headers"]


def test_what_a_client_chooses_is_bounded():
    """A method that there is not, an address that is none, and the path below which the backend is served."""
    line, _ = noted(answers, method="GARBAGE\x1b", client=("x\r\n", 1))
    assert ("OTHER", "", "/objects/a") == (line.method, line.address, line.path)
