"""Runs a single job through the queue, as a batch of one, because another process may have the same job.

If another process already has it, this one waits for that process and continues from what it leaves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.batch import run_batch
from pipeline.batch_callbacks import BatchCallbacks, RunContext
from pipeline.cancel import CancelToken
from pipeline.claims import Claims, open_store
from pipeline.events import JobFinished, Sink
from pipeline.job import EitherJob, Job, resumed
from pipeline.model import JobReport, Outcome
from pipeline.scheduler import Capacity, Scheduler
from pipeline.unfinished import noting_progress


def run_single(
    job: EitherJob,
    run: Callable[[EitherJob, RunContext], JobReport],
    sink: Sink,
    cancel: CancelToken,
    *,
    data_dir: Path | None,
    backend_url: str,
    warn: Callable[[str], None],
) -> JobReport:
    """Run a job and return its report, which is also the last event.

    Args:
        job: the job to run.
        run: runs the job in another thread: as given, or as `resumed` returns it if another process has begun it.
        sink: receives the job's events, and a line that says which process has the job. How far the job is, is noted
            for whoever finds it unfinished.
        cancel: stops the job in this process; cancelling it in the queue stops it, too.
        data_dir: the folder of the queue, None for a queue in memory.
        backend_url: the backend that the job uploads to.
        warn: called with a sentence if the queue can't be used.
    """

    def skip(_: EitherJob) -> JobReport:
        report = JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.CANCELLED)
        sink(JobFinished(report=report))
        return report

    show = noting_progress(sink, job, data_dir) if isinstance(job, Job) else sink
    callbacks = BatchCallbacks(
        prepare=lambda one: lambda context: run(one, context),
        skip=skip,
        show=lambda _, event: show(event),
        resume=resumed,
    )
    with open_store(data_dir, warn) as store, Claims(store, [job], warn, backend_url=backend_url) as claims:
        alone = Scheduler(Capacity(most={}))
        return run_batch([job], callbacks, at_once=1, scheduler=alone, cancel=cancel, claims=claims)[0]
