"""`demo`, `doctor` and `backend` as a newcomer runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import urllib.request

import pytest
from program import command, start

from backend.state.storage_root import init_root


def test_the_demo_converts_uploads_and_compares(tmp_path, run, sample):
    """Everything that was made is in the store, and the words are those that are said; again in the same folder, too.

    There it begins from nothing.
    """
    said = " / ".join(sample.with_suffix(".txt").read_text(encoding="utf-8").split("\n")[:4])
    for _ in range(2):
        done = run("demo", "-o", tmp_path / "demo")
        assert (0, "", True, True) == (
            done.returncode,
            done.stderr,
            "Verified: all 28 files" in done.stdout,
            said in done.stdout,
        )


def test_the_doctor_tells_what_is_here(run, backend):
    """ffmpeg and the backend are found."""
    done = run("doctor")
    assert (0, True, True) == (
        done.returncode,
        "\nffmpeg      " in done.stdout,
        f"Connected to {backend.url}" in done.stdout,
    )


@pytest.mark.parametrize("token", ["", "a-token-of-ones-own-for-years"], ids=["made", "from the environment"])
def test_the_backend_prints_where_it_is_and_a_token_that_it_made(tmp_path, token):
    """A token from the environment is not shown; Ctrl-C ends it in order."""
    environment = {**os.environ, "AUTH_TOKEN": token}
    subprocess.run(command("backend", "--init", "--root", tmp_path / "store"), check=True, capture_output=True)
    with start(command("backend", "--port", "0", "--root", tmp_path / "store"), environment) as process:
        shown = ""
        for line in process.stdout:
            shown += line
            if "Ctrl-C" in line:
                break
        facts = dict(line.split(":", 1) for line in shown.splitlines() if ":" in line)
        used = token or facts["Token"].strip()
        request = urllib.request.Request(
            facts["Backend"].strip() + "/api/admin/auth/me", headers={"Authorization": f"Bearer {used}"}
        )
        with urllib.request.urlopen(request) as answer:
            status = answer.status
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=300)
    assert (200, not token, 0) == (status, "Token:" in shown, process.returncode)
    assert token == "" or token not in shown


def test_a_port_that_is_taken_is_one_sentence(tmp_path, backend):
    """Exit 2 and what to do."""
    port = backend.url.rsplit(":", 1)[1]
    init_root(tmp_path / "store")
    done = subprocess.run(
        command("backend", "--port", port, "--root", tmp_path / "store"), capture_output=True, text=True
    )
    assert (2, 1, True) == (done.returncode, len(done.stderr.splitlines()), port in done.stderr)
