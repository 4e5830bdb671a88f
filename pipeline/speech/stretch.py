"""A stretch of speech, as data: what the speech detector finds and what words are placed by."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Speech between two pauses, in seconds of the audio."""

    start_s: float
    end_s: float
