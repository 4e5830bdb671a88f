"""Real processes on one queue: they share its jobs, and one that is killed or suspended loses its own to another."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.job_owner import JobOwner, Liveness
from pipeline.job_store import JobStore
from pipeline.leases import LEASE_S, LONGEST_STEP_S
from pipeline.queued_job import JobState

WORKER = Path(__file__).resolve().parents[1] / "support" / "queue_worker.py"
DEADLINE_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Workers:
    """A folder with a queue, and the processes that work on it."""

    folder: Path
    started: list[subprocess.Popen[bytes]]

    @property
    def file(self) -> Path:
        """The queue."""
        return self.folder / "queue.sqlite3"

    def start(self, count: int) -> subprocess.Popen[bytes]:
        """Start a process whose list has so many jobs; it waits for `go` when it has queued them."""
        arguments = [sys.executable, str(WORKER), str(self.file), str(self.folder), str(count)]
        self.started.append(subprocess.Popen(arguments))
        process = self.started[-1]
        self.wait(lambda: "ready" in self.said(process))
        return process

    def said(self, process: subprocess.Popen[bytes]) -> list[str]:
        """Return what a process has noted."""
        log = self.folder / "log"
        lines = [line.split(" ", 1) for line in log.read_text().splitlines()] if log.exists() else []
        return [text for pid, text in lines if pid == str(process.pid)]

    def done(self) -> list[str]:
        """Return what was done, by whomever."""
        lines = (self.folder / "log").read_text().splitlines()
        return sorted(line.split()[2] for line in lines if line.split()[1] == "done")

    def wait(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so. Raises TimeoutError."""
        end = time.monotonic() + DEADLINE_S
        while not condition():
            if time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.01)

    def set(self, name: str, *, there: bool = True) -> None:
        """Put a note into the folder that the processes look for, or take it away."""
        if there:
            (self.folder / name).touch()
        else:
            (self.folder / name).unlink()

    def states(self) -> set[JobState]:
        """Return how far the jobs are."""
        with JobStore(self.file) as store:
            return {one.state for one in store.all()}


@pytest.fixture
def workers(tmp_path) -> Iterator[Workers]:
    """No process yet; none is left."""
    found = Workers(folder=tmp_path, started=[])
    yield found
    for process in found.started:
        process.kill()
        process.wait()


def test_two_processes_share_one_list(workers):
    """Each job is done once, by one of them, and both end well."""
    both = [workers.start(60), workers.start(60)]
    workers.set("go")
    assert [0, 0] == [process.wait(DEADLINE_S) for process in both]
    assert sorted(f"lesson{number}" for number in range(60)) == workers.done()
    assert {JobState.DONE} == workers.states()


def test_a_killed_process_leaves_its_job_to_the_other(workers):
    """At once, and nothing else of it is lost."""
    workers.set("hold")
    workers.set("go")
    killed = workers.start(3)
    workers.wait(lambda: "begun lesson0" in workers.said(killed))
    killed.send_signal(signal.SIGKILL)
    other = workers.start(3)
    workers.set("hold", there=False)
    assert 0 == other.wait(DEADLINE_S)
    assert ["lesson0", "lesson1", "lesson2"] == workers.done()
    assert [] == [text for text in workers.said(killed) if text.startswith("done")]
    assert {JobState.DONE} == workers.states()


def test_a_process_that_is_killed_while_another_waits_is_followed_at_once(workers):
    """The other need not be started again."""
    workers.set("hold")
    first, second = workers.start(1), workers.start(1)
    workers.set("go")
    workers.wait(lambda: "begun lesson0" in workers.said(first) + workers.said(second))
    busy, idle = (first, second) if "begun lesson0" in workers.said(first) else (second, first)
    busy.send_signal(signal.SIGKILL)
    workers.wait(lambda: "begun lesson0" in workers.said(idle))
    workers.set("hold", there=False)
    assert (0, ["lesson0"]) == (idle.wait(DEADLINE_S), workers.done())


def test_a_process_that_is_suspended_beyond_its_lease_notices_that_it_lost_its_job(workers):
    """As of a computer that is asleep; what it does on waking changes nothing of what the other did."""
    workers.set("hold")
    workers.set("go")
    suspended = workers.start(1)
    workers.wait(lambda: "begun lesson0" in workers.said(suspended))
    workers.set("suspend")
    time_s, owner = [0.0], JobOwner.current()
    with JobStore(workers.file, monotonic=lambda: time_s[0]) as store:
        (job,) = store.all()
        workers.wait(lambda: job.owner.liveness() is Liveness.SUSPENDED)
        looks = 0
        while (claimed := store.claim([job.id], owner)) is None:
            time_s[0], looks = time_s[0] + LONGEST_STEP_S, looks + 1
        assert (LEASE_S, job.id) == (looks * LONGEST_STEP_S, claimed.id)
        workers.set("suspend", there=False)
        os.kill(suspended.pid, signal.SIGCONT)
        workers.wait(lambda: "lost lesson0" in workers.said(suspended))
        (now,) = store.of([job.id])
        assert (JobState.RUNNING, owner, []) == (now.state, now.owner, workers.done())
        assert store.cancel(job.id)
    assert 0 == suspended.wait(DEADLINE_S)


def test_a_process_that_is_suspended_for_less_keeps_its_job(workers):
    """Ctrl-Z and `fg` are no reason to begin anew."""
    workers.set("hold")
    workers.set("go")
    suspended = workers.start(1)
    workers.wait(lambda: "begun lesson0" in workers.said(suspended))
    workers.set("suspend")
    time_s = [0.0]
    with JobStore(workers.file, monotonic=lambda: time_s[0]) as store:
        (job,) = store.all()
        workers.wait(lambda: job.owner.liveness() is Liveness.SUSPENDED)
        while time_s[0] < LEASE_S:
            assert store.claim([job.id], JobOwner.current()) is None
            time_s[0] += LONGEST_STEP_S
    workers.set("suspend", there=False)
    os.kill(suspended.pid, signal.SIGCONT)
    workers.set("hold", there=False)
    assert (0, ["lesson0"]) == (suspended.wait(DEADLINE_S), workers.done())
