"""backend.server: starting and stopping."""

import logging
import queue
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from backend import server
from backend.access.signing import HmacUrlSigner
from backend.server import serve_in_thread
from backend.serving import http_server
from backend.settings import BackendSettings
from config import Config
from pipeline.errors import SettingsError

ROOT = Path(__file__).parents[2]


def test_answers_and_leaves_nothing(settings):
    """Inside the block the backend answers; after it the port is closed and the thread is gone."""
    before = set(threading.enumerate())
    with serve_in_thread(settings) as backend:
        assert 200 == requests.get(f"{backend.url}/health", timeout=60).status_code
        address = urlsplit(backend.url)

    assert set() == set(threading.enumerate()) - before
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address.hostname, address.port), timeout=60)


def test_answers_while_settings_are_taken_over(settings, monkeypatch):
    """Putting new settings into force waits for the disk and for other processes, viewers do not."""
    listener, url = server.listen("127.0.0.1", 0)
    ready, seen, create_app = threading.Event(), queue.Queue(), server.create_app

    def ask_meanwhile(*arguments):
        if ready.is_set():
            with suppress(requests.RequestException):
                seen.put(requests.get(f"{url}/live", timeout=60).status_code)
            seen.put(None)
        return create_app(*arguments)

    monkeypatch.setattr(server, "create_app", ask_meanwhile)
    backend = server.make_server(settings, ready.set)
    with listener, server.running_in_thread(backend, listener, ready, name="reference-backend"):
        backend.renew(lambda before: before)
        assert 200 == seen.get(timeout=240)


def test_stops_when_the_block_fails(settings):
    """An error inside the block passes through and stops the backend all the same."""
    before = set(threading.enumerate())
    with pytest.raises(ZeroDivisionError), serve_in_thread(settings):
        raise ZeroDivisionError

    assert set() == set(threading.enumerate()) - before


def test_stops_although_a_client_is_silent(settings, monkeypatch, caplog):
    """A client that never ends its request can't keep the backend running; what it began is not stored,
    nothing is complained of.
    """
    monkeypatch.setattr(http_server, "STOP_S", 0.3)
    monkeypatch.setattr(server, "HUNG_UP_S", 60)
    query = HmacUrlSigner(settings.signing_secret).query(
        method="PUT", key="a.ts", content_type="video/mp2t", expires=9_999_999_999
    )
    with serve_in_thread(settings) as backend:
        address = urlsplit(backend.url)
        client = socket.create_connection((address.hostname, address.port), timeout=60)
        head = ["Host: x", "Expect: 100-continue", "Content-Type: video/mp2t", "Content-Length: 9", "", ""]
        client.sendall("\r\n".join([f"PUT /objects/a.ts?{query} HTTP/1.1", *head]).encode())
        assert client.recv(100).startswith(b"HTTP/1.1 100 ")
    client.close()

    assert [] == caplog.messages
    assert [".backend", ".incoming"] == sorted(entry.name for entry in settings.root.iterdir())
    assert [] == list((settings.root / ".incoming").iterdir())


def test_a_taken_port_is_a_sentence(settings):
    """A port in use is named before anything is served."""
    with serve_in_thread(settings) as backend:
        port = urlsplit(backend.url).port
        with (
            pytest.raises(SettingsError, match=rf"can't listen on 127\.0\.0\.1, port {port} "),
            serve_in_thread(settings, port=port),
        ):
            pytest.fail("served on a port that was taken")


@pytest.mark.parametrize(("host", "port"), [("no-such-host.invalid", 0), ("127.0.0.1", 70000), ("192.0.2.1", 0)])
def test_an_address_of_another_machine_is_a_sentence(settings, host, port):
    """A host or port that can't be listened on is refused by name, without a programmer's words."""
    with (
        pytest.raises(SettingsError, match="can't listen on") as refused,
        serve_in_thread(settings, host=host, port=port),
    ):
        pytest.fail("served where nothing can be served")
    assert "attempting" not in str(refused.value)


def test_an_open_backend_names_an_address_to_reach_it_at(settings):
    """Listening on every address, it gives the one that works on this machine."""
    with serve_in_thread(settings, host="0.0.0.0") as backend:
        assert 200 == requests.get(f"{backend.url}/health", timeout=60).status_code
        assert "127.0.0.1" == urlsplit(backend.url).hostname


def test_logs_hold_no_signature_and_no_token(settings, caplog):
    """However loud the logs are, neither a URL's query nor the token gets into them."""
    caplog.set_level(logging.DEBUG)
    query = HmacUrlSigner(settings.signing_secret).query(
        method="PUT", key="a.ts", content_type="video/mp2t", expires=1000
    )
    with serve_in_thread(settings) as backend:
        caplog.set_level(logging.WARNING, "urllib3")  # the client's own log
        for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi"):
            caplog.set_level(logging.DEBUG, name)
        requests.put(
            f"{backend.url}/objects/a.ts?{query}", data=b"x", headers={"Content-Type": "video/mp2t"}, timeout=60
        )
        requests.get(
            f"{backend.url}/api/admin/auth/me", headers={"Authorization": f"Bearer {settings.token}"}, timeout=60
        )

    assert "signature" not in caplog.text
    assert settings.token not in caplog.text


def test_a_request_for_another_protocol_is_served_in_this_one(settings, caplog):
    """And the log does not tell to install anything."""
    with serve_in_thread(settings) as backend:
        headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
        assert 200 == requests.get(f"{backend.url}/health", headers=headers, timeout=60).status_code

    assert [] == caplog.messages


def test_an_object_that_changes_while_it_is_read_is_a_sentence_in_the_log(settings, caplog):
    """The client sees that it has not all, and the log says why without a traceback."""
    file = settings.root / "large.mp4"
    with serve_in_thread(settings) as backend:
        file.write_bytes(bytes(40 << 20))
        with requests.get(f"{backend.url}/objects/large.mp4", stream=True, timeout=60) as answer:
            blocks = answer.iter_content(1 << 20)
            next(blocks)
            file.write_bytes(b"")
            with pytest.raises(requests.RequestException):
                list(blocks)

    assert [("large.mp4 became shorter while it was read.", None)] == [
        (record.message, record.exc_info) for record in caplog.records
    ]


PROGRAM = """
import sys
from pathlib import Path
from backend.server import serve
from backend.settings import BackendSettings
from config import Config

def announce(backend):
    sys.stdout.write(backend.url + "\\n")
    sys.stdout.flush()

serve(BackendSettings.from_config(Config(), root=Path(sys.argv[1])), port=0, announce=announce)
sys.stdout.write("ended\\n")
"""


@pytest.mark.parametrize(
    ("sent", "status", "said"),
    [(signal.SIGINT, 0, "ended\n"), (signal.SIGTERM, 0, "ended\n")],
    ids=["Ctrl-C", "terminate"],
)
def test_serves_until_it_is_told_to_stop(tmp_path, sent, status, said):
    """The blocking form announces its address, answers, and ends in order: after Ctrl-C the caller goes on."""
    command = [sys.executable, "-W", "error", "-c", PROGRAM, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = process.stdout.readline().strip()
            answered = requests.get(f"{url}/health", timeout=60).status_code
            process.send_signal(sent)
            out, err = process.communicate(timeout=300)
        finally:
            process.kill()

    assert (200, status, said, "") == (answered, process.returncode, out, err)


def test_a_killed_server_loses_nothing_that_it_confirmed(tmp_path):
    """After kill -9 the next server has the objects and the same signatures."""
    settings = BackendSettings.from_config(Config(), root=tmp_path)
    query = HmacUrlSigner(settings.signing_secret).query(
        method="PUT", key="a.ts", content_type="video/mp2t", expires=9_999_999_999
    )
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            url = process.stdout.readline().strip()
            requests.put(
                f"{url}/objects/a.ts?{query}", data=b"kept", headers={"Content-Type": "video/mp2t"}, timeout=60
            ).raise_for_status()
        finally:
            process.kill()
    with serve_in_thread(settings) as backend:
        assert b"kept" == requests.get(f"{backend.url}/objects/a.ts", timeout=60).content
