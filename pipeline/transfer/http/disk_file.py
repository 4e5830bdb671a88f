"""Opens an ordinary file to send where it was found, and again where a disk or network drive falters."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pipeline.errors import TransferError

_PASSING = (errno.EIO, getattr(errno, "ESTALE", errno.EIO))
"""What a drive says that was away for a moment: the next try may well succeed."""

# Without waiting: a pipe without a writer would hold up whoever opens it, and no cancel would end that.
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)

T = TypeVar("T")


def retry_once(work: Callable[[], T]) -> T:
    """Return what `work` returns; where the drive falters, try it a second time. Raises OSError."""
    try:
        return work()
    except OSError as error:
        if error.errno not in _PASSING:
            raise
        return work()


def open_ordinary(path: Path, home: Path | None) -> io.FileIO:
    """Open a file for reading, once more where the drive falters.

    Raises OSError, and TransferError for what is not an ordinary file.

    `home` is the folder that it was found in: what has become a link that leads out of there since is refused. Without
    one, the file was named by somebody, and links are followed.
    """
    return retry_once(lambda: _open(path, home))


def _open(path: Path, home: Path | None) -> io.FileIO:
    flags = _FLAGS
    real = path
    if home is not None:
        flags |= _NO_LINK
        real = _inside(path, home)
    descriptor = os.open(real, flags)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise TransferError(f"{path} is not an ordinary file: put one there, then start again.")
        return io.FileIO(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def _inside(path: Path, home: Path) -> Path:
    """Return where a file really lies. Raises TransferError where links lead out of the folder."""
    links = path.is_symlink() or any(
        parent.is_symlink() for parent in path.parents[: len(path.parts) - len(home.parts) - 1]
    )
    if not links:
        return path
    real = path.resolve()
    if not real.is_relative_to(home.resolve()):
        raise TransferError(
            f"{path} has become a link that leads out of {home}: put the file itself there, then start again."
        )
    return real
