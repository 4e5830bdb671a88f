"""Which times of a video are shown and meant. Pure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.job import Existing, Job, Trim

FRAMES = 12
PREVIEW_S = 10.0


def strip_times(length_s: float) -> tuple[float, ...]:
    """Return the times of the strip's frames, each in the middle of its part of the video."""
    return tuple((number + 0.5) * length_s / FRAMES for number in range(FRAMES))


def place_of(time_s: float, length_s: float) -> int:
    """Return the frame of the strip that stands for a time."""
    return max(0, min(FRAMES - 1, int(time_s / length_s * FRAMES))) if length_s > 0 else 0


def within(time_s: float, length_s: float) -> float:
    """Return a time that lies in the video, to the hundredth of a second."""
    return round(max(0.0, min(time_s, length_s)), 2)


def typed_time(seconds: float) -> str:
    """Return a time as it is typed into the form, such as `1:02:30.5`."""
    hundredths = round(seconds * 100)
    hours, minutes, rest = hundredths // 360_000, hundredths // 6000 % 60, hundredths % 6000 / 100
    text = f"{rest:05.2f}".rstrip("0").rstrip(".")
    return f"{hours}:{minutes:02}:{text}" if hours else f"{minutes}:{text}"


def preview_job(job: Job, time_s: float, length_s: float, folder: Path) -> Job:
    """Return the job that tries out another one's settings: ten seconds from a time, nothing beside the stream.

    The ten seconds end with the video at the latest.
    """
    start_s = max(0.0, min(time_s, length_s - PREVIEW_S))
    return replace(
        job,
        output_dir=folder,
        slug="preview",
        trim=Trim(start_s=start_s, end_s=min(length_s, start_s + PREVIEW_S)),
        poster_s=None,
        make_mp4=False,
        encryption=None,
        chapters=None,
        transcription=None,
        captions=(),
        script=None,
        dataset=None,
        upload=None,
        existing=Existing.FRESH,
    )
