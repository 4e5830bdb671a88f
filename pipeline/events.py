"""The events that a job sends. A front end turns these into bars or lines; nothing flows back this way.

Every event names its job by `job`, which is the job's place: `Job.slug`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever only tells how an upload goes need not wait for what describes a conversion
    from pipeline.model import JobReport, PhaseName, PhaseOutcome
from pipeline.printable import printable_lines


class LogLevel(str, Enum):
    """How important a line is; DETAIL is for troubleshooting, not for an editor.

    WAITING counts as much as WARNING until the job says something else: it waits for something, and its result is
    none the worse.
    """

    DETAIL = "detail"
    INFO = "info"
    WAITING = "waiting"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, kw_only=True)
class TransferFigures:
    """How far an upload is, over all its files: absolute values.

    `bytes_done` are those that went out, `bytes_confirmed` those that the store has: whole files, and parts of large
    ones. `bytes_per_s` is 0 and `seconds_left` None while they are unknown.
    """

    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    bytes_per_s: float = 0.0
    seconds_left: float | None = None
    bytes_confirmed: int = 0

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1; if there are no bytes, files are counted."""
        if self.bytes_total:
            return self.bytes_done / self.bytes_total
        return self.files_done / self.files_total if self.files_total else 0.0


NOTHING_SENT = TransferFigures()


@dataclass(frozen=True, kw_only=True)
class PhaseStarted:
    """A phase begins; `overall` is the job's fraction so far."""

    job: str
    phase: PhaseName
    overall: float


@dataclass(frozen=True, kw_only=True)
class PhaseProgress:
    """The progress of a phase: absolute values, so a reader may drop all but the last of a phase.

    Fractions run from 0 to 1. `rows` holds a fraction for each rendition that is made, in phase HLS, where one may be
    left out on the way; it is empty elsewhere, and while nothing is known of them.
    `transfer` is how far an upload is, and says nothing elsewhere. `kept` is the part of the whole job that a later run
    does not do again if this one is cut short now, on the scale of `overall`.
    """

    job: str
    phase: PhaseName
    fraction: float
    overall: float
    text: str = ""
    rows: dict[str, float] = field(default_factory=dict)
    transfer: TransferFigures = NOTHING_SENT
    kept: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PhaseFinished:
    """A phase ended, well or not; `text` is what the editor should read beside its bar.

    `failed_files` is how many files an upload tried in vain, 0 where it did not fail for single files, and elsewhere.
    """

    job: str
    phase: PhaseName
    outcome: PhaseOutcome
    overall: float
    text: str = ""
    failed_files: int = 0


@dataclass(frozen=True, kw_only=True)
class LogLine:
    """A sentence about the job, as it can be shown: it may quote a server, or a file's name."""

    job: str
    text: str
    level: LogLevel = LogLevel.INFO

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", printable_lines(self.text))


@dataclass(frozen=True, kw_only=True)
class JobFinished:
    """The last event of every job; exactly one."""

    report: JobReport

    @property
    def job(self) -> str:
        """Which job has ended."""
        return self.report.slug


Event = PhaseStarted | PhaseProgress | PhaseFinished | LogLine | JobFinished
Sink = Callable[[Event], None]
