"""Writes files so that a crash leaves the old or the new one, and classifies files by their names.

Knows nothing of what is in them.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path, PurePath

from pipeline.errors import OutputError

UNFINISHED = (
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".opdownload",
    ".!ut",
    ".!qb",
    ".aria2",
    ".filepart",
    ".tmp",
)
"""What the names of files end with that a browser or a download program is still writing."""

VIDEO_SUFFIXES = (
    ".mp4",
    ".mov",
    ".mkv",
    ".avi",
    ".webm",
    ".m4v",
    ".mpg",
    ".mpeg",
    ".mts",
    ".m2ts",
    ".ts",
    ".wmv",
    ".flv",
    ".ogv",
    ".mxf",
)
"""The endings of videos that are offered and found in folders; a file that is named may have any."""

AUDIO_SUFFIXES = (".mp3", ".m4a", ".aac", ".wav", ".flac", ".ogg", ".oga", ".opus", ".wma", ".aiff", ".mka")
"""The endings of audio files that are found in folders where those are wanted, too."""


def read_file(path: Path, most_bytes: int = -1) -> bytes:
    """Return the content of a file, at most so many bytes of it. Raises OSError, also for what is not a regular file.

    A pipe or a device may have no end, or make whoever reads it wait for ever.
    """
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise OSError(errno.EINVAL, "it is a pipe or a device, not a file", str(path))
    with path.open("rb") as file:
        return file.read(most_bytes)


def write_whole(path: Path, content: str | bytes | Iterable[bytes]) -> None:
    """Write a file so that a crash or a power cut leaves the old or the new content, never a part. Raises OutputError.

    Text is written as UTF-8, its lines ended by a line feed alone; what comes in pieces is never held as a whole.
    A file that is replaced keeps its permissions.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            if isinstance(content, (str, bytes)):
                file.write(content if isinstance(content, bytes) else content.encode())
            else:
                file.writelines(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(OSError):  # who may not read the old file may not read the new one
            shutil.copymode(path, temporary)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        raise OutputError(
            f"{path} can't be written ({error.strerror}): free some space or choose another output folder."
        ) from error


def sync_folder(folder: Path) -> None:
    """Have the disk note which files are in a folder, so that a power cut forgets no new name. Raises OSError.

    Windows has no such call.
    """
    if os.name == "posix":
        opened = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def natural_order(path: PurePath) -> tuple[list[list[str | int]], str]:
    """Return what paths are sorted by as file managers do: lesson 2 before lesson 10, upper and lower case alike."""
    parts = [re.split(r"([0-9]+)", part.casefold()) for part in path.parts]
    return [[int(one) if number % 2 else one for number, one in enumerate(part)] for part in parts], str(path)


def is_there(path: Path) -> bool:
    """Whether there is anything of this name; what can't be reached is not there.

    `Path.exists` raises OSError for a folder that may not be read, a share that has gone and a name that is too long.
    """
    return os.path.exists(path)  # noqa: PTH110


def is_folder(path: Path) -> bool:
    """Whether a name leads to a folder; what can't be reached is none, where `Path.is_dir` raises OSError."""
    return os.path.isdir(path)  # noqa: PTH112


def holds_something(folder: Path) -> bool:
    """Whether a folder has anything that is not hidden: one without may be where a drive is not connected."""
    try:
        return any(not path.name.startswith(".") for path in folder.iterdir())
    except OSError:
        return False


def size_of(path: Path) -> int | None:
    """Return a file's size in bytes, None if it can't be read."""
    with suppress(OSError):
        return path.stat().st_size
    return None


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 (hex) of a file that fits into memory, None if it can't be read."""
    with suppress(OSError):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    return None


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with everything in it. Raises OSError."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
