"""Distinguishes cover art from video among a container's video streams."""

from __future__ import annotations

from typing import Any


def is_cover(stream: Any) -> bool:  # noqa: ANN401  # PyAV's stream
    """Whether a video stream is cover art or a set of thumbnails rather than the video itself."""
    marks = stream.disposition
    return bool(marks & (marks.attached_pic | marks.timed_thumbnails))
