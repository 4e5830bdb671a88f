"""The progress rows as data. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from pipeline.model import PhaseName
from pipeline.phase_table import PHASES
from ui.job_form import QUALITY_NAMES, USUAL_QUALITIES

RARE_QUALITIES = tuple(name for name in QUALITY_NAMES if name not in USUAL_QUALITIES)


class RowStatus(str, Enum):
    """How a row stands.

    A row is ABSENT where there can't be one: the video's of a source without one. It is PLANNED while no job runs that
    would fill it, and WAITING while one runs that has not come to it.
    """

    ABSENT = "absent"
    OFF = "off"
    PLANNED = "planned"
    WAITING = "waiting"
    ACTIVE = "active"
    DONE = "done"
    WARNED = "done with a warning"
    SKIPPED = "skipped"
    FAILED = "failed"
    CANCELLED = "cancelled"


WORDS = {
    RowStatus.OFF: "off",
    RowStatus.WAITING: "waiting",
    RowStatus.SKIPPED: "skipped",
    RowStatus.FAILED: "failed",
    RowStatus.CANCELLED: "stopped",
}
"""What stands at the end of a row where a percentage would say nothing."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One row: its name, how full it is (0 to 1), how it stands, the text beneath, and figures beneath that; `kept` is
    how much a later run does not do again (0 to 1).
    """

    label: str
    fraction: float = 0.0
    status: RowStatus = RowStatus.PLANNED
    text: str = ""
    figures: str = ""
    kept: float = 0.0

    @property
    def made(self) -> bool:
        """Whether the job fills the row."""
        return self.status not in (RowStatus.ABSENT, RowStatus.OFF)

    @property
    def shown(self) -> bool:
        """Whether the row is there: those of the usual qualities stay while they are off,
        so that little moves when a box is ticked.
        """
        return self.made or (self.status is RowStatus.OFF and self.label not in RARE_QUALITIES)

    @property
    def figure(self) -> str:
        """What stands at the end of the row: a percentage, 100 only when it is finished, or a word."""
        return WORDS.get(self.status) or f"{int(min(1.0, max(0.0, self.fraction)) * 100)}%"


@dataclass(frozen=True, kw_only=True)
class Bars:
    """All rows, one for every quality."""

    overall: Bar = Bar(label="Overall")
    qualities: tuple[Bar, ...] = tuple(Bar(label=name) for name in QUALITY_NAMES)
    mp4: Bar = Bar(label=PHASES[PhaseName.MP4].title)
    transcript: Bar = Bar(label=PHASES[PhaseName.TRANSCRIPT].title)
    upload: Bar = Bar(label=PHASES[PhaseName.UPLOAD].title)

    @property
    def all(self) -> tuple[Bar, ...]:
        """The rows from top to bottom."""
        return (self.overall, *self.qualities, self.mp4, self.transcript, self.upload)
