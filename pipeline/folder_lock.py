"""Keeps two runs from working on one job's folder at the same time.

The system frees the lock of a process that dies.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import FolderInUseError, OutputError


@contextmanager
def locked(path: Path, folder: Path) -> Iterator[None]:
    """Hold the lock file `path` for the work on `folder` while the block runs; the file is gone afterwards.

    Raises FolderInUseError when another run has it, OutputError when the file can't be made.
    """
    file = _acquire(path, folder)
    try:
        yield
    finally:
        if sys.platform == "win32":  # an open file can't be removed there
            file.close()
            path.unlink(missing_ok=True)
        else:
            path.unlink(missing_ok=True)
            file.close()


def _acquire(path: Path, folder: Path) -> IO[bytes]:
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("ab")
        except OSError as error:
            raise OutputError(
                f"The output folder {path.parent} can't be written ({error.strerror}): choose another one."
            ) from error
        if not _try_lock(file):
            file.close()
            raise FolderInUseError(
                f"Another HLS Converter is working on {folder}: wait for it, or choose another output folder."
            )
        # the run before may have removed the file between our opening and our locking it
        if path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino:
            return file
        file.close()


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
