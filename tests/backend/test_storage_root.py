"""backend.state.storage_root, root_guard: no folder that lacks its disk is taken for a new storage, at any time."""

import asyncio
import http.client
import json
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from urllib.parse import urlsplit

import pytest
import requests

from backend.server import serve_in_thread
from backend.serving.root_guard import RootGuard
from backend.state.storage_root import MARKER_FILE, init_root, marker_of, prepare_root
from cli import backend as command
from cli.main import EXIT_DONE, EXIT_WRONG_USAGE, run_command
from config import Config
from pipeline.errors import SettingsError
from server_config import ReferenceBackend
from storage import RootMarker, StorageType


@pytest.fixture
def root(tmp_path):
    """A folder that is not there yet."""
    return tmp_path / "store"


@pytest.fixture
def served(monkeypatch):
    """The roots that the command would have served."""
    roots = []
    monkeypatch.setattr(command, "serve", lambda settings, **_: roots.append(settings.root))
    return roots


def everything(folder):
    """Return all that lies below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


class TestBeginning:
    """When a folder becomes a storage."""

    def test_the_usual_folder_is_made(self, root, served, monkeypatch):
        """Who has set nothing need not know of any of this; the marker names the storage."""
        monkeypatch.setattr("server_config.installation.storage_folder", lambda _: root)

        assert EXIT_DONE == run_command(["backend"], Config())

        described = json.loads(marker_of(root).read_text(encoding="utf-8"))
        assert [root] == served
        assert ({"schema", "id", "created"}, 1) == (set(described), described["schema"])
        assert re.fullmatch("[0-9a-f]{32}", described["id"])

    @pytest.mark.parametrize("there", [False, True], ids=["no folder", "an empty one"])
    @pytest.mark.parametrize("way", ["option", "setting"])
    @pytest.mark.parametrize("kind", list(StorageType))
    def test_a_folder_that_was_named_is_not(self, root, served, capsys, there, way, kind):
        """What could be the place of a disk that is not mounted is refused, with what to do, and nothing is made."""
        if there:
            root.mkdir()
        server = ReferenceBackend(storage_type=kind.value)
        server = replace(server, s3=replace(server.s3, bucket="videos"))
        if way == "setting":
            server = replace(server, local_path=root)
        arguments = ["backend", *(["--root", str(root)] if way == "option" else [])]

        assert EXIT_WRONG_USAGE == run_command(arguments, Config(server=server))

        said = capsys.readouterr().err
        assert f"{root} is no storage of this backend" in said
        assert "backend --init" in said
        assert ([], there, []) == (served, root.exists(), everything(root))

    def test_init_makes_it_one(self, root, served, capsys):
        """`--init` starts nothing; from then on the folder is taken, and a second time changes nothing."""
        assert EXIT_DONE == run_command(["backend", "--init", "--root", str(root)], Config())
        marker = marker_of(root).read_bytes()
        assert EXIT_DONE == run_command(["backend", "--root", str(root), "--init"], Config())
        assert [] == served
        assert EXIT_DONE == run_command(["backend", "--root", str(root)], Config())

        assert ([root], marker) == (served, marker_of(root).read_bytes())
        assert [f"{root} is a storage now.", f"{root} was a storage before, and stays as it is."] == (
            capsys.readouterr().out.splitlines()
        )

    @pytest.mark.parametrize("option", [["--port", "0"], ["--workers", "2"], ["--check", "http://127.0.0.1:1"]])
    def test_init_goes_with_the_folder_alone(self, root, option, capsys):
        """Nobody is left to believe that a backend was started."""
        assert EXIT_WRONG_USAGE == run_command(["backend", "--init", "--root", str(root), *option], Config())
        assert "--init starts no backend: give --root alone beside it." in capsys.readouterr().err
        assert not root.exists()

    @pytest.mark.parametrize("file", ["signing-secret", "records.sqlite3", "records.jsonl"])
    def test_a_folder_of_an_earlier_version_goes_on(self, root, file):
        """It had no marker, and gets one without a word."""
        (root / ".backend").mkdir(parents=True)
        (root / ".backend" / file).write_text("", encoding="ascii")

        prepare_root(root, may_begin=False)

        assert marker_of(root).is_file()

    def test_all_that_begin_at_once_agree(self, root):
        """However many processes begin a storage, it has one name."""
        together, begun = threading.Barrier(8), []

        def begin():
            together.wait(60)
            begun.append(init_root(root))

        threads = [threading.Thread(target=begin) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert [False] * 7 + [True] == sorted(begun)
        assert [MARKER_FILE] == [file.name for file in marker_of(root).parent.iterdir()]

    @pytest.mark.parametrize(
        "text", ["", "{", "[]", '{"schema": 1}', "\0"], ids=["empty", "half", "list", "bare", "nul"]
    )
    def test_a_damaged_marker_is_named(self, root, text):
        """It is neither believed nor replaced."""
        init_root(root)
        marker_of(root).write_text(text, encoding="utf-8")
        with pytest.raises(SettingsError, match=f"{MARKER_FILE} is damaged"):
            prepare_root(root, may_begin=True)
        assert text == marker_of(root).read_text(encoding="utf-8")

    def test_a_newer_marker_is_refused(self, root):
        """What a newer version has begun may have more in it than this one knows."""
        init_root(root)
        marker_of(root).write_text('{"schema": 2, "id": "x"}', encoding="utf-8")
        with pytest.raises(SettingsError, match="newer version"):
            prepare_root(root, may_begin=True)

    def test_a_file_in_its_place_is_a_sentence(self, root):
        """What can't be a folder is said with its name."""
        root.write_bytes(b"")
        with pytest.raises(SettingsError, match=re.escape(str(root))):
            init_root(root)

    def test_a_worker_makes_nothing_of_a_folder_that_went(self, settings):
        """A process that starts while the disk is gone refuses to, and settings that are read anew make nothing."""
        shutil.rmtree(settings.root)
        settings.root.mkdir()
        with pytest.raises(SettingsError, match="not there now"), serve_in_thread(settings):
            pass
        with pytest.raises(SettingsError, match="backend --init"):
            settings.renewed(Config(server=ReferenceBackend(local_path=settings.root)))
        assert [] == everything(settings.root)


class TestWhileItRuns:
    """The disk of the folder goes, and comes back."""

    @pytest.fixture
    def disk(self, fresh, monkeypatch):
        """What takes the folder away, leaves an empty one, and brings it back."""
        monkeypatch.setattr("backend.serving.root_guard.LOOKED_AT_FOR_S", 0)

        class Disk:
            root = fresh.backend.settings.root
            aside = root.with_name("aside")

            def unmount(self, other=False):
                self.root.rename(self.aside)
                self.root.mkdir()
                if other:
                    init_root(self.root)

            def mount(self):
                shutil.rmtree(self.root)
                self.aside.rename(self.root)

        return Disk()

    @pytest.mark.parametrize("other", [False, True], ids=["none", "another storage"])
    def test_everything_is_503_until_it_is_back(self, fresh, disk, other):
        """No object seems to be gone, none is stored elsewhere, and nothing is made in the empty folder."""
        fresh.put("videos/a.ts", b"content")
        signed = fresh.presign("videos/b.ts")["signedUrl"]
        asked = {
            "object": lambda: fresh.get("/objects/videos/a.ts"),
            "none": lambda: fresh.get("/objects/videos/none.ts"),
            "put": lambda: _put(signed, b"new"),
            "sign": lambda: fresh.ask("POST", "/api/s3/presign", json={"files": [_wanted("c.ts")]}),
            "list": lambda: fresh.ask("GET", "/api/s3/objects"),
            "find": lambda: fresh.ask("GET", "/api/s3/object", key="videos/a.ts"),
            "delete": lambda: fresh.ask("DELETE", "/api/s3/object", key="videos/a.ts"),
            "multipart": lambda: fresh.ask("POST", "/api/s3/multipart", json={**_wanted("d.mp4"), "sizeBytes": 5}),
            "records": lambda: fresh.ask("GET", fresh.backend.settings.endpoints.record_endpoint),
            "page": lambda: fresh.get("/"),
        }
        disk.unmount(other)
        before = everything(disk.root)
        answers = {name: ask() for name, ask in asked.items()}
        assert dict.fromkeys(asked, 503) == {name: answer.status_code for name, answer in answers.items()}
        assert before == everything(disk.root)
        assert str(disk.root) not in "".join(answer.text for answer in answers.values())
        assert "<Code>ServiceUnavailable</Code>" in answers["object"].text

        disk.mount()
        assert b"content" == fresh.get("/objects/videos/a.ts").content
        assert 200 == _put(signed, b"new").status_code
        assert ["videos/a.ts", "videos/b.ts"] == [
            found["key"] for found in fresh.ask("GET", "/api/s3/objects").json()["objects"]
        ]

    def test_the_storage_looks_itself(self, fresh, disk, monkeypatch):
        """Also between two looks of the guard, an object is not missing, and an upload makes no folder."""
        fresh.put("videos/a.ts", b"content")
        monkeypatch.setattr("backend.serving.root_guard.LOOKED_AT_FOR_S", 1e9)
        signed = fresh.presign("videos/b.ts")["signedUrl"]
        disk.unmount()

        answers = [fresh.get("/objects/videos/a.ts"), _put(signed, b"new"), fresh.ask("GET", "/api/s3/objects")]

        assert [503, 503, 503] == [answer.status_code for answer in answers]
        assert [] == everything(disk.root)

    def test_an_upload_under_way_makes_nothing(self, fresh, disk):
        """A body whose end comes when the disk is gone is not stored in its place."""
        signed = urlsplit(fresh.presign("videos/b.ts")["signedUrl"])
        connection = http.client.HTTPConnection(signed.netloc, timeout=60)
        connection.putrequest("PUT", f"{signed.path}?{signed.query}")
        connection.putheader("Content-Type", "video/mp2t")
        connection.putheader("Content-Length", "8")
        connection.endheaders()
        connection.send(b"half")
        incoming = disk.root / ".incoming"
        while not list(incoming.iterdir()):
            threading.Event().wait(0.01)
        disk.unmount()
        connection.send(b"half")

        assert 503 == connection.getresponse().status
        connection.close()
        assert [] == everything(disk.root)

    @pytest.mark.parametrize("seen_s", [0, 1e9], ids=["when looked at", "shortly after"])
    def test_a_disk_that_hangs_keeps_nobody_else_waiting(self, fresh, monkeypatch, seen_s):
        """Whoever asks for objects is told so soon, or waits; all else is answered, and goes on with the disk."""
        monkeypatch.setattr("backend.serving.root_guard.LOOKED_AT_FOR_S", seen_s)
        fresh.put("a.ts", b"content")
        answering, check = threading.Event(), RootMarker.check

        def hang(marker):
            assert answering.wait(60)
            check(marker)

        assert 200 == fresh.get("/objects/a.ts").status_code
        monkeypatch.setattr("backend.serving.root_guard.ANSWERED_WITHIN_S", 0.05)
        monkeypatch.setattr("backend.routes.health.ANSWERED_WITHIN_S", 0.05)
        monkeypatch.setattr("backend.routes.health.KEPT_S", 0)
        monkeypatch.setattr(RootMarker, "check", hang)
        with ThreadPoolExecutor(3) as viewers:
            asked = [viewers.submit(fresh.get, "/objects/a.ts") for _ in range(3)]
            others = [fresh.get(path).status_code for path in ("/live", "/ready", "/docs")]
            if not seen_s:
                assert [503] * 3 == [one.result().status_code for one in asked]
            answering.set()
            there = {one.result().status_code for one in asked}
        monkeypatch.setattr("backend.serving.root_guard.ANSWERED_WITHIN_S", 60)

        assert ([200, 503, 200], {200 if seen_s else 503}) == (others, there)
        assert b"content" == fresh.get("/objects/a.ts").content

    def test_a_disk_that_hangs_keeps_one_thread(self, fresh, monkeypatch):
        """However many ask, one look is under way."""
        answering, looks = threading.Event(), []

        def hang(_):
            looks.append(1)
            assert answering.wait(60)

        monkeypatch.setattr("backend.serving.root_guard.LOOKED_AT_FOR_S", 0)
        monkeypatch.setattr("backend.serving.root_guard.ANSWERED_WITHIN_S", 0.05)
        fresh.get("/objects/a.ts")
        monkeypatch.setattr(RootMarker, "check", hang)
        statuses = [fresh.get("/objects/a.ts").status_code for _ in range(20)]
        answering.set()

        assert ([503] * 20, 1) == (statuses, len(looks))

    def test_a_backend_that_is_late_itself_blames_no_disk(self, monkeypatch):
        """With more viewers than it can serve, it sees only later that the disk has answered, which took no time."""
        passed_on = []

        async def app(scope, receive, send):
            passed_on.append(scope["path"])

        class Disk:
            def check(self):
                """Answer."""

        monkeypatch.setattr("backend.serving.root_guard.ANSWERED_WITHIN_S", 0)
        guard = RootGuard(app, Disk(), clock=lambda: 1000.0)
        asyncio.run(guard({"type": "http", "path": "/objects/a.ts"}, None, None))

        assert ["/objects/a.ts"] == passed_on

    def test_what_needs_no_storage_is_answered(self, fresh, disk):
        """The interface's description and the player's own files are there."""
        disk.unmount()
        assert [200, 200] == [fresh.get(path).status_code for path in ("/docs", "/player/style.css")]


def _wanted(key):
    return {"key": key, "contentType": "video/mp2t"}


def _put(url, body):
    return requests.put(url, data=body, headers={"Content-Type": "video/mp2t"}, timeout=60)
