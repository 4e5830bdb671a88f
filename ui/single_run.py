"""Runs one job of the window's, apart from the list: through the queue, and with the computer kept awake."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from config import Config
from pipeline.cancel import CancelToken
from pipeline.events import LogLevel, LogLine, Sink
from pipeline.job import EitherJob
from pipeline.model import JobReport

if TYPE_CHECKING:
    from pipeline.batch_callbacks import RunContext


def run_here(
    job: EitherJob,
    run: Callable[[EitherJob, RunContext], JobReport],
    config: Config,
    sink: Sink,
    cancel: CancelToken,
) -> JobReport:
    """Run a job as `run_single` does, and return its report. Called in the job's thread."""
    from pipeline.single_job import run_single
    from pipeline.staying_awake import kept_awake

    def say(text: str, level: LogLevel = LogLevel.INFO) -> None:
        sink(LogLine(job=job.slug, text=text, level=level))

    with kept_awake(say):
        return run_single(
            job,
            run,
            sink,
            cancel,
            data_dir=config.data_dir,
            backend_url=config.backend.url,
            warn=lambda text: say(text, LogLevel.WARNING),
        )
