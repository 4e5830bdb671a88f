"""Which files another process is still writing, as far as the system tells: Linux does, and Windows for one file."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

PROC = Path("/proc")


def written_elsewhere(paths: Collection[Path], *, proc: Path = PROC) -> set[Path]:
    """Return those of these files that another process has open for writing.

    One of another user's, or on another computer, can't be seen.
    """
    if sys.platform == "win32":
        return {path for path in paths if _is_locked(path)}
    by_name = {os.path.realpath(path): path for path in paths}
    own = str(os.getpid())
    found: set[Path] = set()
    processes = _names(str(proc)) if by_name else []
    for process in processes:
        if not process.isdigit() or process == own:
            continue
        for number in _names(f"{proc}/{process}/fd"):
            with suppress(OSError):
                path = by_name.get(os.readlink(f"{proc}/{process}/fd/{number}"))  # noqa: PTH115  # there are 10,000s
                if path is not None and _writes(proc / process / "fdinfo" / number):
                    found.add(path)
    return found


def _names(folder: str) -> list[str]:
    try:
        return os.listdir(folder)  # noqa: PTH208  # strings are enough, and quick
    except OSError:  # no such system, a process that has ended, or another user's
        return []


def _writes(info: Path) -> bool:
    """Whether a file was opened for writing: `flags` in proc(5) are those of open(2), in octal digits."""
    for line in info.read_text(encoding="ascii", errors="replace").splitlines():
        name, _, value = line.partition(":")
        if name == "flags":
            return int(value, 8) & os.O_ACCMODE != os.O_RDONLY
    return False


def _is_locked(path: Path) -> bool:
    """Whether Windows refuses to let the file be written, as it does while a program copies into it."""
    try:
        with path.open("r+b"):
            return False
    except PermissionError:
        return bool(path.stat().st_mode & 0o200)  # one that is read-only can't be written by anybody
    except OSError:
        return False
