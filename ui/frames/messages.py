"""The messages about frames of the source, and about a preview."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ui.tones import Tone


@dataclass(frozen=True, kw_only=True)
class FrameRead:
    """The frame at a time of a video, as PNG: `place` in the strip, or the large one where that is None."""

    video: Path
    time_s: float
    place: int | None
    png: bytes


@dataclass(frozen=True, kw_only=True)
class PreviewTold:
    """What is to be said of a preview, or of frames that can't be read; `running` says that a preview goes on."""

    text: str
    tone: Tone = Tone.PLAIN
    running: bool = False


FrameMessage = FrameRead | PreviewTold
