"""Which files of a job's folder are for players and viewers, and the names of those that are not. Knows nothing of how they are made."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from pathlib import Path

from pipeline.job_file import JOB_FILE

LOG_PATTERN = "upload_log_*.txt"
MANIFEST_FILE = "manifest.json"
"""What was uploaded from the folder. The server's copy is another one, without what concerns this computer alone."""


def published_files(folder: Path) -> list[Path]:
    """Return the files of a job's folder that players and viewers need, sorted by their path. Raises OSError.

    Not published: job.json, upload logs, manifest.json, whatever begins with a dot, and links that lead out of the folder.
    """
    return [folder / name for name in published_names(folder)]


def published_names(folder: Path) -> list[str]:
    """Return the paths of those files inside the folder, with `/`, in the same order. Raises OSError."""
    home = folder.resolve()
    found = []
    waiting = [""]
    while waiting:  # by strings alone: there may be 30,000 files, and a Path costs more than the look at one
        below = waiting.pop()
        with os.scandir(f"{folder}/{below}") as entries:
            for entry in entries:
                if entry.name.startswith(".") or (not below and _private(entry.name)):
                    continue
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(f"{below}{entry.name}/")
                elif entry.is_file() and (not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(home)):
                    found.append(below + entry.name)
    return sorted(found, key=lambda name: name.split("/"))


def _private(name: str) -> bool:
    return name in (JOB_FILE, MANIFEST_FILE) or fnmatch(name, LOG_PATTERN)
