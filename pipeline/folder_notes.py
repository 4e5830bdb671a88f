"""What is finished in a folder in its place: in its job.json, or in a hidden file where no job made it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.files import write_whole
from pipeline.job_file import read_job_file, write_job_file

NOTES_FILE = ".upload_notes.json"
VERSION = 1


class FolderNotes:
    """The notes of one folder: `done` maps a finished step's name to the facts it left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._job = read_job_file(folder)
        self.done: dict[str, dict[str, Any]] = (
            dict(self._job.done) if self._job is not None else _read(folder / NOTES_FILE)
        )

    @property
    def source(self) -> Path | None:
        """The video that the folder was made of, None where no job tells."""
        return None if self._job is None else Path(self._job.source_path)

    @property
    def media_deleted(self) -> bool:
        """Whether the clean-up has deleted the media, so that the folder is rightly without them."""
        return "cleanup" in self.done

    def mark(self, step: str, facts: Mapping[str, Any]) -> None:
        """Note that a step is finished, with what later steps need to know of it. Raises OutputError."""
        self.done[step] = dict(facts)
        if self._job is not None:
            write_job_file(self.folder, dataclasses.replace(self._job, done=self.done))
        else:
            write_whole(self.folder / NOTES_FILE, json.dumps({"version": VERSION, "done": self.done}, indent=2) + "\n")


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        stored = json.loads(path.read_bytes())
        return (
            {str(step): dict(facts) for step, facts in stored["done"].items()} if stored["version"] == VERSION else {}
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
