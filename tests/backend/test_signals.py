"""What signals do to a backend that runs: SIGTERM lets it end in order, SIGHUP has it read its settings anew."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from backend_process import TOKEN, running_backend
from held_upload import WHOLE, HeldUpload

from backend.serving import hangup

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no such signals")
OTHER = "another-token-that-only-tests-know"


def test_sigterm_lets_what_is_under_way_end(tmp_path):
    """An upload that has begun is stored; new ones are sent away for a moment, viewers are served; then it exits 0."""
    root = tmp_path / "root"
    with running_backend(root, BACKEND_DRAIN_SECONDS="240") as backend:
        first_url, later_url = backend.signed_url("first.ts"), backend.signed_url("later.ts")
        typed = {"Content-Type": "video/mp2t"}
        assert 200 == requests.put(first_url, WHOLE, headers=typed, timeout=60).status_code
        upload = HeldUpload(backend.signed_url("a.ts"))
        backend.send(signal.SIGTERM)
        backend.logged(lambda line: "Stopping:" in line)
        refused = [
            requests.put(later_url, WHOLE, headers=typed, timeout=60),
            backend.ask("POST", "/api/admin/content/aws/uploadUrl", json={"key": "x", "contentType": "video/mp2t"}),
            backend.ask("POST", "/api/s3/presign", json={"files": [{"key": "x", "contentType": "video/mp2t"}]}),
            backend.ask("POST", "/api/s3/multipart", json={"key": "x", "contentType": "a/b", "sizeBytes": 1}),
            backend.ask("POST", "/api/s3/multipart/part", json={}),
            backend.ask("GET", "/ready"),
        ]
        viewed = requests.get(f"{backend.url}/objects/first.ts", timeout=60)
        stored = upload.finish()
        status = backend.ended()

    assert [503] * 6 == [answer.status_code for answer in refused]
    assert {"5"} == {answer.headers["Retry-After"] for answer in refused}
    assert b"<Code>ServiceUnavailable</Code>" in refused[0].content
    assert {"Stopping"} == {answer.json()["error"] for answer in refused[1:-1]}
    assert {"status": "unavailable"} == refused[-1].json()
    assert (200, WHOLE) == (viewed.status_code, viewed.content)
    assert (200, 0) == (stored, status)
    assert WHOLE == (root / "a.ts").read_bytes()
    assert not (root / "later.ts").exists()


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
def test_a_second_signal_ends_it_at_once(tmp_path, second):
    """Though an upload is under way that would have had four minutes; nothing of it is stored."""
    root = tmp_path / "root"
    with running_backend(root, BACKEND_DRAIN_SECONDS="100000") as backend:
        upload = HeldUpload(backend.signed_url("a.ts"))
        backend.send(signal.SIGTERM)
        backend.logged(lambda line: "Stopping:" in line)
        backend.send(second)
        status = backend.ended()

    assert (0, 0) == (status, upload.finish())
    assert not (root / "a.ts").exists()


def test_the_time_of_a_drain_ends(tmp_path):
    """An upload that never ends does not keep it; nothing of it is stored."""
    with running_backend(tmp_path / "root", BACKEND_DRAIN_SECONDS="0.2") as backend:
        upload = HeldUpload(backend.signed_url("a.ts"))
        backend.send(signal.SIGTERM)
        assert 0 == backend.ended()

    assert 0 == upload.finish()


def test_sighup_reads_the_settings_anew(tmp_path):
    """The token changes with the next request, the format of the log too; what began before ends as it began."""
    root, env_file = tmp_path / "root", tmp_path / "env"
    env_file.write_text(f"AUTH_TOKEN={TOKEN}\n")
    with running_backend(root, env_file=env_file) as backend:
        upload = HeldUpload(backend.signed_url("a.ts"))
        env_file.write_text(f"AUTH_TOKEN={OTHER}\nBACKEND_LOG_FORMAT=json\nPUBLIC_BASE_URL=https://v.example\n")
        backend.send(signal.SIGHUP)
        backend.logged(lambda line: "read anew" in line)
        answers = [
            backend.ask("GET", "/api/admin/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code
            for token in (TOKEN, OTHER)
        ]
        stored = upload.finish()
        backend.logged(lambda line: line.startswith("{") and "/api/admin/auth/me" in line)

    assert ([401, 200], 200) == (answers, stored)
    assert WHOLE == (root / "a.ts").read_bytes()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files are counted as Linux shows them")
def test_settings_before_keep_no_files_open(tmp_path):
    """A backend that reads its settings anew each night does not run out of them."""
    with running_backend(tmp_path / "root") as backend:
        open_files = []
        for count in range(4):
            requests.get(f"{backend.url}/objects/a.ts", timeout=60)
            open_files.append(_files_below(backend.process.pid, tmp_path / "root"))
            backend.send(signal.SIGHUP)
            backend.logged(lambda _, count=count: len([one for one in backend.log if "read anew" in one]) > count)

    assert open_files[1:] == [open_files[0]] * 3


def _files_below(pid, folder):
    """Return the names of the files below a folder that a process has open, sorted."""
    found = []
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            found.append(link.readlink())
    return sorted(file.name for file in found if file.is_relative_to(folder))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("BACKEND_LOG_FORMAT=xml", "BACKEND_LOG_FORMAT must be text or json"),
        ("STORAGE_TYPE=S3", "STORAGE_S3_BUCKET"),
    ],
    ids=["a word", "no bucket"],
)
def test_wrong_settings_leave_the_earlier_ones(tmp_path, wrong, said):
    """The log says what is wrong, and the token is still the one that it was."""
    env_file = tmp_path / "env"
    env_file.write_text(f"AUTH_TOKEN={TOKEN}\n")
    with running_backend(tmp_path / "root", env_file=env_file) as backend:
        env_file.write_text(f"AUTH_TOKEN={OTHER}\n{wrong}\n")
        backend.send(signal.SIGHUP)
        line = backend.logged(lambda line: "earlier ones stay in force" in line)
        status = backend.ask("GET", "/api/admin/auth/me").status_code

    assert said in line
    assert 200 == status


def test_what_needs_a_restart_is_named(tmp_path):
    """The rest is in force."""
    root, env_file = tmp_path / "root", tmp_path / "env"
    env_file.write_text(f"AUTH_TOKEN={TOKEN}\n")
    with running_backend(root, env_file=env_file) as backend:
        env_file.write_text("BACKEND_LOG_FORMAT=json\n")
        backend.send(signal.SIGHUP)
        line = backend.logged(lambda line: "Restart the backend" in line)
        backend.logged(lambda line: line.startswith("{") and "read anew" in line)
        status = backend.ask("GET", "/api/admin/auth/me").status_code

    assert "change AUTH_TOKEN: that stays as it was" in line
    assert 200 == status


def test_a_closed_terminal_is_no_wish_for_new_settings(monkeypatch):
    """The system says EIO then; of what is no terminal it says something else."""
    ours, theirs = os.openpty()
    with open(theirs, closefd=False) as stdin:
        monkeypatch.setattr(hangup.sys, "__stdin__", stdin)
        before = hangup.terminal_is_gone()
        os.close(ours)
        after = hangup.terminal_is_gone()
    os.close(theirs)

    assert (False, True) == (before, after)
