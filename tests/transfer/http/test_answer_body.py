"""Answers that are larger than anything a server has to say: no more of them is read than is of use."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
from scripted_server import WAIT_S, scripted
from store_server import TOKEN

from config import BackendApi
from pipeline.errors import TransferError
from pipeline.transfer.http.client import BackendClient
from pipeline.transfer.http.connections import Connections
from pipeline.transfer.http.exchange import BodyLimit, NoResponseError, NoResponseReason
from pipeline.transfer.manifests.remote import connected

GB = 1 << 30
LIMIT = BodyLimit(most_bytes=1 << 20)
BLOCK = b"x" * (1 << 16)
CHUNK = b"10000\r\n" + BLOCK + b"\r\n"
BOMB = gzip.compress(bytes(16 << 20)) * 128
"""2 GB of nothing, in 2 MB."""

LONG = {
    "announced": [b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2 * GB), BLOCK],
    "in chunks": [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[CHUNK] * 40],
    "until the end": [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", *[BLOCK] * 40],
    "packed": [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB), BOMB],
    "packed, in chunks": [
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"%x\r\n" % len(BOMB) + BOMB + b"\r\n0\r\n\r\n",
    ],
}


@pytest.mark.parametrize("pieces", LONG.values(), ids=LONG)
def test_answer_that_is_too_large_is_not_read(cancel, pieces):
    """However it comes; its rest is not taken for the next answer."""
    with scripted(*pieces) as server, Connections(cancel).session() as http:
        for _ in range(2):
            with pytest.raises(NoResponseError) as caught:
                http.send("GET", server.url, headers={}, body=b"", read_timeout_s=WAIT_S, limit=LIMIT)
            assert NoResponseReason.TOO_LARGE is caught.value.reason
        assert 2 == len(server.heads)


@pytest.mark.parametrize("pieces", LONG.values(), ids=LONG)
@pytest.mark.parametrize(("status", "limit", "expected"), [(b"500", LIMIT, 1 << 16), (b"200", LIMIT, 1 << 20)])
def test_beginning_is_enough_of_a_refusal_and_where_it_was_asked_for(cancel, pieces, status, limit, expected):
    """What the server says counts: a page without end in place of an error is an error."""
    pieces = [*pieces[:1], *pieces[1:] * (20 if pieces is LONG["announced"] else 1)]
    cut = BodyLimit(most_bytes=limit.most_bytes, cut=True)
    with scripted(pieces[0].replace(b"200", status), *pieces[1:]) as server, Connections(cancel).session() as http:
        for _ in range(2):
            answer = http.send("GET", server.url, headers={}, body=b"", read_timeout_s=WAIT_S, limit=cut)
            assert (int(status), expected) == (answer.status, len(answer.body))
        assert 2 == len(server.heads)


def test_packed_answer_takes_no_memory(cancel):
    """Of 2 GB no more than the limit and a few blocks are ever unpacked."""
    with scripted(*LONG["packed"]) as server, Connections(cancel).session() as http:
        tracemalloc.start()
        try:
            with pytest.raises(NoResponseError):
                http.send("GET", server.url, headers={}, body=b"", read_timeout_s=WAIT_S)
            peak_bytes = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak_bytes < 64 << 20


QUESTIONS = {
    "capabilities": lambda api, http, note: BackendClient(api, http, note).capabilities(),
    "signed URL": lambda api, http, note: BackendClient(api, http, note).presign("a.ts", "video/mp2t"),
    "several": lambda api, http, note: BackendClient(api, http, note).presign_many([("a.ts", "video/mp2t", None)]),
    "record": lambda api, http, note: BackendClient(api, http, note).record({}),
    "token": lambda api, http, note: BackendClient(api, http, note).validate(),
}


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_backend_without_an_end_is_a_sentence(cancel, question):
    """Whatever it was asked, an editor learns which server it is and what to do."""
    with scripted(*LONG["packed"]) as server, Connections(cancel).session() as http:
        api = BackendApi(url=server.url, token=TOKEN)
        with pytest.raises(TransferError, match="answered with more than the program reads"):
            question(api, http, lambda text: None)


def test_connected_backend_without_an_end_is_a_sentence():
    """The commands of manifests ask first what a backend offers."""
    with scripted(*LONG["announced"]) as server:
        api = BackendApi(url=server.url, token=TOKEN)
        with pytest.raises(TransferError, match="answered with more than"), connected(api, delays=()):
            pass
