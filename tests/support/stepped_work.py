"""A program that stops after each piece of its work until the test lets it go on: it is killed in the middle, however
fast or slow the machine is.

The program is a process of the test's own, in a process group of its own. It calls `stop_after_pieces` before it
begins, which does something only where STEPS in its environment names a file; it stops as long as that is there.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from pipeline.checkpoints import Checkpoints
from pipeline.speech.recognition_log import RecognitionLog
from pipeline.work_log import WorkLog

HANGS_S = 600
POLL_S = 0.02
PIECES: tuple[tuple[type, str], ...] = ((Checkpoints, "finish"), (RecognitionLog, "add"), (WorkLog, "add"))
"""What notes that a piece is finished."""


def stop_after_pieces() -> None:
    """Let this process suspend itself whenever a piece of its work has been noted as finished."""
    if "STEPS" in os.environ:
        for owner, name in PIECES:
            setattr(owner, name, _with_a_stop(getattr(owner, name), Path(os.environ["STEPS"])))


def _with_a_stop(note: Callable[..., None], steps: Path) -> Callable[..., None]:
    @wraps(note)
    def noted(*arguments: Any) -> None:
        note(*arguments)
        if steps.exists():
            os.kill(os.getpid(), signal.SIGSTOP)

    return noted


def start_stepping(command: list[str], steps: Path, **options: Any) -> subprocess.Popen[bytes]:
    """Start a program that stops after each piece as long as the file `steps` is there."""
    steps.touch()
    return subprocess.Popen(command, env={**os.environ, "STEPS": str(steps)}, start_new_session=True, **options)


def step_until(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """Let a program go on from piece to piece until something is so, which is asked while it is suspended; it stays
    suspended then.
    """
    deadline_s = time.monotonic() + HANGS_S
    while True:
        assert time.monotonic() < deadline_s
        state = os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if state is None:
            time.sleep(POLL_S)
            continue
        assert state.si_code == os.CLD_STOPPED, "it ended before it came so far"
        if reached():
            return
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        os.kill(process.pid, signal.SIGCONT)


def kill_when(process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """Do the same, and kill the program and all of its group where it is."""
    try:
        step_until(process, reached)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
