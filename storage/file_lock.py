"""A lock that one thread of one process has at a time, as a file; the system frees it when a process dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ASKED_EVERY_S = 0.05


@contextmanager
def locked(file: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock while the block runs, which is told whether it has it: always, where it is waited for.

    Args:
        file: the lock's file; made if it is not there, and left.
        wait: whether to wait while others have it.

    Raises:
        OSError: the file can't be made.
    """
    with file.open("ab") as held:
        while not (has_it := _try_lock(held)) and wait:
            time.sleep(ASKED_EVERY_S)
        yield has_it


if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
