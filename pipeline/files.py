"""Writes files so that a crash leaves the old or the new one."""

from __future__ import annotations

import os
from pathlib import Path

from pipeline.errors import OutputError


def write_whole(path: Path, text: str) -> None:
    """Write a small file so that a crash leaves the old or the new content, never a part. Raises OutputError."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise OutputError(f"{path} can't be written ({error.strerror}): free some space or choose another output folder.") from error
