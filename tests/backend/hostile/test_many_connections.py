"""More connections than are taken: refused with a reason, one line in the log, and room for everybody else."""

import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from hostile_clients import WAIT_S, answer, connected, held, wait_until_ended

from backend.server import serve_in_thread

ROOT = Path(__file__).parents[3]
BUSY = b"GET /objects/large.mp4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HALF_A_HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: "
WHOLE_HEAD = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
ALL_TAKEN = "Clients are refused: as many are connected as this backend takes (BACKEND_MAX_CONNECTIONS)."
MADE_ROOM = (
    "A connection without a request was ended for another one: as many are open as this backend takes, or takes of"
    " one client (BACKEND_MAX_CONNECTIONS, BACKEND_MAX_CONNECTIONS_PER_CLIENT)."
)
HAS_MANY = (
    "A client is refused: it has as many connections or requests at once as one may have"
    " (BACKEND_MAX_CONNECTIONS_PER_CLIENT)."
)


def limited(settings, **changed):
    """Return settings with other limits."""
    return replace(settings, limits=replace(settings.limits, sweep_s=0.05, **changed))


@contextmanager
def busy(backend, count, request=BUSY):
    """Hold so many connections whose responses are not read."""
    with (backend.settings.root / "large.mp4").open("wb") as file:
        file.truncate(32 << 20)
    with held(backend.url, count, request, receive_bytes=4096) as clients:
        assert {b"HTTP/1.1 200"} == {client.recv(12) for client in clients}
        yield clients


def asked(url, source="127.0.0.1", head=WHOLE_HEAD):
    """Ask from an address of this computer; return status, head and body."""
    with connected(url, source=source) as client:
        client.sendall(head)
        head, _, body = answer(client).partition(b"\r\n\r\n")
        return int(head.split()[1]), head, body


def test_more_than_are_taken(settings, caplog):
    """The next client is told to come again, as JSON; once there is room, it is served."""
    with (
        serve_in_thread(limited(settings, max_connections=4)) as backend,
        busy(backend, 4) as clients,
    ):
        refused = [asked(backend.url) for _ in range(6)]
        clients[0].close()
        while (later := asked(backend.url))[0] == 503:
            continue

    assert [503] * 6 == [status for status, _, _ in refused]
    _, head, body = refused[0]
    assert "TooManyConnections" == json.loads(body)["error"]
    assert (True, True) == (b"\r\nretry-after: 5\r\n" in head, b"\r\nconnection: close" in head)
    assert 200 == later[0]
    assert [ALL_TAKEN] == caplog.messages


def test_heads_that_do_not_come_keep_nobody_out(settings, caplog):
    """However many there are: the oldest of them makes room for who has something to ask."""
    with (
        serve_in_thread(limited(settings, max_connections=4)) as backend,
        held(backend.url, 40, HALF_A_HEAD) as clients,
    ):
        answered = [asked(backend.url)[0] for _ in range(6)]
        wait_until_ended(clients[:36])

    assert [200] * 6 == answered
    assert [MADE_ROOM] == caplog.messages


def test_a_refused_client_that_stays(settings, clock):
    """It is not waited for: a refused connection is not held either."""
    with (
        serve_in_thread(limited(settings, max_connections=1)) as backend,
        busy(backend, 1),
        held(backend.url, 80, b"") as refused,
    ):
        wait_until_ended(refused, clock, step_s=0.5)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has more than one loopback address without set-up")
def test_more_than_one_client_may_have(settings, caplog):
    """One address has its share; another is served meanwhile."""
    with (
        serve_in_thread(replace(limited(settings, max_per_client=3), trusted_proxies=())) as backend,
        busy(backend, 3),
    ):
        refused, other = asked(backend.url), asked(backend.url, source="127.0.0.2")

    assert (503, 200) == (refused[0], other[0])
    assert [HAS_MANY] == caplog.messages


def test_more_requests_than_one_client_may_have_through_a_proxy(settings, caplog):
    """Behind a trusted proxy a client is who the proxy says: its requests under way are counted."""
    head = "GET /objects/large.mp4 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: %s\r\n\r\n"
    first, second = ((head % address).encode() for address in ("192.0.2.1", "192.0.2.2"))
    with serve_in_thread(limited(settings, max_per_client=3)) as backend, busy(backend, 3, first):
        refused, other = asked(backend.url, head=first), asked(backend.url, head=second)

    assert (503, "TooManyConnections") == (refused[0], json.loads(refused[2])["error"])
    assert (200, 32 << 20) == (other[0], len(other[2]))
    assert [HAS_MANY] == caplog.messages


PROGRAM = """
import resource, sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from backend.server import serve
from backend.settings import BackendSettings
from config import Config

def announce(backend):
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    print(backend.url, flush=True)

settings = BackendSettings.from_config(Config(), root=Path(sys.argv[1]))
serve(replace(settings, limits=replace(settings.limits, max_connections=1000)), port=0, announce=announce)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_no_more_files_may_be_open(tmp_path):
    """Where the limit of open files is reached all the same, the log says so once, and afterwards all is well."""
    command = [sys.executable, "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            with held(url, 100, HALF_A_HEAD):
                said = process.stderr.readline()
            answered = requests.get(f"{url}/live", timeout=WAIT_S).status_code
            process.terminate()
            _, rest = process.communicate(timeout=WAIT_S)
        finally:
            process.kill()

    assert "No more connections can be accepted: this process has as many files open as it may." in said
    assert (200, False, False) == (answered, "Traceback" in rest, "socket.accept" in rest), rest
