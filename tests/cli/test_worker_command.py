"""`worker` on the command line: what it says while it works."""

import io
import subprocess
import sys
import threading
import time
import uuid
from argparse import Namespace

import pytest
from program import ROOT

from cli import worker
from cli.main import run_command
from config import Config
from pipeline import machine_use
from pipeline.engines.procrastinate.database import QueueRefusesError, QueueUnreachableError
from pipeline.machine_use import CpuSeconds


class ClosedPipe(io.StringIO):
    """Standard output whose reader has gone."""

    def write(self, _text):
        """Fail as a pipe does."""
        raise BrokenPipeError(32, "Broken pipe")


def test_a_worker_whose_output_nobody_reads_goes_on(monkeypatch):
    """A line that can't be written is left out; it ends neither the worker nor the job that it is about."""
    monkeypatch.setattr("sys.stdout", ClosedPipe())

    assert worker._say("lesson: done.") is None


def test_no_input_at_all_has_ended(monkeypatch):
    """As where the program that starts a worker has closed it."""
    monkeypatch.setattr("sys.stdin", None)
    stopped = []
    worker._stop_when_input_ends(lambda: stopped.append(True))
    assert [True] == stopped


def test_an_input_that_is_still_open_does_not_hinder_the_end():
    """The thread that reads it is left behind, and the program ends as it should."""
    program = """if True:
        import threading
        from cli.worker import _stop_when_input_ends
        threading.Thread(target=_stop_when_input_ends, args=(print,), daemon=True).start()
    """
    child = subprocess.Popen([sys.executable, "-c", program], stdin=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)
    with child:
        assert 0 == child.wait(300), child.stderr.read()


@pytest.mark.parametrize("idle_only", [False, True])
def test_only_a_worker_that_gives_way_looks_how_busy_its_machine_is(monkeypatch, tmp_path, idle_only):
    """The others work all the same, and need not ask every process in every turn."""
    looked = []
    monkeypatch.setattr(
        machine_use,
        "cpu_seconds_now",
        lambda: looked.append(1) or CpuSeconds(at_s=time.monotonic(), everyone_s=0, own_s=0),
    )
    decide = worker._decide(Namespace(between=None, idle_only=idle_only, disk=0), tmp_path)
    decide()
    assert idle_only == bool(looked)


class GoneDatabase:
    """A queue's server that answers in turn as it is told."""

    def __init__(self, monkeypatch, *answers):
        self.answers = list(answers)
        monkeypatch.setattr("pipeline.engines.procrastinate.schema.check_tables", lambda _database: self.answer())

    def answer(self):
        """Return the next answer, or raise it."""
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


class StoppedAfter(threading.Event):
    """Passes without a pause, and is set after so many waits."""

    def __init__(self, waits):
        super().__init__()
        self.waits = waits

    def wait(self, timeout=None):
        """Count the wait."""
        self.waits -= 1
        if self.waits == 0:
            self.set()
        return self.is_set()


GONE = QueueUnreachableError("The queue at db/hls can't be reached (Connection refused): check that it is running.")


def test_a_worker_that_starts_waits_for_its_queue(monkeypatch, capsys):
    """A machine that is switched on may be faster than the server; it says so once for each reason."""
    id_ = uuid.uuid4()
    database = GoneDatabase(monkeypatch, GONE, GONE, id_)
    assert id_ == worker._queue_id(database, StoppedAfter(9))
    assert [f"{GONE} Trying again.", "The queue can be reached again."] == capsys.readouterr().out.splitlines()


def test_a_worker_that_waits_for_its_queue_can_be_stopped(monkeypatch):
    """As by the window that has started it."""
    assert worker._queue_id(GoneDatabase(monkeypatch, GONE, GONE, GONE), StoppedAfter(2)) is None


def test_a_login_that_is_refused_is_said_at_once(monkeypatch):
    """No waiting mends that."""
    refused = QueueRefusesError("The queue at db/hls can't be reached (password authentication failed).")
    with pytest.raises(QueueRefusesError):
        worker._queue_id(GoneDatabase(monkeypatch, refused), StoppedAfter(1))


@pytest.mark.parametrize(
    ("option", "value"),
    [("--lease", value) for value in ("-5", "0", "2.9", "nan", "inf", "soon", "1e9")]
    + [("--drain", value) for value in ("-5", "nan", "inf", "soon")],
)
def test_times_that_are_none(capsys, option, value):
    """A lease or a drain that nobody can keep is refused before anything is reached."""
    with pytest.raises(SystemExit) as ended:
        run_command(["worker", f"{option}={value}"], Config())
    assert (2, True) == (ended.value.code, f"Argument {option}: takes " in capsys.readouterr().err)
