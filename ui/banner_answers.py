"""What the answer to a question in the banner makes of a job. Pure."""

from __future__ import annotations

from dataclasses import replace

from pipeline.job import Existing, Job
from ui.messages import BannerAnswer

ANSWERS = {
    BannerAnswer.RESUME: Existing.RESUME,
    BannerAnswer.UPLOAD_AGAIN: Existing.UPLOAD_AGAIN,
    BannerAnswer.REPLACE: Existing.FRESH,
}


def answered(job: Job, answer: BannerAnswer) -> Job | None:
    """Return the job as the editor decided, None if it was cancelled."""
    if answer is BannerAnswer.REPLACE_STREAM and job.upload is not None:
        return replace(job, upload=replace(job.upload, replace=True))
    if answer is BannerAnswer.ACCEPT_DAMAGE:
        return replace(job, accept_damaged=True)
    existing = ANSWERS.get(answer)
    return None if existing is None else replace(job, existing=existing)
