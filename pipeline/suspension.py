"""Lets the programs of a job stand still and go on: none of what they have in memory is lost. Owns the wish only.

What starts a program looks at the wish while it runs. A program that stands still is ended like any other.
"""

from __future__ import annotations

import contextlib
import threading
from typing import Protocol

import psutil


class Suspension:
    """Whether the programs of one job are to stand still. Thread-safe."""

    def __init__(self) -> None:
        self._wanted = threading.Event()

    @property
    def wanted(self) -> bool:
        """Whether they are to stand still now."""
        return self._wanted.is_set()

    def set(self, wanted: bool) -> None:
        """Let them stand still, or go on."""
        if wanted:
            self._wanted.set()
        else:
            self._wanted.clear()


class RunningProgram(Protocol):
    """A program that was started, as `subprocess` has it."""

    pid: int

    def poll(self) -> int | None:
        """Return its exit status, None while it runs."""
        ...


class SuspendedProgram:
    """Lets one program follow a suspension; used by the thread that waits for it."""

    def __init__(self, process: RunningProgram, suspension: Suspension) -> None:
        self._process = process
        self._suspension = suspension
        self.stands_still = False

    def follow(self) -> None:
        """Do what is wanted now."""
        self._set(self._suspension.wanted)

    def let_go(self) -> None:
        """Let the program go on, so that it can end."""
        self._set(False)

    def _set(self, still: bool) -> None:
        if still is self.stands_still or self._process.poll() is not None:
            return
        # SIGSTOP and SIGCONT, NtSuspendProcess and NtResumeProcess (psutil's documentation, Process.suspend)
        with contextlib.suppress(psutil.Error, OSError):
            program = psutil.Process(self._process.pid)
            program.suspend() if still else program.resume()
            self.stands_still = still
