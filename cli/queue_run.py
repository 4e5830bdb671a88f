"""`queue run`: does what waits in the queue or was left by a process that is gone, with this computer's settings, until
nothing waits.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from cli.convert import Conversions
from cli.interrupts import EXIT_CANCELLED
from cli.job_reports import complain_of, exit_status, finish_early
from cli.job_thread import Interrupts, Watched
from cli.json_lines import JsonLines
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, complain
from cli.printing import counted
from cli.render import Renderer, renderer
from cli.render_several import renderer_of_several
from cli.transfer_options import TokenKeeper, patient
from cli.upload import Uploads
from config import Config
from pipeline.batch import BatchCallbacks, RunJob, most_at_once
from pipeline.cancel import CancelToken
from pipeline.engines.local import capacity_of
from pipeline.errors import PipelineError
from pipeline.job import Job
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome
from pipeline.pending_rows import TakenRow
from pipeline.preflight_answers import refused_by
from pipeline.queue_run import QueueRun
from pipeline.queued_job import JobState, QueuedJob
from pipeline.scheduler import Scheduler
from pipeline.speech.child import WhisperProcess
from pipeline.stored_job import without_login


def run_queue(store: JobStore, ids: Sequence[str], options: argparse.Namespace, config: Config) -> int:
    """Do what waits, and what comes meanwhile; what can't be done here is said and stays in the queue.

    With `ids` only these are done, also if they are held.
    """
    config = replace(config, cluster=replace(config.cluster, url=""))
    at_once = options.jobs or most_at_once()
    view = renderer_of_several(as_json=options.json) if at_once > 1 else renderer(as_json=options.json)
    left: list[str] = []

    def leave(why: str) -> None:
        left.append(why)
        complain(why)

    cancel = CancelToken()
    refused = store.listed.start(ids).refused
    complain(*refused)
    try:
        reports = _run(store, ids, options, config, view, cancel, at_once, leave)
    finally:
        view.close()
    if cancel.cancelled:
        return EXIT_CANCELLED
    if refused:
        return EXIT_WRONG_USAGE
    if not reports and not left and not options.json:
        held = sum(row.state is JobState.HELD for row in store.listed.rows())
        is_or_are = "is" if held == 1 else "are"
        more = f" {counted(held, 'job')} {is_or_are} held until `queue start`." if held else ""
        sys.stdout.write(f"Nothing waits in the queue.{more}\n")
    ended = [report for report in reports if not (report.outcome is Outcome.CANCELLED and report.error)]  # others wait
    return exit_status(ended) or (EXIT_FAILED if left else EXIT_DONE)


def why_not(row: QueuedJob, backend_url: str) -> str:
    """Return why a row is not for this computer's backend, empty if it is or has no upload. Raises CodecError."""
    if row.job.upload is None or row.backend_url == backend_url:
        return ""
    where = row.backend_url or "no backend"
    return f"The job {row.id} ({row.slug}) is for {where}: set BACKEND_URL to it, or cancel the job."


def view_of(row: TakenRow, view: Renderer) -> Renderer:
    """Return what shows a row: two may have the same folder's name, so that JSON has their ids."""
    return view.of(row.id) if isinstance(view, JsonLines) else view


def _run(
    store: JobStore,
    ids: Sequence[str],
    options: argparse.Namespace,
    config: Config,
    view: Renderer,
    cancel: CancelToken,
    at_once: int,
    leave: Callable[[str], None],
) -> list[JobReport]:
    login = TokenKeeper(patient(config, options))
    watched, interrupts = Watched(view.event, cancel), Interrupts(cancel)
    shared = _Shared(options=options, login=login, view=view, watched=watched, cancel=cancel, interrupts=interrupts)
    backend_url = without_login(config.backend.url)
    with WhisperProcess() as whisper, interrupts():
        reports = QueueRun(
            store,
            BatchCallbacks(
                prepare=shared.preparing(whisper, alone=at_once == 1),
                skip=lambda row: finish_early(row.job, None, view_of(row, view)),
                show=lambda row, event: watched.show_by(view_of(row, view).event, event),
                ended=complain_of,
                look=interrupts.look,
            ),
            at_once=at_once,
            overlaps=at_once > 1,
            scheduler=Scheduler(capacity_of(os.cpu_count() or 1)),
            cancel=cancel,
            warn=leave,
            only=ids or None,
            why_not=lambda row: why_not(row, backend_url),
            passed_over=lambda _row, why: leave(why),
            patience_s=login.config.backend.patience_s,
        ).run()
        watched.check()
    interrupts.look()
    return reports


@dataclass(frozen=True, kw_only=True)
class _Shared:
    """What conversions and uploads of one run share."""

    options: argparse.Namespace
    login: TokenKeeper
    view: Renderer
    watched: Watched
    cancel: CancelToken
    interrupts: Interrupts

    def preparing(self, whisper: WhisperProcess, *, alone: bool) -> Callable[[TakenRow], RunJob | JobReport]:
        """Return what prepares a row of either kind."""

        def prepare(row: TakenRow) -> RunJob | JobReport:
            view = view_of(row, self.view)
            uploads = Uploads(
                options=self.options,
                login=self.login,
                view=view,
                show=partial(self.watched.show_by, view.event),
                cancel=self.cancel,
                interrupts=self.interrupts,
            )
            if not isinstance(row.job, Job):
                return uploads.prepare(row.job)
            refused = self._dataset_problem(row.job, view)
            if refused is not None:
                return refused
            return Conversions(**vars(uploads), whisper=whisper, moved={}, alone=alone).prepare(row.job)

        return prepare

    def _dataset_problem(self, job: Job, view: Renderer) -> JobReport | None:
        """Return the report of a job whose dataset can't get its transcript: better now than after hours of work."""
        if job.dataset is None:
            return None
        from transcripts.jobs import check_dataset

        try:
            check_dataset(job.dataset, self.login.config)
        except PipelineError as error:
            report = finish_early(job, refused_by(error), view)
            complain_of(report)
            return report
        return None
