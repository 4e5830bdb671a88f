"""Whether a process is there: one that runs, is suspended, gone, a zombie, on another machine or hidden."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest

from pipeline import job_owner
from pipeline.job_owner import JobOwner, Liveness

CHILD = "from pipeline.job_owner import JobOwner; o = JobOwner.current(); print(o.pid, o.started, flush=True); input()"
DEADLINE_S = 60.0


@pytest.fixture(params=["proc", "psutil"])
def way(request, monkeypatch):
    """Both ways to look: that of Linux and that of the others."""
    if request.param == "psutil":
        monkeypatch.setattr(job_owner, "_look", job_owner._look_elsewhere)
    return request.param


@pytest.fixture
def child():
    """A process that waits until it is ended."""
    process = subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    yield process
    process.kill()
    process.communicate()


def owner_of(pid: int) -> JobOwner:
    """Return a process as an owner."""
    return replace(JobOwner.current(), pid=pid, started=job_owner._look(pid)[0])


def wait_for(owner: JobOwner, wanted: Liveness) -> Liveness:
    """Look until that is found, or for long enough; return what was seen last."""
    end = time.monotonic() + DEADLINE_S
    while owner.liveness() is not wanted and time.monotonic() < end:
        time.sleep(0.01)
    return owner.liveness()


def test_this_process_is_there(way):
    """Looked at twice it is the same."""
    assert JobOwner.current() == JobOwner.current()
    assert Liveness.ALIVE is JobOwner.current().liveness()


def test_a_child_sees_itself_as_others_see_it():
    """What one process stores another compares."""
    with subprocess.Popen(
        [sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as it:
        pid, started = it.stdout.readline().split()
        seen = owner_of(it.pid)
        it.stdin.close()
    assert (seen.pid, seen.started) == (int(pid), started)


def test_a_suspended_process_is_told_from_one_that_works(way, child):
    """As by Ctrl-Z."""
    owner = owner_of(child.pid)
    os.kill(child.pid, signal.SIGSTOP)
    assert Liveness.SUSPENDED is wait_for(owner, Liveness.SUSPENDED)
    os.kill(child.pid, signal.SIGCONT)
    assert Liveness.ALIVE is wait_for(owner, Liveness.ALIVE)


def test_a_killed_process_is_gone_before_anybody_asks_how_it_ended(way, child):
    """A zombie works on nothing."""
    owner = owner_of(child.pid)
    child.kill()
    assert Liveness.GONE is wait_for(owner, Liveness.GONE)
    child.wait()
    assert Liveness.GONE is owner.liveness()


def test_another_process_of_the_same_number_is_not_the_owner(way):
    """It began at another time."""
    assert Liveness.GONE is replace(JobOwner.current(), started="another time").liveness()


def test_nothing_is_known_of_another_machine():
    """Nor of another container, whose processes have numbers of their own."""
    here = JobOwner.current()
    assert Liveness.UNKNOWN is replace(here, machine="another").liveness()
    assert Liveness.UNKNOWN is replace(here, machine=f"{here.host}/4026531000").liveness()


def test_a_process_that_is_hidden_is_not_gone(monkeypatch, tmp_path):
    """Linux may hide other users' (hidepid)."""
    here = JobOwner.current()
    boot = tmp_path / "sys" / "kernel" / "random"
    boot.mkdir(parents=True)
    (boot / "boot_id").write_text("x")
    (tmp_path / "self").symlink_to("/proc/self")
    monkeypatch.setattr(job_owner, "PROC", tmp_path)
    assert Liveness.UNKNOWN is here.liveness()


def test_without_proc_nothing_is_known_and_every_process_is_another(monkeypatch, tmp_path):
    """Not even this one, so the lease decides."""
    monkeypatch.setattr(job_owner, "PROC", tmp_path)
    assert Liveness.UNKNOWN is JobOwner.current().liveness()
    assert JobOwner.current() != JobOwner.current()


def test_a_process_that_may_not_be_looked_at_is_unknown(monkeypatch):
    """As another user's on Windows or macOS."""

    def refused(pid):
        raise psutil.AccessDenied(pid)

    here = JobOwner.current()
    monkeypatch.setattr(job_owner, "_look", refused)
    assert Liveness.UNKNOWN is here.liveness()
