"""What the job in the form is expected to take, in a few words. Pure."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.inputs import Input
from pipeline.plan import make_plan
from ui.job_form import FormValues, form_problems, to_job
from ui.source_view import SourceView
from ui.upload_figures import UNITS

MINUTE_S, HOUR_S = 60, 3600


def estimate_text(values: FormValues, source: SourceView, measured: Mapping[str, tuple[float, ...]] | None) -> str:
    """Return size and time, such as `up to 410 MB · about 4 minutes`; empty where nothing is known.

    `measured` is what work took on this machine, None while that is not known.
    """
    if measured is None or source.media is None or form_problems(values, has_video=not source.audio_only):
        return ""
    from pipeline.estimate import estimate  # with what encodes and uploads; whoever knows `measured` has loaded it

    video = Input(source=Path(values.source), slug=source.slug or "video", alone=True)
    try:
        plan = make_plan(to_job(values, video, source.media), source.media)
    except PipelineError:  # Start says what is wrong
        return ""
    found = estimate(plan, measured, os.cpu_count() or 1)
    told = []
    if found.size_bytes is not None:
        told.append(f"{'up to' if found.is_most else 'about'} {rough_size(found.size_bytes)}")
    if found.seconds is not None:
        told.append(rough_time(found.seconds))
    return " · ".join(told)


def rough_size(size_bytes: int) -> str:
    """Return a size without more digits than are known."""
    unit, size = next(((name, size) for name, size in UNITS if size_bytes >= size), UNITS[-1])
    amount = size_bytes / size
    return f"{amount:.1f} {unit}" if amount < 9.95 else f"{amount:.0f} {unit}"


def rough_time(seconds: float) -> str:
    """Return a time without more digits than are known."""
    if seconds < MINUTE_S:
        return "less than a minute"
    if seconds < 1.5 * HOUR_S:
        minutes = round(seconds / MINUTE_S)
        return f"about {minutes} minute{'' if minutes == 1 else 's'}"
    return f"about {seconds / HOUR_S:.1f} hours"
