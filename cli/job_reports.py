"""What `convert` and `upload` have in common beside the job itself: their options about earlier work, and their end."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from cli.interrupts import EXIT_CANCELLED
from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, complain
from cli.render import Renderer
from pipeline.events import JobFinished
from pipeline.job import Existing, Job, UploadJob
from pipeline.model import JobReport, Outcome
from pipeline.preflight_answers import Refused


def existing_from(options: argparse.Namespace) -> Existing:
    """Return what the editor said about work of an earlier run."""
    if options.fresh:
        return Existing.FRESH
    return Existing.RESUME if options.resume else Existing.ASK


def exit_status(reports: Sequence[JobReport]) -> int:
    """Return the exit status for these jobs."""
    if any(r.outcome is Outcome.CANCELLED for r in reports):
        return EXIT_CANCELLED
    if all(r.outcome is Outcome.DONE for r in reports):
        return EXIT_DONE
    return EXIT_WRONG_USAGE if all(r.wrong_settings for r in reports) else EXIT_FAILED


def complain_of(report: JobReport) -> None:
    """Write on standard error why a job has failed."""
    if report.outcome is Outcome.FAILED:
        complain(*report.error.splitlines())


def finish_early(
    job: Job | UploadJob, refused: Refused | None, view: Renderer, *, folder: Path | None = None
) -> JobReport:
    """Report a job that did not begin, in the same form as any other: why, or None where it was cancelled.

    `folder` is where its files would lie, the job's own if it is None.
    """
    report = JobReport(
        slug=job.slug,
        source=job.source,
        folder=folder or job.folder,
        outcome=Outcome.CANCELLED if refused is None else Outcome.FAILED,
        error="" if refused is None else "\n".join(problem.text for problem in refused.problems),
        wrong_settings=refused is not None and refused.wrong_settings,
        address=job.address.text if isinstance(job, Job) and job.address is not None else "",
    )
    view.event(JobFinished(report=report))
    return report
