"""Whether the programs that are started take what nobody else on this computer wants, or their full share.

One setting for the whole process, as the system's own is: whoever begins a job sets it, and what is started from then
on follows it. The program itself keeps its priority, so that a window stays quick.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading

NICE = 10
"""How much a program gives way to others on POSIX, 0 to 19: with 19 it would hardly get on beside a browser."""

BELOW_NORMAL = 0x4000
"""BELOW_NORMAL_PRIORITY_CLASS (Windows, CreateProcess)."""

_in_background = threading.Event()


def work_in_background(wanted: bool) -> None:
    """Set whether programs that are started from now on give way to others."""
    if wanted:
        _in_background.set()
    else:
        _in_background.clear()


def creation_flags() -> int:
    """Return what to start a program with on Windows."""
    if sys.platform == "win32" and _in_background.is_set():
        return BELOW_NORMAL
    return 0


def give_way(pid: int) -> None:
    """Let a program that was just started as the leader of its process group give way, where that is wanted.

    On Windows it was started so.
    """
    if sys.platform == "win32" or not _in_background.is_set():
        return
    # of the group, since on Linux that of a process is its first thread's alone; a program that has ended has none
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PGRP, pid, NICE)
    if sys.platform == "linux":
        import psutil  # when first used: the window opens without

        with contextlib.suppress(psutil.Error, OSError):
            psutil.Process(pid).ionice(psutil.IOPRIO_CLASS_IDLE)
