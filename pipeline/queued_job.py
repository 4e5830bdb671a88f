"""A job as it stands in the queue: what is asked, how far it is, and who works on it. Frozen data only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from pipeline.job import Job, UploadJob
from pipeline.job_codec import job_from_text
from pipeline.job_owner import JobOwner, Liveness
from pipeline.model import JobReport
from pipeline.report_codec import report_from_text


class JobState(str, Enum):
    """How far a job in the queue is. HELD: it is begun, or gone on with, only when an editor starts it."""

    WAITING = "waiting"
    HELD = "held"
    RUNNING = "running"
    PARKED = "parked"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether nothing more becomes of it by itself."""
        return self in (JobState.DONE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, kw_only=True)
class QueuedJob:
    """A job in the queue. Times are seconds since 1970.

    `owner` works on it, or did so last; it was heard of at `heard_at`. `tries` is how often somebody began it.
    `parked_until` and `reason` are those of a job that waits for something, `reason` also that of one that was
    cancelled. `listed` says that an editor has put it into the list, `label` is what the list shows of its settings,
    such as the name of a preset. `job_text` and `report_text` are JSON, read when they are asked for: a later
    version may have written them.
    """

    id: str
    state: JobState
    slug: str
    folder: Path
    backend_url: str
    added_at: float
    tries: int
    owner: JobOwner | None
    heard_at: float | None
    parked_until: float | None
    reason: str
    ended_at: float | None
    job_text: str
    report_text: str
    listed: bool
    label: str | None

    @property
    def job(self) -> Job | UploadJob:
        """What is to be done. Raises CodecError where this version can't read it."""
        return job_from_text(self.job_text, f"The job {self.id} in the queue")

    @property
    def report(self) -> JobReport | None:
        """How it went, None while that is open and where nobody has begun. Raises CodecError."""
        return report_from_text(self.report_text, f"The report of {self.id}") if self.report_text else None

    @property
    def left_behind(self) -> bool:
        """Whether the process that worked on it is gone."""
        return self.state is JobState.RUNNING and (self.owner is None or self.owner.liveness() is Liveness.GONE)
