"""Which files of a job's folder are for players and viewers, and the names of those that are not. Knows nothing of how they are made."""

from __future__ import annotations

from pathlib import Path

from pipeline.job_file import JOB_FILE

LOG_PATTERN = "upload_log_*.txt"
MANIFEST_FILE = "manifest.json"
"""What was uploaded from the folder. The server's copy is another one, without what concerns this computer alone."""


def published_files(folder: Path) -> list[Path]:
    """Return the files of a job's folder that players and viewers need, sorted by their path.

    Not published: job.json, upload logs, manifest.json, whatever begins with a dot, and links that lead out of the folder.
    """
    found = []
    home = folder.resolve()
    inside: dict[Path, bool] = {}  # by folder: to find out costs more than all else, and there may be 30,000 files
    for path in folder.rglob("*"):
        relative = path.relative_to(folder)
        hidden = any(part.startswith(".") for part in relative.parts)
        private = len(relative.parts) == 1 and (relative.name in (JOB_FILE, MANIFEST_FILE) or relative.match(LOG_PATTERN))
        if hidden or private or not path.is_file():
            continue
        if path.parent not in inside:
            inside[path.parent] = path.parent.resolve().is_relative_to(home)
        if path.resolve().is_relative_to(home) if path.is_symlink() else inside[path.parent]:
            found.append(path)
    return sorted(found)
