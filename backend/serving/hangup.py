"""SIGHUP: what an administrator sends to have settings read anew, and what a terminal sends when it is closed."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

HANGUP: signal.Signals | None = getattr(signal, "SIGHUP", None)
"""None on Windows, which has no such signal."""


@contextmanager
def on_hangup(answer: Callable[[], None]) -> Iterator[None]:
    """Inside the block SIGHUP calls `answer`; where it is ignored (`nohup`) it stays so. For the main thread alone."""
    if HANGUP is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(HANGUP)
    if before is signal.SIG_IGN:
        yield
        return

    def handle(_number: int, _frame: FrameType | None) -> None:
        answer()

    signal.signal(HANGUP, handle)
    try:
        yield
    finally:
        signal.signal(HANGUP, before)


def terminal_is_gone() -> bool:
    """Whether this process was started in a terminal that has been closed since."""
    if sys.platform == "win32" or sys.__stdin__ is None:
        return False
    try:
        os.tcgetpgrp(sys.__stdin__.fileno())
    except (OSError, ValueError) as error:
        return getattr(error, "errno", None) == errno.EIO
    return False
