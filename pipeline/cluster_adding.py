"""Adds jobs to the queue of several machines; videos that only this machine can read are sent to the backend first."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from config import Config
from pipeline.cancel import CancelToken
from pipeline.engines.procrastinate.database import Database
from pipeline.engines.procrastinate.rows import QueueRow, queue_row
from pipeline.engines.procrastinate.schema import check_tables
from pipeline.engines.procrastinate.stored_files import StoredFiles
from pipeline.engines.procrastinate.submission import JobQueue
from pipeline.errors import SourceError
from pipeline.events import Sink
from pipeline.job import Job
from pipeline.sources.local_sources import is_local, send_sources, with_addresses
from pipeline.transfer.http.control import TransferControl


@dataclass(frozen=True, kw_only=True)
class AddedJob:
    """A job in the queue; `is_new` is False if it was there already."""

    id: uuid.UUID
    title: str
    is_new: bool

    @property
    def note(self) -> str:
        """What to tell whoever added it, empty for nothing."""
        return "" if self.is_new else f"{self.title} is in the queue already ({self.id}), and is not added again."


def add_jobs(
    database: Database,
    jobs: Sequence[Job],
    config: Config,
    sink: Sink,
    cancel: CancelToken,
    *,
    control: TransferControl | None = None,
) -> list[AddedJob | SourceError]:
    """Add jobs to the queue, and return them as they are there.

    Videos that only this machine can read are sent first; `control` pauses and slows that, `sink` gets its progress.
    A video that has changed meanwhile, can't be read, is not taken, or whose name is not text, costs its own job alone,
    in whose place the reason is returned; the others are added, all or none. Raises PipelineError, Cancelled.
    """
    name = str(check_tables(database))
    addressed = with_addresses(jobs, config, name)
    rows = [_row(to, config) for to in addressed]
    sent = {
        row.id: to
        for row, to, job in zip(rows, addressed, jobs, strict=True)
        if isinstance(row, QueueRow) and isinstance(to, Job) and is_local(job, config)
    }
    queue, stored = JobQueue(database), StoredFiles(database)
    unsent = send_sources(sent, config, name, stored.hold, sink, cancel, control=control)
    cancel.check()
    complete = [row for row in rows if isinstance(row, QueueRow) and row.id not in unsent]
    ids = queue.put(complete)
    stored.release(set(sent) - set(ids))
    added = {
        row.id: AddedJob(id=id_, title=row.title, is_new=id_ == row.id) for row, id_ in zip(complete, ids, strict=True)
    }
    if cancel.cancelled:  # while they were added
        queue.cancel([job.id for job in added.values() if job.is_new])
        cancel.check()
    return [row if isinstance(row, SourceError) else added.get(row.id) or unsent[row.id] for row in rows]


def _row(job: Job | SourceError, config: Config) -> QueueRow | SourceError:
    if isinstance(job, SourceError):
        return job
    try:
        return queue_row(job, config.sources.roots)
    except SourceError as error:
        return error
