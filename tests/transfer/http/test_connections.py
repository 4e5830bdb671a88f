"""HTTP connections that end with the job."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from ports import closed_port
from store_server import Fault

from pipeline.errors import Cancelled
from pipeline.transfer.http.connections import Connections
from pipeline.transfer.http.exchange import NoResponseError, NoResponseReason

ME = "/api/admin/auth/me"
ROOT = Path(__file__).resolve().parents[3]


def ask(cancel, url, *, method="GET", body=b"", headers=None):
    """Send one request as the engine does."""
    connections = Connections(cancel)
    with connections.interruptible(), connections.session() as http:
        return http.send(method, url, headers=headers or {}, body=body, read_timeout_s=60)


@pytest.fixture
def deaf():
    """A listening socket that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def ended_by_cancel(cancel, result, ready):
    """Cancel once `ready` returns, and see that the work ends with Cancelled although nobody answers it."""
    ready()
    cancel.cancel()
    ended = result()
    assert isinstance(ended, Cancelled), ended


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cancel_ends_waiting_for_an_answer(cancel, deaf, in_thread, scheme):
    """Neither a silent server nor a TLS handshake that goes nowhere holds up a cancel."""
    port = deaf.getsockname()[1]
    result = in_thread(lambda: ask(cancel, f"{scheme}://127.0.0.1:{port}/"))
    taken, _ = deaf.accept()
    with taken:
        ended_by_cancel(cancel, result, lambda: taken.recv(1))


def test_cancel_ends_connecting(cancel, in_thread):
    """A server that is not reached holds up a cancel for less than a second."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        for queued in waiting:
            queued.setblocking(False)
            queued.connect_ex(address)
        begun = threading.Event()
        connections = Connections(cancel)

        def work() -> object:
            with connections.interruptible(), connections.session() as http:
                begun.set()
                return http.send("GET", f"http://127.0.0.1:{address[1]}/", headers={}, body=b"", read_timeout_s=60)

        ended_by_cancel(cancel, in_thread(work), begun.wait)
        for queued in waiting:
            queued.close()


def test_new_connection_that_stalls_is_given_up(cancel, deaf, in_thread, monkeypatch):
    """A server that takes a connection and reads nothing does not hold a body for ever,
    however long connecting may take.
    """
    monkeypatch.setattr("pipeline.transfer.http.paced.STALL_S", 0.2)
    monkeypatch.setattr("pipeline.transfer.http.connections.CONNECT_TIMEOUT_S", 60.0)
    port = deaf.getsockname()[1]
    result = in_thread(lambda: ask(cancel, f"http://127.0.0.1:{port}/", method="PUT", body=bytes(40 << 20)))
    ended = result()
    assert isinstance(ended, NoResponseError), ended
    assert "timed out" in ended.detail


def test_cancelled_before_it_starts(cancel, server):
    """A cancelled job sends nothing."""
    cancel.cancel()
    with pytest.raises(Cancelled):
        ask(cancel, server.url + ME)
    assert [] == server.arrivals


def test_redirect_is_not_followed(cancel, server):
    """A redirect is an answer like any other."""
    server.api_faults[ME].append(Fault(status=307, headers={"Location": f"{server.url}/elsewhere"}))
    assert 307 == ask(cancel, server.url + ME).status
    assert [ME] == [arrival.path for arrival in server.arrivals]


def test_netrc_does_not_replace_the_token(cancel, server, tmp_path, monkeypatch):
    """Passwords that a machine keeps for a server are not sent in place of the token, nor to the store."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    ask(cancel, server.url + ME, headers={"Authorization": "Bearer mine"})
    ask(cancel, server.url + ME)
    assert ["Bearer mine", None] == [arrival.headers.get("Authorization") for arrival in server.arrivals]


def test_proxy_is_not_asked_for_this_machine(cancel, server, monkeypatch):
    """The embedded backend is reached where a company's proxy is set."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    assert 401 == ask(cancel, server.url + ME).status


def test_proxy_of_the_environment_is_asked_for_other_machines(cancel, server, monkeypatch):
    """With every request, though the environment is read but once."""
    monkeypatch.setenv("http_proxy", server.url)
    monkeypatch.delenv("no_proxy", raising=False)
    url = "http://backend.invalid" + ME
    with Connections(cancel).session() as http:
        for _ in range(2):
            http.send("GET", url, headers={}, body=b"", read_timeout_s=60)
    assert [url, url] == [arrival.path for arrival in server.arrivals]


@pytest.mark.parametrize(("said", "expected"), [("7", 7.0), ("100000", 600.0), ("soon", 0.0), ("-5", 0.0)])
def test_retry_after_is_read_in_seconds(cancel, server, said, expected):
    """A server may ask to be left alone, within reason."""
    server.api_faults[ME].append(Fault(status=429, headers={"Retry-After": said}))
    assert expected == ask(cancel, server.url + ME).retry_after_s


def test_retry_after_may_be_a_date(cancel, server):
    """By the server's own clock, whatever this computer's says."""
    server.clock_s = time.time() - 3600
    until = formatdate(server.clock_s + 20, usegmt=True)
    server.api_faults[ME].append(Fault(status=503, headers={"Retry-After": until}))
    assert 20 == ask(cancel, server.url + ME).retry_after_s


def test_reasons_for_silence_are_told_apart(cancel, server):
    """Nobody there, hung up, no such name, no such address."""
    server.api_faults[ME].append(Fault(close=True))
    found = []
    with closed_port() as closed:
        for url in (f"http://127.0.0.1:{closed}/", server.url + ME, "http://name.invalid/", "http://", "http://*:x/"):
            with pytest.raises(NoResponseError) as caught:
                ask(cancel, url)
            found.append(caught.value.reason)
    unreachable, bad = NoResponseReason.UNREACHABLE, NoResponseReason.BAD_ADDRESS
    assert [unreachable, NoResponseReason.BROKEN_OFF, unreachable, bad, bad] == found


def head_of(listener: socket.socket) -> list[str]:
    """Take one request, answer it, and return the lines of its head."""
    taken, _ = listener.accept()
    with taken:
        received = b""
        while b"\r\n\r\n" not in received:
            received += taken.recv(1 << 14)
        taken.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    return received.partition(b"\r\n\r\n")[0].decode().split("\r\n")


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("/b/a%2Fb~%7E.ts?X-Amz-Credential=A%2FB&c=d%3D", "/b/a%2Fb~%7E.ts?X-Amz-Credential=A%2FB&c=d%3D"),
        ("/b/a b\u00e9.ts", "/b/a%20b%C3%A9.ts"),
        ("/b/a.ts?x=1#part", "/b/a.ts?x=1"),
        ("/b/../a.ts", "/a.ts"),
        ("", "/"),
        ("?x=/1", "/?x=/1"),
    ],
    ids=["signed", "not escaped", "fragment", "dots", "no path", "query only"],
)
def test_address_goes_out_as_it_was_signed(cancel, deaf, in_thread, given, asked):
    """Escapes stay as they are; what can't stand in a request is escaped or left out."""
    result = in_thread(lambda: ask(cancel, f"http://127.0.0.1:{deaf.getsockname()[1]}{given}"))
    assert f"GET {asked} HTTP/1.1" == head_of(deaf)[0]
    assert 204 == result().status


@pytest.mark.parametrize(("method", "length"), [("PUT", ["0"]), ("POST", ["0"]), ("DELETE", ["0"]), ("GET", [])])
def test_request_without_a_body_says_so(cancel, deaf, in_thread, method, length):
    """Stores answer 411 to a PUT of an empty file that does not tell its length; a question has none."""
    result = in_thread(lambda: ask(cancel, f"http://127.0.0.1:{deaf.getsockname()[1]}/", method=method))
    said = dict(line.lower().split(": ", 1) for line in head_of(deaf)[1:])
    assert (length, "transfer-encoding" in said) == ([said[name] for name in said if name == "content-length"], False)
    assert 204 == result().status


def test_requests_is_not_imported_where_there_is_no_proxy(deaf):
    """It would take a tenth of a second of every upload, as long as a hundred small files."""
    program = (
        "import sys; from pipeline.transfer.http.connections import Connections\n"
        "from pipeline.cancel import CancelToken\n"
        "with Connections(CancelToken()).session() as http:\n"
        "    try: http.send('GET', sys.argv[1], headers={}, body=b'', read_timeout_s=0.1)\n"
        "    except Exception as error: print(type(error).__name__, 'requests' in sys.modules)"
    )
    url = f"http://127.0.0.1:{deaf.getsockname()[1]}/"
    said = subprocess.run(
        [sys.executable, "-c", program, url], check=True, capture_output=True, text=True, cwd=ROOT, timeout=300
    )
    assert "NoResponseError False\n" == said.stdout
