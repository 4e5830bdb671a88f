"""What can't be read of a source, and whether it is converted all the same. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pipeline.media.source.interruptions import Interruption

MISSING_S = 1.0
"""A source that misses more than this, in seconds, is not converted unless the editor accepts that."""


def length_text(seconds: float) -> str:
    """Return how much is missing, in words."""
    return f"{seconds:.1f} s" if seconds >= 0.05 else "less than 0.1 s"


class Medium(Enum):
    """What of a source something is said of."""

    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, kw_only=True)
class Hole:
    """A stretch of a source that can't be read, in seconds from its first moment."""

    medium: Medium
    begin_s: float
    end_s: float

    @property
    def length_s(self) -> float:
        """How long it is."""
        return self.end_s - self.begin_s


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What was found when all of a source was read and decoded.

    `interruption` is why it is not converted, whatever can be decoded of it. `errors` is how often the decoders
    complained; `orderly` that of `Scan`. Of several audio tracks, the holes are those of the one that misses most.
    """

    holes: tuple[Hole, ...] = ()
    errors: int = 0
    orderly: bool = True
    interruption: Interruption | None = None

    @property
    def whole(self) -> bool:
        """Whether all of it can be read."""
        return not self.errors and self.orderly and self.interruption is None

    def missing_s(self, medium: Medium) -> float:
        """Return how much of the video or of the audio can't be read, in seconds."""
        return sum(hole.length_s for hole in self.holes if hole.medium is medium)

    @property
    def refused(self) -> bool:
        """Whether so much is missing that it is not converted unless the editor accepts that."""
        if self.interruption is not None:
            return True
        return any(self.missing_s(medium) > MISSING_S for medium in Medium)
