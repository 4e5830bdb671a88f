"""What no job of the queue needs any more is deleted from the backend's store."""

from __future__ import annotations

import socket
import threading
import time
import uuid
from contextlib import closing, contextmanager

import pytest
from store_server import TOKEN, running_server

from config import BackendApi
from pipeline.cluster_sweep import NO_DELETING, StoreSweep
from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.stored_files import StoredFiles
from pipeline.transfer.upload.uploader import Uploader

DEADLINE_S = 60
NOT_DELETED = "sources/queue/a-1/a.mp4 could not be deleted from the backend's store, and is tried again: "

KEYS = "SELECT key FROM hls_stored_files ORDER BY key"


@contextmanager
def answering_once(content):
    """Answer one request on loopback, while the block runs; yield where. Nobody is there after that."""
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        client, _ = listener.accept()
        listener.close()
        with client:
            client.recv(1 << 16)
            head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n"
            client.sendall(head % len(content) + content)

    thread = threading.Thread(target=answer)
    thread.start()
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread.join()


@pytest.fixture
def over(queue_server):
    """Return a function that lets a file belong to a job that is over."""
    with closing(Database(queue_server.url)) as database:
        stored, jobs = StoredFiles(database), []

        def begin(key):
            jobs.append(uuid.uuid4())
            stored.hold(key, jobs[-1])
            stored.release(jobs)

        yield begin


@pytest.fixture
def swept(queue_server):
    """Return a function that sweeps a backend's store until a condition holds, and returns what was said."""

    def sweep(backend, condition, url=queue_server.url):
        said = []
        with StoreSweep(backend, lambda: Database(url), said.append, pause_s=0.01):
            end_s = time.monotonic() + DEADLINE_S
            while not condition(said):
                assert time.monotonic() < end_s, said
                time.sleep(0.01)
        return said

    return sweep


def test_what_is_over_is_deleted(over, swept, queue_server, backend, backend_config):
    """Its file is gone from the store, and the queue knows it no more; what a job needs stays."""
    over("sources/queue/a-1/a.mp4")
    place = backend.settings.root / "sources" / "queue" / "a-1" / "a.mp4"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"a")
    with closing(Database(queue_server.url)) as database:
        StoredFiles(database).hold("sources/queue/b-1/b.mp4", uuid.uuid4())
    needed = [("sources/queue/b-1/b.mp4",)]
    assert [] == swept(backend_config.backend, lambda _said: queue_server.execute(KEYS) == needed)
    assert not place.exists()


def test_a_backend_that_is_away_is_said_once(over, swept, queue_server):
    """A deletion that fails is a line, and is tried again later; the file stays known."""
    over("sources/queue/a-1/a.mp4")
    (line,) = swept(BackendApi(url="http://127.0.0.1:9", token=TOKEN), lambda said: said)
    assert (True, [("sources/queue/a-1/a.mp4",)]) == (line.startswith(NOT_DELETED), queue_server.execute(KEYS))


def test_a_backend_that_goes_before_a_deletion_is_not_waited_for(over, swept):
    """When it is back, another machine may need the file: that one is deleted only after a new look."""
    over("sources/queue/a-1/a.mp4")
    with answering_once(b'{"delete": true}') as url:
        (line,) = swept(BackendApi(url=url, token=TOKEN), lambda said: said)
    assert line.startswith(NOT_DELETED)


def test_a_backend_that_deletes_nothing_is_said_once(over, swept, queue_server):
    """What it keeps is left to its administrator; whoever needs a file again need not wait."""
    over("sources/queue/a-1/a.mp4")
    with running_server() as server:
        server.capabilities = {"read": True}
        assert [NO_DELETING] == swept(BackendApi(url=server.url, token=TOKEN), lambda said: said)
    assert [(None,)] == queue_server.execute("SELECT deleting_at FROM hls_stored_files")


def test_a_worker_that_stops_leaves_what_it_has_not_begun_to_delete(over, queue_server, backend_config, monkeypatch):
    """Whoever needs the file again need not wait."""
    over("sources/queue/a-1/a.mp4")
    asking = threading.Event()

    def no_answer(_uploader, cancel):
        asking.set()
        cancel.wait(DEADLINE_S)

    monkeypatch.setattr(Uploader, "capabilities", no_answer)
    with StoreSweep(backend_config.backend, lambda: Database(queue_server.url), pytest.fail, pause_s=0.01):
        assert asking.wait(DEADLINE_S)
    assert [(None,)] == queue_server.execute("SELECT deleting_at FROM hls_stored_files")


def test_a_user_without_the_right_is_told_what_to_do(swept, queue_server, backend_config):
    """Rights that an earlier version gave are too few: they are given anew by the owner."""
    name = f"worker_{uuid.uuid4().hex}"
    queue_server.execute(f"CREATE ROLE {name} LOGIN")
    url = queue_server.url.replace("postgres@", f"{name}@")
    (line,) = swept(backend_config.backend, lambda said: said, url)
    queue_server.execute(f"DROP ROLE {name}")
    assert line.endswith("as its owner, run `hls-converter cluster init --grant USER`.")
