"""Requests and answers that are read without urllib3 where they are plain: the outcome is the same either way."""

from __future__ import annotations

import gzip

import pytest
import urllib3
from scripted_server import WAIT_S, scripted

from pipeline.errors import Cancelled
from pipeline.transfer.http.connections import Connections
from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason

BODY = b"what is stored"
PLAIN = b'HTTP/1.1 200 OK\r\nETag: "abc"\r\nContent-Length: 14\r\n\r\n' + BODY
PACKED = gzip.compress(BODY)


def ask(http, url, *, method="GET", headers=None, body=b"", read_timeout_s=WAIT_S):
    """Send one request as the engine does."""
    return http.send(method, url, headers=headers or {}, body=body, read_timeout_s=read_timeout_s)


LONG = b"".join(b"\r\nX-%d: %s" % (number, b"x" * 9000) for number in range(9)) + b"\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwhat\r\na\r\n is stored\r\n0\r\n\r\n"
ANSWERS = {
    "plain": ([PLAIN], 1),
    "head and body apart": ([PLAIN[:-14], PLAIN[-14:]], 1),
    "in the middle of a line": ([PLAIN[:20], PLAIN[20:60], PLAIN[60:]], 1),
    "names in other letters": ([PLAIN.replace(b"ETag", b"etag").replace(b"Content-L", b"CONTENT-l")], 1),
    "no reason": ([PLAIN.replace(b"200 OK", b"200")], 1),
    "refusal": ([PLAIN.replace(b"200 OK", b"403 Forbidden")], 1),
    "chunked": ([CHUNKED], 1),
    "chunks apart": ([CHUNKED[:60], CHUNKED[60:65], CHUNKED[65:]], 1),
    "interim answer first": ([b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN], 1),
    "interim answer apart": ([b"HTTP/1.1 100 Continue\r\n\r\n", PLAIN], 1),
    "no content": ([b'HTTP/1.1 204 No Content\r\nETag: "abc"\r\n\r\n'], 1),
    "compressed": (
        [b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED],
        1,
    ),
    "header twice": ([PLAIN.replace(b"\r\n\r\n", b"\r\nETag: 2\r\n\r\n")], 1),
    "folded header": ([PLAIN.replace(b'ETag: "abc"', b"X-Long: a\r\n b\r\nETag: 7")], 1),
    "lines without a return": ([PLAIN.replace(b"\r\n", b"\n")], 1),
    "long head": ([PLAIN.replace(b"\r\n\r\n", LONG)], 1),
    "closes": ([PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")], 2),
    "old protocol": ([PLAIN.replace(b"HTTP/1.1", b"HTTP/1.0")], 2),
    "more than was promised": ([PLAIN + b"and more"], 2),
}  # fmt: skip


@pytest.mark.parametrize(("pieces", "connections"), ANSWERS.values(), ids=ANSWERS)
def test_answer_is_what_urllib3_reads(cancel, pieces, connections):
    """Whatever form it has, and however it comes; the connection goes on being used where urllib3 would use it."""
    with scripted(*pieces) as server:
        with urllib3.PoolManager() as pool:
            read = pool.request("GET", server.url, retries=False)
            expected = (read.status, read.data, read.headers.get("ETag", "").strip('"'))
        server.heads.clear()
        with Connections(cancel).session() as http:
            found = [ask(http, server.url) for _ in range(2)]
        assert [expected] * 2 == [(answer.status, answer.body, answer.etag) for answer in found]
        assert connections == len(server.heads)


def test_head_has_no_body(cancel):
    """Though its answer names the length that the body would have."""
    with scripted(PLAIN[:-14]) as server, Connections(cancel).session() as http:
        assert [(200, b"")] * 2 == [
            (answer.status, answer.body) for answer in (ask(http, server.url, method="HEAD") for _ in range(2))
        ]
        assert [2] == [len(heads) for heads in server.heads]


@pytest.mark.parametrize("target", ["/b/a%2Fb~.ts?X-Amz-Credential=A%2FB&c=d%3D", "/b/a b\u00e9%2f.ts?x=[1]", "/b/%zz"])
@pytest.mark.parametrize(("method", "body"), [("PUT", b"x" * 1000), ("PUT", b""), ("GET", b"")])
def test_request_is_what_urllib3_sends(cancel, target, method, body):
    """A server sees no difference, whether an address has to be mended or not."""
    headers = {"Content-Type": "video/mp2t", "x-amz-acl": "private"}
    with scripted(PLAIN) as server:
        with urllib3.PoolManager() as pool:
            pool.request(method, server.url + target, headers=headers, body=body, retries=False)
        with Connections(cancel).session() as http:
            ask(http, server.url + target, method=method, headers=headers, body=body)
        expected, found = ({line.lower() for line in heads[0].split(b"\r\n")[1:]} for heads in server.heads)
        assert server.heads[0][0].split(b"\r\n")[0] == server.heads[1][0].split(b"\r\n")[0]
        assert expected - {b"content-length: 0"} == found - {b"content-length: 0"}


def test_connection_that_was_closed_meanwhile_is_opened_anew(cancel):
    """A server may hang up between two requests: the second is not lost for that."""
    with scripted(PLAIN, hangs_up=True) as server, Connections(cancel).session() as http:
        first = ask(http, server.url).status
        assert server.has_hung_up.wait(WAIT_S)
        assert (200, 200, 2) == (first, ask(http, server.url).status, len(server.heads))


@pytest.mark.parametrize(
    "pieces", [[], [PLAIN[:10]], [PLAIN[:30]], [PLAIN[:-5]], [CHUNKED[:-12]], [b"220 mail\r\n\r\n"]]
)
def test_answer_that_ends_early_is_none(cancel, pieces):
    """Nothing of half an answer counts; the next request has a connection of its own."""
    with scripted(*pieces, hangs_up=True) as server, Connections(cancel).session() as http:
        for _ in range(2):
            with pytest.raises(NoResponseError) as caught:
                ask(http, server.url)
            assert NoResponseReason.BROKEN_OFF is caught.value.reason
        assert 2 == len(server.heads)


@pytest.mark.parametrize("pieces", [[], [PLAIN[:30]], [PLAIN[:-5]], [CHUNKED[:-12]]])
def test_answer_that_does_not_come_times_out(cancel, pieces):
    """Wherever it stops; its end, should it come later, is not taken for the next answer."""
    with scripted(*pieces) as server, Connections(cancel).session() as http:
        with pytest.raises(NoResponseError) as caught:
            ask(http, server.url, read_timeout_s=0.1)
        assert NoResponseReason.TIMED_OUT is caught.value.reason


def test_header_cannot_hold_another(cancel):
    """What a line break would smuggle in is not sent."""
    with scripted(PLAIN) as server, Connections(cancel).session() as http:
        with pytest.raises(NoResponseError) as caught:
            ask(http, server.url, headers={"X-One": "1\r\nX-Two: 2"})
        assert NoResponseReason.BAD_ADDRESS is caught.value.reason
        assert [] == [head for heads in server.heads for head in heads]


class Stopped:
    """A body that is cancelled in its middle."""

    def __init__(self) -> None:
        self._blocks = [b"x" * 1000]

    def __len__(self) -> int:
        return 2000

    def read(self, size: int = -1) -> bytes:
        if not self._blocks:
            raise Cancelled
        return self._blocks.pop()


def test_connection_of_half_a_request_is_not_used_again(cancel):
    """What comes next would be taken for the rest of the body."""
    with scripted(PLAIN) as server, Connections(cancel).session() as http:
        ask(http, server.url)
        with pytest.raises(Cancelled):
            ask(http, server.url, method="PUT", body=Stopped())
        assert 200 == ask(http, server.url).status
        assert [1, 1] == [len(heads) for heads in server.heads if heads]
