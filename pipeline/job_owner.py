"""Which process works on a job, and whether that process still exists.

A process is identified by its number and its start, so that it is not confused with a later one of the same number.
The start is not a time by a clock: clocks may be set while it runs.
"""

from __future__ import annotations

import os
import platform
import sys
import uuid
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import psutil

PROC = Path("/proc")
START_FIELD = 22
"""Which field of /proc/PID/stat says when the process began, in ticks since the machine did (proc(5))."""


class Liveness(Enum):
    """The state of a process. SUSPENDED: it exists but does nothing; UNKNOWN: it is on another machine."""

    ALIVE = "alive"
    SUSPENDED = "suspended"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class JobOwner:
    """A process that works on jobs. `machine` is where its number is valid: a container has its own numbers.

    `started` is only compared: its form depends on the system.
    """

    machine: str
    pid: int
    started: str

    @classmethod
    def current(cls) -> JobOwner:
        """Return this process."""
        pid = os.getpid()
        try:
            started = _look(pid)[0]
        except (OSError, psutil.AccessDenied):
            started = None
        return cls(machine=_machine(), pid=pid, started=started or uuid.uuid4().hex)

    def liveness(self) -> Liveness:
        """Return whether the process still exists."""
        if self.machine != _machine():
            return Liveness.UNKNOWN
        try:
            started, state = _look(self.pid)
        except (OSError, psutil.AccessDenied):  # the system hides other users' processes
            return Liveness.UNKNOWN
        return state if started == self.started else Liveness.GONE

    @property
    def host(self) -> str:
        """The name of the machine."""
        return self.machine.partition("/")[0]


def _machine() -> str:
    """Return the machine's name, on Linux with the set of processes that can be seen from here: a container's own."""
    name = platform.node() or "this computer"
    if not sys.platform.startswith("linux"):
        return name
    try:
        return f"{name}/{(PROC / 'self/ns/pid').stat().st_ino}"
    except OSError:
        return name


def _look(pid: int) -> tuple[str | None, Liveness]:
    """Return when a process began, None where there is none, and how it is. Raises OSError, psutil.AccessDenied."""
    return _look_on_linux(pid) if sys.platform.startswith("linux") else _look_elsewhere(pid)


def _look_on_linux(pid: int) -> tuple[str | None, Liveness]:
    # not psutil's time, which is reckoned from the clock and moves when that is set
    boot = (PROC / "sys/kernel/random/boot_id").read_text().strip()
    try:
        stat = (PROC / str(pid) / "stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        if psutil.pid_exists(pid):  # and is hidden from this user (hidepid, proc(5))
            raise
        return None, Liveness.GONE
    fields = stat.rpartition(")")[2].split()  # from the third on: the name may have blanks and brackets in it
    return f"{boot}:{fields[START_FIELD - 3]}", _liveness(fields[0])


def _liveness(state: str) -> Liveness:
    """Return what the letter of a process's state means (proc(5))."""
    if state in ("Z", "X", "x"):
        return Liveness.GONE
    return Liveness.SUSPENDED if state == "T" else Liveness.ALIVE


def _look_elsewhere(pid: int) -> tuple[str | None, Liveness]:
    try:
        process = psutil.Process(pid)
        state = process.status()
        started = f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:  # which a zombie is, too
        return None, Liveness.GONE
    if state in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
        return started, Liveness.GONE
    return started, Liveness.SUSPENDED if state == psutil.STATUS_STOPPED else Liveness.ALIVE
