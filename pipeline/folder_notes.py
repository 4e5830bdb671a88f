"""What is finished in a folder in its place: in its job.json, or in a hidden file where no job made it."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from pipeline.codec import from_json
from pipeline.errors import CodecError
from pipeline.facts import Facts, StepFacts
from pipeline.files import write_whole
from pipeline.job_file import done_fields, read_job_file, write_job_file

NOTES_FILE = ".upload_notes.json"
VERSION = 1


class FolderNotes:
    """The notes of one folder: `done` are the facts that each finished step left.

    Raises NewerVersionError when a newer version of the program has made it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._job = read_job_file(folder)
        self.done = _read(folder / NOTES_FILE) if self._job is None else self._job.done

    @property
    def source(self) -> Path | None:
        """The video that the folder was made from, None if no job names it."""
        return None if self._job is None else Path(self._job.source_path)

    @property
    def title(self) -> str:
        """What people know the video by."""
        if self._job is not None and (self._job.title or self._job.source_path):
            return self._job.title or Path(self._job.source_path).stem
        return self.folder.absolute().name

    @property
    def media_deleted(self) -> bool:
        """Whether the clean-up has deleted the media, so that the folder is rightly without them."""
        return self.done.cleanup is not None

    def mark(self, facts: StepFacts) -> None:
        """Note that a step is finished, with what later steps need to know of it. Raises OutputError."""
        self.done = self.done.having(facts)
        if self._job is not None:
            write_job_file(self.folder, dataclasses.replace(self._job, done=self.done))
        else:
            stored = {"version": VERSION, "done": done_fields(self.done)}
            write_whole(self.folder / NOTES_FILE, json.dumps(stored, indent=2) + "\n")


def _read(path: Path) -> Facts:
    """Return the stored notes; nothing if they can't be understood: they are written anew."""
    try:
        stored = json.loads(path.read_bytes())
        return from_json(Facts, stored["done"], NOTES_FILE) if stored["version"] == VERSION else Facts()
    except (OSError, ValueError, KeyError, TypeError, RecursionError, CodecError):
        return Facts()
