"""What is wrong with a source before it is opened, and whether it stays what it was. Knows nothing of what is in it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Protocol

from pipeline.errors import SourceChangedError, SourceError
from pipeline.files import UNFINISHED
from pipeline.media_info import SourceIdentity

BESIDE = (".aria2", ".part", ".st")
"""Files that a download program keeps beside one that it has not finished, by what is added to its name."""

KINDS = {
    stat.S_ISFIFO: "a pipe",
    stat.S_ISSOCK: "a socket",
    stat.S_ISCHR: "a device",
    stat.S_ISBLK: "a device",
}


WAIT = "wait until it is complete, then choose it again."


def check_file(path: Path) -> SourceIdentity:
    """See that this is a file with something in it, without opening what could block. Raises SourceError."""
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SourceError(f"{path} is a folder: choose a video file.")
        for is_kind, name in KINDS.items():
            if is_kind(status.st_mode):
                raise SourceError(f"{path} is {name}, not a file: save the video to a file and choose that.")
        # what was a file a moment ago may be a pipe by now, and opening one waits for somebody to write
        with open(path, "rb", opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0))) as file:
            if not file.read(1):
                raise SourceError(f"{path} is empty: {WAIT if is_unfinished(path) else 'choose a video file.'}")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise SourceError(f"{path} was not found: check the name.") from error
    except (OSError, ValueError) as error:  # a name with a null character raises ValueError
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path} can't be read ({reason}): check the file and its permissions.") from error
    return _identity(status)


def is_unfinished(path: Path) -> bool:
    """Whether its name, or a file beside it, says that this is a download which has not ended."""
    return path.suffix.lower() in UNFINISHED or any(path.with_name(path.name + more).exists() for more in BESIDE)


class ProbedFile(Protocol):
    """A file that was probed, and what it was then."""

    @property
    def path(self) -> Path:
        """Where it lies."""
        ...

    @property
    def identity(self) -> SourceIdentity | None:
        """By what it is known, None where that was not noted."""
        ...


def check_unchanged(source: ProbedFile) -> None:
    """See that a source is still what it was when it was probed. Costs one call of the system.

    Raises SourceChangedError.
    """
    if source.identity is None:
        return
    try:
        now = _identity(source.path.stat())
    except OSError as error:
        raise SourceChangedError(
            f"{source.path} was moved or deleted while it was read ({error.strerror}): put it back and start again."
        ) from error
    if now != source.identity:
        raise SourceChangedError(
            f"{source.path} changed while it was read: "
            "wait until the recording, copy or export has ended, and start again."
        )


def unreadable_source(path: Path, error: Exception) -> SourceError:
    """Return what to say of a source that can't be opened, or not be read to its end, for this reason."""
    if isinstance(error, OSError) and not isinstance(error, FileNotFoundError):
        return SourceError(
            f"{path} can't be read to its end: the drive or the network failed. "
            "Check the connection, or copy the file to this computer."
        )
    return SourceError(f"{path} can't be read: the file is broken or was moved.")


def _identity(status: os.stat_result) -> SourceIdentity:
    return SourceIdentity(size_bytes=status.st_size, mtime_ns=status.st_mtime_ns)
