"""The benchmark of uploads and the S3 server of the tests give up in one sentence when a server has died."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import s3_server
from program import ROOT

GONE = "ceph-osd has ended with status 1 (the disk is on fire)"
STAND_INS = {
    "monmaptool": "",
    "ceph-authtool": "",
    "ceph-mon": 'case "$*" in *--mkfs*) ;; *) exec sleep 60 ;; esac',
    "ceph-osd": (
        'case "$*" in *--mkfs*) echo 1 > "$(dirname "$2")/osd/fsid" ;; *) echo the disk is on fire; exit 1 ;; esac'
    ),
    "ceph": "echo 0 up",
    "radosgw": "exec sleep 60",
    "radosgw-admin": "",
}
"""Programs of an S3 server whose store ends as soon as it is started."""

TRIAL = """
import sys
sys.path[:0] = sys.argv[1:2]
import upload_servers
from upload import timed
upload_servers.LOOK_S, upload_servers.STOP_S, upload_servers.LONGEST_S = 0.05, 0.2, float(sys.argv[3])
"""
TIMED = f"{TRIAL}timed([sys.executable, '-c', 'import time; time.sleep(60)'], {{}}, lambda: sys.argv[2])"
STARTED = f"""{TRIAL}
from argparse import Namespace
from pathlib import Path
with upload_servers.an_s3_server(Path(sys.argv[2]), Namespace(endpoint=None, bucket="benchmark")):
    pass
"""
STUBBORN = f"""{TRIAL}
import signal, subprocess
child = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()"
command = [sys.executable, "-c", child]
with upload_servers.ended(subprocess.Popen(command, stdout=subprocess.PIPE, text=True)) as process:
    process.stdout.readline()
print(process.returncode)
"""


@pytest.fixture
def dying_server(tmp_path, monkeypatch):
    """Put the stand-ins in the place of Ceph's programs."""
    for name, script in STAND_INS.items():
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a script beside the benchmarks."""
    command = [sys.executable, "-c", script, str(ROOT / "benchmarks"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=1200, check=False)


@pytest.mark.usefixtures("dying_server")
def test_a_store_that_ends_is_named(tmp_path):
    """Nobody waits for a store that is not there any more."""
    with pytest.raises(s3_server.ServerFailedError) as failed, s3_server.running(tmp_path / "s"):
        pass
    assert GONE == str(failed.value)


def test_a_server_tells_of_a_store_that_ended_later(tmp_path):
    """Whoever sends something there would wait for ever."""
    log = tmp_path / "ceph-osd.out"
    log.write_text("started\nthe disk is on fire\n", encoding="ascii")
    with subprocess.Popen([sys.executable, "-c", "input(); raise SystemExit(1)"], stdin=subprocess.PIPE) as process:
        daemon = s3_server.Daemon(name="ceph-osd", process=process, log=log)
        server = s3_server.S3Server(endpoint_url="http://127.0.0.1:9", daemons=[daemon])
        before = server.trouble
        process.communicate(b"\n", timeout=300)
        assert ("", GONE) == (before, server.trouble)


@pytest.mark.usefixtures("dying_server")
def test_the_benchmark_ends_where_the_server_does_not_start(tmp_path):
    """One sentence, and what to do."""
    ended = run(STARTED, str(tmp_path), "60")
    said = f"The S3 server did not start: {GONE}. Start the benchmark again, or use --endpoint.\n"
    assert (1, said) == (ended.returncode, ended.stderr)


@pytest.mark.parametrize(
    ("trouble", "longest_s", "why"),
    [(GONE, "60", GONE), ("", "0.1", "it was not done after 0 s")],
    ids=["its server has ended", "it takes too long"],
)
def test_an_upload_that_gets_nowhere_is_ended(trouble, longest_s, why):
    """It would wait for a server that is gone as long as it has patience, or for ever."""
    ended = run(TIMED, trouble, longest_s)
    said = f"{Path(sys.executable).name} was ended: {why}. Start the benchmark again, or use --endpoint.\n"
    assert (1, said) == (ended.returncode, ended.stderr)


def test_a_backend_that_does_not_end_is_killed():
    """It may wait for the answers of a server that is gone."""
    ended = run(STUBBORN, "", "60")
    assert (0, f"{-signal.SIGKILL}\n") == (ended.returncode, ended.stdout), ended.stderr
