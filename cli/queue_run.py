"""`queue run`: does what waits in the queue or was left by a process that is gone, with this computer's settings."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from cli import convert, upload
from cli.job_reports import exit_status
from cli.main import EXIT_DONE, EXIT_FAILED, complain
from cli.render import renderer
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import CodecError
from pipeline.job import Job, UploadJob, resumed
from pipeline.job_owner import Liveness
from pipeline.leases import LEASE_S
from pipeline.model import JobReport
from pipeline.queued_job import JobState, QueuedJob
from pipeline.stored_job import without_login


@dataclass(frozen=True, kw_only=True)
class Work:
    """What there is to do. `problems` are sentences about what can't be done here, a job each."""

    conversions: tuple[Job, ...]
    uploads: tuple[UploadJob, ...]
    problems: tuple[str, ...]


def run_queue(queued: Sequence[QueuedJob], options: argparse.Namespace, config: Config) -> int:
    """Do what is left of these jobs; what can't be done here is said and stays in the queue."""
    work = work_in(queued, config, time.time())
    complain(*work.problems)
    if not work.conversions and not work.uploads:
        if not work.problems and not options.json:
            sys.stdout.write("Nothing waits in the queue.\n")
        return EXIT_FAILED if work.problems else EXIT_DONE
    options.engine, config = None, replace(config, cluster=replace(config.cluster, url=""))
    cancel, reports = CancelToken(), list[JobReport]()
    if work.conversions:
        destinations = [None] * len(work.conversions)
        view = convert.renderer_for(work.conversions, options, config)
        reports += convert.run_jobs(work.conversions, destinations, options, config, view, cancel)
    if work.uploads:
        reports += upload.run_uploads(work.uploads, options, config, renderer(as_json=options.json), cancel)
    return exit_status(reports) or (EXIT_FAILED if work.problems else EXIT_DONE)


def work_in(queued: Sequence[QueuedJob], config: Config, now: float) -> Work:
    """Return what of these jobs nobody works on; `now` is the time in seconds since 1970."""
    conversions, uploads, problems = [], [], []
    backend_url = without_login(config.backend.url)
    for one in queued:
        if not _is_left(one, now):
            continue
        try:
            job = one.job
        except CodecError as error:
            problems.append(str(error))
            continue
        if job.upload is not None and one.backend_url != backend_url:
            where = one.backend_url or "no backend"
            text = f"The job {one.id} ({one.slug}) is for {where}: set BACKEND_URL to it, or cancel the job."
            problems.append(text)
        elif isinstance(job, Job):
            conversions.append(resumed(job) if one.tries else job)
        else:
            uploads.append(resumed(job) if one.tries else job)
    return Work(conversions=tuple(conversions), uploads=tuple(uploads), problems=tuple(problems))


def _is_left(job: QueuedJob, now: float) -> bool:
    """Whether a job waits, or its process has ended or, if that can't be known, has sent no heartbeat for too long."""
    if job.state is not JobState.RUNNING:
        return not job.state.ended
    unknown = job.owner is not None and job.owner.liveness() is Liveness.UNKNOWN
    return job.left_behind or (unknown and job.heard_at is not None and not 0 <= now - job.heard_at <= LEASE_S)
