"""The rows of the queue's file as the window's list has them. Reads the file; knows no thread."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.errors import CodecError
from pipeline.job import Job
from ui.list_messages import RowState, StoredVideo

if TYPE_CHECKING:  # with the queue's file
    from pipeline.job_store import JobStore
    from pipeline.queued_job import QueuedJob


BEGUN = (RowState.PAUSED, RowState.WAITING)
"""The states of rows of which something may be kept."""


class StoredRows:
    """Reads the list; what a job says is parsed once. `data_dir` is the folder of the queue."""

    def __init__(self, data_dir: Path | None) -> None:
        self._data_dir = data_dir
        self._jobs: dict[str, Job] = {}

    def videos(self, store: JobStore) -> tuple[StoredVideo, ...]:
        """Return the videos of the list in their order; what commands have in the queue is not in it.

        Raises JobStoreError.
        """
        rows = [row for row in store.listed.rows() if row.listed]
        texts = {row.job_text for row in rows}
        self._jobs = {text: job for text, job in self._jobs.items() if text in texts}
        return tuple(one for one in map(self._listed, rows) if one is not None)

    def _listed(self, row: QueuedJob) -> StoredVideo | None:
        """Return a row of the file, None for one that is no conversion, or that the list does not show."""
        job = self._jobs.get(row.job_text)
        if job is None:
            try:
                read = row.job
            except CodecError:  # a newer version has added it
                return None
            if not isinstance(read, Job):
                return None
            job = self._jobs[row.job_text] = read
        state = row_state(row)
        reason, damaged, unheard = row.reason, False, False
        if state is RowState.FAILED:
            try:
                if (report := row.report) is not None:
                    reason, damaged, unheard = report.error, report.damaged, report.unheard
            except CodecError:
                reason = ""
        from pipeline.unfinished import noted_percent

        percent = noted_percent(self._data_dir).get(str(row.folder)) if state in BEGUN else None
        return StoredVideo(
            id=row.id,
            job=job,
            state=state,
            label=row.label or "",
            reason=reason,
            percent=percent,
            backend_url=row.backend_url,
            damaged=damaged,
            unheard=unheard,
            left_behind=row.left_behind,
        )


def row_state(row: QueuedJob) -> RowState:
    """Return how a row of the queue's file stands for an editor: what a process has left behind is paused."""
    if row.left_behind or (row.state.value == "held" and row.tries):
        return RowState.PAUSED
    return RowState(RowState.HELD if row.state.value == "held" else row.state.value)
