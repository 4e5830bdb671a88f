"""health: whether the backend runs and can work, in a few seconds, whatever hangs, and no more than that."""

import asyncio
import importlib.util
import os
import threading
import time

import pytest
import requests
from small_disk import small_disk

from backend.access.named_tokens import NamedTokens
from backend.routes import health
from backend.routes.health import Readiness
from backend.server import serve_in_thread
from backend.settings import BackendSettings
from config import Config
from storage.local_folder import INCOMING, LocalFolder

TOKEN = "a-token-that-only-tests-know"
WITHIN_S = 60


@pytest.fixture(autouse=True)
def fresh_answers(monkeypatch):
    """Let every answer be a new one."""
    monkeypatch.setattr(health, "KEPT_S", 0)


def told(backend, path="/ready"):
    """Return status and JSON, as the owner hears it."""
    answer = requests.get(backend.url + path, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", ["/live", "/ready", "/health"])
def test_all_is_well(fresh, path):
    """Everybody may ask, with HEAD too; no cache keeps the answer, and nothing is left in the storage."""
    answer = fresh.get(path)
    head = requests.head(fresh.url + path, timeout=60)

    assert (200, {"status": "ok"}, "no-store") == (answer.status_code, answer.json(), answer.headers["Cache-Control"])
    assert (200, b"") == (head.status_code, head.content)
    assert [] == list((fresh.backend.settings.root / INCOMING).iterdir())


class TestDisks:
    """What a disk does to the backend in a folder of it."""

    @pytest.fixture
    def disk(self, tmp_path):
        """A disk of its own, None where none can be mounted."""
        with small_disk(tmp_path / "disk") as disk:
            yield disk

    @pytest.fixture
    def on_disk(self, disk, tmp_path):
        """A backend on that disk."""
        root = (disk.folder if disk else tmp_path) / "root"
        with serve_in_thread(BackendSettings.from_config(Config(), root=root, token=TOKEN)) as backend:
            yield backend

    def test_a_full_disk(self, on_disk, disk, monkeypatch):
        """It is not ready until there is room again; strangers are not told why, or where."""
        if disk:
            disk.fill()
        else:
            monkeypatch.setattr(LocalFolder, "check_storable", _full(LocalFolder.check_storable))
        stranger, owner = requests.get(f"{on_disk.url}/ready", timeout=60), told(on_disk)
        assert (503, {"status": "unavailable"}) == (stranger.status_code, stranger.json())
        assert (503, "unavailable") == (owner[0], owner[1]["status"])
        assert any("is full: free some space." in text for text in owner[1]["detail"])
        assert 200 == told(on_disk, "/live")[0]

        if disk:
            disk.empty()
        else:
            monkeypatch.undo()
            monkeypatch.setattr(health, "KEPT_S", 0)
        assert (200, {"status": "ok"}) == told(on_disk)

    def test_a_disk_that_became_read_only(self, on_disk, disk, monkeypatch):
        """As systems make it of a damaged one; it is ready when that is mended."""
        if not disk:
            pytest.skip("no disk can be mounted here")
        disk.remount("ro")
        status, said = told(on_disk)
        disk.remount("rw")

        assert (503, True) == (status, any("can't be written (Read-only file system)" in one for one in said["detail"]))
        assert (200, {"status": "ok"}) == told(on_disk)


def _full(probe):
    def check_storable(folder):
        fsync = os.fsync

        def refused(_):
            raise OSError(28, os.strerror(28))

        os.fsync = refused
        try:
            probe(folder)
        finally:
            os.fsync = fsync

    return check_storable


@pytest.mark.parametrize("file", ["streams.sqlite3", "tokens.sqlite3", "records.sqlite3"])
def test_a_file_that_went_away(fresh, file):
    """Without it viewers, clients or uploaders are refused: no load balancer is to send them here."""
    for one in (fresh.backend.settings.root / ".backend").glob(f"{file}*"):
        one.unlink()

    assert 503 == told(fresh)[0]


def test_a_folder_that_went_away(fresh):
    """Without its folder the backend is not ready, and says so to the owner."""
    root = fresh.backend.settings.root
    root.rename(root.with_name("aside"))
    status, said = told(fresh)
    root.with_name("aside").rename(root)

    assert (503, True) == (status, any("may not be mounted" in text for text in said["detail"]))
    assert (200, {"status": "ok"}) == told(fresh, "/health")


def test_a_disk_that_does_not_answer(fresh, monkeypatch):
    """However often is asked, each is answered, one thread waits, and it is ready as soon as the disk answers."""
    monkeypatch.setattr(health, "ANSWERED_WITHIN_S", 0.05)
    hanging, probe, waiting = threading.Event(), LocalFolder.check_storable, []

    def hang(folder):
        waiting.append(1)
        assert hanging.wait(WITHIN_S)
        probe(folder)

    monkeypatch.setattr(LocalFolder, "check_storable", hang)
    answers = [told(fresh) for _ in range(5)]
    assert {503} == {status for status, _ in answers}
    assert {"The storage did not answer within 0.05 seconds."} == {answer["detail"][0] for _, answer in answers}
    assert (1, 200) == (len(waiting), fresh.get("/live").status_code)

    hanging.set()
    monkeypatch.setattr(health, "ANSWERED_WITHIN_S", WITHIN_S)
    deadline_s = time.monotonic() + WITHIN_S
    while told(fresh)[0] != 200:
        assert time.monotonic() < deadline_s


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [(None, False), ((), True), (("courses/",), False)],
    ids=["a wrong token", "one without limits", "a limited one"],
)
def test_only_who_runs_it_hears_what_is_wrong(fresh, monkeypatch, prefixes, expected):
    """A sentence names folders and servers, which are not for everybody who has some token."""
    tokens = NamedTokens(fresh.backend.settings.root)
    token = "wrong" if prefixes is None else tokens.add("client", prefixes=prefixes)

    def broken(_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(LocalFolder, "check_storable", broken)
    said = fresh.get("/ready", headers={"Authorization": f"Bearer {token}"})

    assert (503, expected) == (said.status_code, "detail" in said.json())


def test_all_is_said_within_three_seconds():
    """The storage and the tokens together take no longer, as the page about operating says."""
    found = importlib.util.find_spec("backend.routes.health")
    as_written = importlib.util.module_from_spec(found)  # without what tests wait for longer
    found.loader.exec_module(as_written)

    assert as_written.ANSWERED_WITHIN_S + as_written.TOKEN_WITHIN_S < 3


def test_strangers_do_not_make_it_expensive(monkeypatch):
    """Those who ask at a time, or shortly after, get one answer; a while later it is looked at again."""
    monkeypatch.setattr(health, "KEPT_S", 3)
    now, looked = [100.0], []

    async def check():
        looked.append(now[0])
        await asyncio.sleep(0)
        if now[0] > 100:
            raise OSError("It is broken.")

    async def asked():
        readiness = Readiness({"The storage": check}, clock=lambda: now[0])
        together = await asyncio.gather(*(readiness.problems() for _ in range(50)))
        now[0] += 2.9
        shortly = await readiness.problems()
        now[0] += 0.2
        later = await readiness.problems()
        return set(together), shortly, later

    assert ({()}, (), ("It is broken.",)) == asyncio.run(asked())
    assert 2 == len(looked)
