"""A folder in its place, as a job has it that needs no work before the upload: the `upload` command.

Knows nothing of how it was made.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.facts import Facts, StepFacts
from pipeline.folder_notes import FolderNotes
from pipeline.job import UploadRequest
from pipeline.job_folders import lock_of
from pipeline.model import UploadPlan
from pipeline.published import JOB_FILE
from pipeline.transfer.upload.state_file import STATE_FILE, read_state


class FinishedFolder:
    """The folder of an upload that follows no encode; its notes are read by `check_for`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._notes: FolderNotes | None = None

    @property
    def done(self) -> Facts:
        """What the finished steps found out."""
        return Facts() if self._notes is None else self._notes.done

    @property
    def final(self) -> Path:
        """Where it lies."""
        return self.folder

    @property
    def published(self) -> bool:
        """Whether it is in its place: always."""
        return True

    @property
    def media_deleted(self) -> bool:
        """Whether the clean-up has deleted the media, so that the folder is rightly without them."""
        return self._notes is not None and self._notes.media_deleted

    @property
    def lock_file(self) -> Path | None:
        """The file that keeps a conversion from replacing its folder meanwhile.

        None for a folder that no conversion made: it may lie where nothing can be written.
        """
        return lock_of(self.folder.absolute()) if (self.folder / JOB_FILE).is_file() else None

    def require_source(self) -> Path:
        """Return the video that the folder was made of. Raises SettingsError for one that no conversion made."""
        source = None if self._notes is None else self._notes.source
        if source is None:
            text = (
                f"{self.folder} was not made by this program: leave out --delete-local, and delete the files yourself."
            )
            raise SettingsError(Problem(text=text, setting=Setting.DELETE_LOCAL))
        return source

    def check_for(self, plan: UploadPlan) -> None:
        """Read what is noted of the folder. Raises NewerVersionError."""
        self._notes = FolderNotes(self.folder)

    def mark(self, facts: StepFacts) -> None:
        """Note that a step is finished, with what later steps need to know of it. Raises OutputError."""
        assert self._notes is not None
        self._notes.mark(facts)

    def open(self) -> None:
        """Nothing to make."""

    def abandon(self) -> None:
        """Nothing to forget."""

    def remove_empty_folders(self) -> None:
        """Nothing to remove."""


def with_session(request: UploadRequest, folder: Path, backend_url: str) -> UploadRequest:
    """Return the request with the session of an earlier upload of the folder to the same destination if it has none."""
    if request.session_id:
        return request
    noted = FolderNotes(folder).done.upload
    if noted is not None and (noted.backend_url, noted.prefix) == (backend_url, request.prefix):
        return replace(request, session_id=noted.session_id)
    saved = read_state(folder / STATE_FILE)  # large where there are many files, and seldom needed
    if saved is not None and (saved.destination.backend_url, saved.destination.prefix) == (backend_url, request.prefix):
        return replace(request, session_id=saved.destination.session_id)
    return replace(request, session_id=None)
