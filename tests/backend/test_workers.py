"""Several processes at one address: they share the work, are replaced, and end with the one that looks after them."""

import os
import pickle
import signal
from dataclasses import replace
from types import SimpleNamespace

import pytest
from backend_process import TOKEN, running_backend
from backend_workers import replaced, standing_still, until, workers_of
from held_upload import WHOLE, HeldUpload

from backend.access.signing import PRIVATE
from backend.serving.connection_limits import ConnectionLimits
from backend.serving.workers import MOST_RESTARTS, RESTARTS_S, Restarts, _Workers
from backend.settings import BackendSettings
from config import Config
from pipeline.errors import SettingsError
from server_config import ReferenceBackend, S3Storage

OTHER = "another-token-that-only-tests-know"
posix = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signals")


def allowed(backend, token):
    """Whether the backend takes a token."""
    return backend.ask("GET", "/api/admin/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 200


@posix
def test_each_serves_alone_takes_settings_over_and_is_replaced(tmp_path):
    """While one stands still the other answers; SIGHUP reaches both, and whoever takes the place of one."""
    env_file = tmp_path / "env"
    env_file.write_text(f"AUTH_TOKEN={TOKEN}\nBACKEND_WORKERS=2\n")
    with running_backend(tmp_path / "root", env_file=env_file) as backend:
        first, second = workers_of(backend)
        for worker in (first, second):
            with standing_still(worker):
                assert all(allowed(backend, TOKEN) for _ in range(3))
        env_file.write_text(f"AUTH_TOKEN={OTHER}\nBACKEND_WORKERS=3\n")
        backend.send(signal.SIGHUP)
        backend.logged(lambda line: "Restart the backend to change BACKEND_WORKERS" in line)
        until(lambda: 2 == sum("read anew" in line for line in backend.log))
        for worker in (first, second):
            with standing_still(worker):
                assert (False, True) == (allowed(backend, TOKEN), allowed(backend, OTHER))
        first.kill()
        backend.logged(lambda line: "was ended by signal 9: another takes its place" in line)
        until(lambda: replaced(backend, first))
        with standing_still(second):
            assert (False, True) == (allowed(backend, TOKEN), allowed(backend, OTHER))
        backend.send(signal.SIGTERM)
        assert 0 == backend.ended()


@posix
def test_sigterm_drains_all(tmp_path):
    """An upload ends, new ones are refused, status 0, nobody is left; systemd sends the signal to each process."""
    root = tmp_path / "root"
    with running_backend(root, BACKEND_WORKERS="2", BACKEND_DRAIN_SECONDS="100000") as backend:
        workers = workers_of(backend)
        upload = HeldUpload(backend.signed_url("a.ts"))
        os.killpg(backend.process.pid, signal.SIGTERM)
        backend.logged(lambda line: "Stopping:" in line)
        until(lambda: len(workers_of(backend)) == 1)
        refused = backend.ask("POST", "/api/s3/presign", json={"files": []})
        assert (503, 200, 0) == (refused.status_code, upload.finish(), backend.ended())
        until(lambda: not any(worker.is_running() for worker in workers))

    assert WHOLE == (root / "a.ts").read_bytes()


@posix
def test_ctrl_c_ends_all_quietly(tmp_path):
    """A terminal sends it to every process."""
    with running_backend(tmp_path / "root", "--workers", "2") as backend:
        workers = workers_of(backend)
        os.killpg(backend.process.pid, signal.SIGINT)
        assert 0 == backend.ended()
        until(lambda: not any(worker.is_running() for worker in workers))

    assert [] == backend.log


def test_workers_end_when_nobody_looks_after_them(tmp_path):
    """After kill -9 of the first process none goes on."""
    with running_backend(tmp_path / "root", "--workers", "2") as backend:
        workers = workers_of(backend)
        backend.process.kill()
        until(lambda: not any(worker.is_running() for worker in workers))

    assert 2 == len(workers)


def test_what_no_worker_can_do_is_said_once(tmp_path):
    """Nothing is served where the first one can't begin."""
    private = tmp_path / "root" / PRIVATE
    private.mkdir(parents=True)
    (private / "records.sqlite3").write_bytes(b"no database" * 100)
    with pytest.raises(AssertionError) as refused, running_backend(tmp_path / "root", "--workers", "2"):
        pytest.fail("It serves.")

    said = str(refused.value)
    assert said.startswith("hls-converter: ")
    assert 1 == said.count("records.sqlite3")
    assert "Traceback" not in said


def test_settings_reach_a_worker_as_they_are(tmp_path):
    """Also those of a bucket."""
    s3 = S3Storage(bucket="videos", access_key_id="id", secret_access_key="hush", put_headers="x-amz-acl: private")
    server = ReferenceBackend(storage_type="S3", local_path=tmp_path, s3=s3, metrics=True)
    settings = BackendSettings.from_config(Config(server=server))

    assert settings == pickle.loads(pickle.dumps(settings))


def test_restarts_have_an_end():
    """So many within a minute and no more; those of long ago do not count."""
    now = [0.0]
    restarts = Restarts(lambda: now[0])
    first = [restarts.one_more() for _ in range(MOST_RESTARTS + 1)]
    now[0] = RESTARTS_S + 1
    assert ([True] * MOST_RESTARTS + [False], True) == (first, restarts.one_more())


def not_started(tmp_path, **limits):
    """Return what looks after four workers, none of which has been started."""
    settings = BackendSettings.from_config(Config(), root=tmp_path)
    return _Workers(replace(settings, workers=4, limits=ConnectionLimits(**limits)), None, None)


@pytest.mark.parametrize(("in_all", "for_each"), [(10, 2), (3, 1), (None, None)])
def test_connections_are_for_all_workers_together(tmp_path, in_all, for_each):
    """Each has its share of a number that was set; what follows from the files that may be open holds for each."""
    assert for_each == not_started(tmp_path, max_connections=in_all)._own_settings().limits.max_connections


def test_workers_that_end_one_after_the_other_end_the_backend(tmp_path, monkeypatch):
    """With an error, so that whoever started it can tell; until then each is replaced."""
    looked_after, begun = not_started(tmp_path), []
    monkeypatch.setattr(looked_after, "_new", begun.append)
    ended = SimpleNamespace(
        number=1, process=SimpleNamespace(exitcode=1), hear=lambda: None, link=SimpleNamespace(close=lambda: None)
    )
    for _ in range(MOST_RESTARTS):
        looked_after._all = [ended]
        looked_after._replace(ended)
    looked_after._all = [ended]

    with pytest.raises(SettingsError, match=f"{MOST_RESTARTS + 1} of its workers ended unexpectedly"):
        looked_after._replace(ended)
    assert [1] * MOST_RESTARTS == begun
