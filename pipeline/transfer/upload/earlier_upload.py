"""What an earlier upload of a folder has left."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config import BackendApi
from pipeline.media.stream_layout import MASTER
from pipeline.transfer.upload.journal import JOURNAL_FILE, Confirmed, UploadDestination, parse_journal, read_journal
from pipeline.transfer.upload.preparation import still_confirmed
from pipeline.transfer.upload.publish_order import OutgoingFile, collect
from pipeline.transfer.upload.results import UploadResult, result_of
from pipeline.transfer.upload.state_file import FileState, FileStatus, UploadSnapshot

TAIL_BYTES = 64 << 10
"""How much of a journal's end is read first: the master is confirmed after nearly all else, and all of it is megabytes
where there are many files.
"""


@dataclass(frozen=True, kw_only=True)
class PreviousUpload:
    """An upload that was begun and not finished."""

    files_done: int
    files_total: int


def confirmed_files(folder: Path, destination: UploadDestination) -> dict[str, Confirmed]:
    """Return which files of a folder a destination has, untouched since. Raises TransferError, OutputError."""
    confirmed = read_journal(folder, destination).confirmed
    return still_confirmed(collect(folder, destination.prefix), confirmed, lambda file: "changed")


def previous_upload(folder: Path, backend: BackendApi, prefix: str, session_id: str | None) -> PreviousUpload | None:
    """Return what an earlier upload of this folder to the same place left undone.

    None when there is nothing to decide: nothing was confirmed yet, or the stream was published, after which a later
    upload sends what has changed. Raises TransferError, OutputError.
    """
    if not folder.is_dir():
        return None
    destination = UploadDestination(backend_url=backend.url, prefix=prefix, session_id=session_id or None)
    if _ends_published(folder, destination):
        return None
    stored = read_journal(folder, destination).confirmed
    if not stored or MASTER in stored:
        return None
    files = collect(folder, prefix)
    # a file whose time alone changed most likely is the same; the upload itself looks into it
    done = len(still_confirmed(files, stored, lambda file: stored[file.name].md5))
    return PreviousUpload(files_done=done, files_total=len(files)) if 0 < done < len(files) else None


def _ends_published(folder: Path, destination: UploadDestination) -> bool:
    """Whether the end of a folder's journal shows that its last run to a destination has confirmed the master.

    False where only the whole of it can tell, or it can't be read.
    """
    try:
        with (folder / JOURNAL_FILE).open("rb") as journal:
            if journal.seek(0, os.SEEK_END) > TAIL_BYTES:
                journal.seek(-TAIL_BYTES, os.SEEK_END)
                journal.readline()  # the rest of a line
            else:
                journal.seek(0)
            return MASTER in parse_journal(journal, destination).confirmed
    except OSError:
        return False


def not_begun(
    folder: Path, destination: UploadDestination, files: Sequence[OutgoingFile], log_file: Path, *, resume: bool
) -> UploadResult:
    """Return how far an upload is that was cancelled before its first file."""
    content = read_journal(folder, destination)
    where = {file.name: content.confirmed[file.name] for file in files if resume and file.name in content.confirmed}
    uploaded, pending = FileStatus.UPLOADED, FileStatus.PENDING
    states = {
        file.name: FileState(status=uploaded if file.name in where else pending, s3_key=file.key) for file in files
    }
    return result_of(
        UploadSnapshot(started_at=content.started_at, destination=destination, files=states), where, log_file=log_file
    )
