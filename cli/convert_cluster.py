"""`convert --engine`: adds jobs to the queue of several machines, and shows their progress."""

from __future__ import annotations

import argparse
import signal
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from cli.cluster_options import database_from
from cli.interrupts import on_interrupt
from cli.job_reports import finish_early
from cli.main import complain
from cli.render import Renderer
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, SourceError
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.job import Job
from pipeline.model import JobReport, Outcome
from pipeline.preflight_answers import refused_by

if TYPE_CHECKING:
    from pipeline.cluster_adding import AddedJob
    from pipeline.engines.procrastinate.database import Database
    from pipeline.engines.procrastinate.open_jobs import OpenJob
    from pipeline.engines.procrastinate.submission import JobQueue, MachineEvent

CANCEL_S = 30.0
"""How long to try to cancel while the queue can't be reached, in seconds."""

MOST_NAMED = 20
"""Where more videos could not be cancelled, their IDs are not listed."""

ADD_PATIENCE_S = 10.0
"""How long sending and adding may take to stop after Ctrl-C, in seconds."""

PATIENCE_S = 60.0
"""How long other machines may take to end cancelled jobs, in seconds."""


def run_in_cluster(jobs: Sequence[Job], options: argparse.Namespace, config: Config, view: Renderer) -> list[JobReport]:
    """Add jobs to the queue and, without --detach, wait for them; one whose video can't be sent fails alone.

    Return the reports, with --detach those of jobs that were not added. Raises PipelineError.
    """
    with closing(database_from(options, config)) as database, closing(database_from(options, config)) as listener:
        try:
            added = _add(database, jobs, config, view)
        except Cancelled:
            return [finish_early(job, None, view) for job in jobs]
        in_queue = [job for job in added if not isinstance(job, SourceError)]
        failed = {
            order: _failed(jobs[order], error, view)
            for order, error in enumerate(added)
            if isinstance(error, SourceError)
        }
        if options.detach:
            for job in in_queue:
                sys.stdout.write(f"{job.title} is in the queue{'' if job.is_new else ' already'} ({job.id}).\n")
            return [*failed.values()]
        for job in in_queue:
            if job.note:
                view.event(LogLine(job=job.title, text=job.note))
        from pipeline.engines.procrastinate.submission import JobQueue

        reports = iter(Waiting(JobQueue(database), listener, {job.id: job.title for job in in_queue}, view).reports())
        return [failed.get(order) or next(reports) for order in range(len(jobs))]


def _failed(job: Job, error: SourceError, view: Renderer) -> JobReport:
    complain(str(error))
    return finish_early(job, refused_by(error), view)


def _add(database: Database, jobs: Sequence[Job], config: Config, view: Renderer) -> list[AddedJob | SourceError]:
    """Add jobs; Ctrl-C cancels that as long as videos are sent for them. Raises PipelineError, Cancelled."""
    from pipeline.cluster_adding import add_jobs

    cancel = CancelToken()
    with on_interrupt(cancel.cancel, patience_s=ADD_PATIENCE_S, numbers=(signal.SIGINT, signal.SIGTERM)):
        return add_jobs(database, jobs, config, view.event, cancel)


class Waiting:
    """Shows the events of jobs until all have ended; Ctrl-C and SIGTERM cancel them."""

    def __init__(self, queue: JobQueue, listener: Database, titles: Mapping[uuid.UUID, str], view: Renderer) -> None:
        from pipeline.cluster_waiting import JobWaiting

        self._jobs = JobWaiting(queue, listener, self, titles)
        self._titles = titles
        self._view = view
        self._reports: dict[uuid.UUID, JobReport] = {}
        self._shown: set[uuid.UUID] = set()
        self._said: set[str] = set()
        self._cancel_asked_s: float | None = None
        self._cancels = False

    def cancel(self) -> None:
        """Cancel them as soon as the queue can be reached. Takes no lock: called in a signal handler."""
        self._cancel_asked_s = time.monotonic()

    def reports(self) -> list[JobReport]:
        """Return the reports in the order of the jobs. Raises QueueError if they could not be cancelled."""
        from pipeline.engines.procrastinate.database import QueueError

        numbers = (signal.SIGINT, signal.SIGTERM)
        with on_interrupt(self.cancel, patience_s=PATIENCE_S, numbers=numbers, failure=self._not_cancelled):
            while self._jobs.open:
                asked_s = self._cancel_asked_s
                if asked_s is not None and not self._cancels:
                    self._cancels = True
                    self._jobs.cancel(self._jobs.open)
                self._jobs.turn()
                if asked_s is not None and time.monotonic() - asked_s > CANCEL_S and self._jobs.unwanted:
                    raise QueueError(self._not_cancelled())
        return [self._reports[job] for job in self._titles]

    def told(self, one: MachineEvent) -> None:
        """Show an event."""
        job, event = one.job, one.event
        if isinstance(event, JobFinished):
            self._reports[job] = event.report
            if event.report.outcome is Outcome.FAILED:
                complain(*event.report.error.splitlines())
        if job not in self._shown:
            self._shown.add(job)
            self._view.start(self._titles[job], (), ())
        if isinstance(event, JobFinished | LogLine | PhaseFinished | PhaseProgress | PhaseStarted):
            self._view.event(event)

    def standing(self, jobs: Sequence[OpenJob]) -> None:
        """Show why no machine takes some of them, once."""
        from pipeline.engines.procrastinate.submission import reasons_of

        reasons = reasons_of(jobs)
        for reason in reasons:
            if reason.text not in self._said:
                self._view.event(LogLine(job=self._titles[reason.job], text=reason.text, level=LogLevel.WAITING))
        self._said = {reason.text for reason in reasons}

    def away(self, reason: str) -> None:
        """Show that the queue can't be reached."""
        complain(f"{reason} The jobs go on; trying again.")

    def _not_cancelled(self) -> str:
        """Return what to say if the queue was not told to cancel, empty if it was."""
        if self._cancel_asked_s is None:
            return ""
        ids = [str(job) for job in (self._jobs.unwanted if self._cancels else self._jobs.open)]
        if not ids:
            return ""
        them = "1 video was" if len(ids) == 1 else f"{len(ids)} videos were"
        named = " ".join(ids) if len(ids) <= MOST_NAMED else "ID…` with what `cluster list` shows, or with `--all"
        return (
            f"{them} NOT cancelled, and will be converted: the queue can't be reached."
            f" When it can, cancel with `hls-converter cluster cancel {named}`."
        )
