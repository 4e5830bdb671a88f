"""What the caller of a batch provides: how a job is prepared, run and shown. Data and types only."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Generic, Protocol, TypeVar

from pipeline.cancel import CancelToken
from pipeline.events import Event, Sink
from pipeline.job import Existing, UploadRequest, once_made
from pipeline.model import JobReport
from pipeline.phase_table import PHASES
from pipeline.preflight_answers import PlanT
from pipeline.scheduler import Turn


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What one run of a job gets from the batch.

    `turn` is its place among the others. Without `uploads` nothing is sent: the job is done as far as possible without
    its backend, and run again later. `is_made` says that an earlier run has made the folder, `has_sent` that it has
    sent a part of it. With `parks` an upload whose server can't be reached any more ends, and is tried again later;
    without, it waits for the server.
    """

    turn: Turn
    uploads: bool
    sink: Sink
    cancel: CancelToken
    is_made: bool = False
    has_sent: bool = False
    parks: bool = False

    @property
    def away_s(self) -> float:
        """How long an upload waits for a server that is gone, in seconds."""
        return 0.0 if self.parks else math.inf

    def of(self, plan: PlanT) -> PlanT:
        """Return what it does of a job's plan: what the run has made is kept, and goes on without a question."""
        if self.is_made:
            existing = once_made(plan.job.existing, has_sent=self.has_sent)
            plan = replace(plan, job=replace(plan.job, existing=existing))
        if self.uploads:
            return plan
        return replace(plan, phases=tuple(name for name in plan.phases if PHASES[name].fills_folder))


RunJob = Callable[[RunContext], JobReport]
"""Runs a job to its end, as `wiring.run_job` does; what an earlier run has finished is not done again."""


def most_at_once() -> int:
    """Return how many videos keep this computer busy: its encodes, one transcription, and one that is completed."""
    from pipeline.media.encode.chunks import side_by_side  # an upload alone has no use for all that is beside it

    return side_by_side(os.cpu_count() or 1) + 2


class AnyJob(Protocol):
    """A conversion or an upload."""

    @property
    def slug(self) -> str:
        """The job's folder below the output folder."""
        ...

    @property
    def upload(self) -> UploadRequest | None:
        """Where its files go."""
        ...


JobT = TypeVar("JobT", bound=AnyJob)


@dataclass(frozen=True, kw_only=True)
class BatchCallbacks(Generic[JobT]):
    """What the batch calls for its jobs.

    Attributes:
        prepare: checks a job, asks the user where necessary, and returns what runs it, or its report if it can't begin.
            Called in the thread that calls `run_batch`, while earlier jobs run.
        skip: returns the report of a job that does not begin because all were cancelled.
        show: called with the events of all jobs, one at a time, in any thread, each with its job.
        ended: called with the report of each job that was run, after its JobFinished.
        look: called several times a second in the calling thread while it waits.
        resume: returns a job that another process began and left behind, set to be resumed without asking, from what
            that process has stored (None: nothing).
    """

    prepare: Callable[[JobT], RunJob | JobReport]
    skip: Callable[[JobT], JobReport]
    show: Callable[[JobT, Event], None]
    ended: Callable[[JobReport], None] = lambda report: None
    look: Callable[[], None] = lambda: None
    resume: Callable[[JobT, Existing | None], JobT] = lambda job, left: job
