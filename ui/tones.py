"""What a text means, beside what it says."""

from __future__ import annotations

from enum import Enum


class Tone(Enum):
    """What a text means, beside what it says."""

    PLAIN = "plain"
    BUSY = "busy"
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
