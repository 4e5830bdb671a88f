"""backend.state.sqlite_opening: what is kept can be read on a disk that is full or can only be read."""

import gc
import shutil
import sqlite3
from contextlib import closing

import pytest
import requests
from small_disk import small_disk

from backend.access.named_tokens import NamedTokens
from backend.access.stream_rules import StreamRules, Visibility
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from backend.state.sqlite_file import SqliteFile, SqliteFileError
from config import Config
from server_config import ReferenceBackend

TOKEN = "a-token-that-only-tests-know"


@pytest.fixture
def disk(tmp_path):
    """A disk of its own."""
    with small_disk(tmp_path / "disk") as disk:
        if disk is None:
            pytest.skip("no disk can be mounted here")
        yield disk


def names(path):
    """The file of some names."""
    return SqliteFile(path, what="names", steps=(lambda connection: connection.execute("CREATE TABLE names (name)"),))


def kept_names(file):
    """What is in it."""
    with file.reading() as connection:
        return [name for (name,) in connection.execute("SELECT name FROM names")]


@pytest.mark.parametrize("before", ["closed", "killed"])
def test_a_full_disk_can_be_read(disk, tmp_path, before):
    """Whether whoever wrote last has closed the file or left its log; to write, there must be room."""
    file = names((tmp_path if before == "killed" else disk.folder) / "names.sqlite3")
    file.prepare()
    with closing(sqlite3.connect(file.path)) as other:
        other.execute("INSERT INTO names VALUES ('Ada')")
        other.commit()
        if before == "killed":
            for one in ("names.sqlite3", "names.sqlite3-wal"):
                shutil.copy(tmp_path / one, disk.folder / one)
            file = names(disk.folder / "names.sqlite3")
    disk.fill()

    file.prepare()
    assert ["Ada"] == kept_names(file)
    with pytest.raises(SqliteFileError), file.changing() as connection:
        connection.execute("INSERT INTO names VALUES (?)", ("x" * 9000,))

    disk.empty()
    with file.changing() as connection:
        connection.execute("INSERT INTO names VALUES ('Grace')")
    assert ["Ada", "Grace"] == kept_names(file)


def test_a_disk_that_can_only_be_read(disk):
    """As systems make it of a damaged one."""
    file = names(disk.folder / "names.sqlite3")
    file.prepare()
    with file.changing() as connection:
        connection.execute("INSERT INTO names VALUES ('Ada')")
    disk.remount("ro")

    file.prepare()
    assert ["Ada"] == kept_names(file)
    with pytest.raises(SqliteFileError), file.changing() as connection:
        connection.execute("INSERT INTO names VALUES ('Grace')")


def test_rules_count_on_a_full_disk_as_they_change(disk):
    """A running backend that can keep no connection sees what another process changes."""
    running, command = (StreamRules(disk.folder, Visibility.PUBLIC) for _ in range(2))
    command.set("a/", Visibility.PRIVATE)
    disk.fill()
    before = [running.is_public(key) for key in ("a/b.ts", "a/b.ts", "c/d.ts")]
    disk.empty()
    command.set("c/", Visibility.PRIVATE)

    assert [False, False, True] == before
    assert [False, False] == [running.is_public(key) for key in ("a/b.ts", "c/d.ts")]


@pytest.fixture
def settings(disk):
    """Settings of a backend on that disk, with a limit."""
    root = disk.folder / "root"
    config = Config(server=ReferenceBackend(local_max_size_gb=1))
    return BackendSettings.from_config(config, root=root, token=TOKEN)


@pytest.fixture
def filled(settings):
    """What a backend has stored there before; a client's token."""
    with serve_in_thread(settings) as backend:
        for key in ("a/b.ts", "c/d.ts"):
            signed = _ask(backend, "POST", "/api/admin/content/aws/uploadUrl", json={"key": key, "contentType": "a/b"})
            sent = requests.put(signed.json()["signedUrl"], data=b"x", headers={"Content-Type": "a/b"}, timeout=60)
            assert 200 == sent.status_code, sent.text
    StreamRules(settings.root, Visibility.PUBLIC).set("a/", Visibility.PRIVATE)
    return NamedTokens(settings.root).add("math")


def _ask(backend, method, path, token=TOKEN, **options):
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, backend.url + path, headers=headers, timeout=60, **options)


def _looked_at(backend, token):
    """Ask for a private and a public object, and what a client's token is good for."""
    asked = ("/objects/a/b.ts", "/objects/c/d.ts", "/api/s3/capabilities", "/ready")
    return [_ask(backend, "GET", path, token=token).status_code for path in asked]


def test_a_start_on_a_full_disk(disk, settings, filled):
    """Viewers get what they may see, clients are known, and what takes the room can be deleted."""
    disk.fill()
    with serve_in_thread(settings) as backend:
        assert [404, 200, 200, 503] == _looked_at(backend, filled)
        refused = _ask(
            backend,
            "POST",
            "/api/admin/content/aws/uploadUrl",
            json={"key": "e.ts", "contentType": "a/b", "sizeBytes": 9},
        )
        assert (507, "InsufficientStorage") == (refused.status_code, refused.json()["error"])
        assert 204 == _ask(backend, "DELETE", "/api/s3/object?key=c/d.ts").status_code
        assert 404 == _ask(backend, "GET", "/objects/c/d.ts").status_code


def test_a_start_on_a_disk_that_can_only_be_read(disk, settings, filled):
    """Viewers get what they may see, and whoever watches over the backend is told."""
    gc.collect()  # the connections of the one before end with its objects
    disk.remount("ro")
    with serve_in_thread(settings) as backend:
        assert [404, 200, 200, 503] == _looked_at(backend, filled)
