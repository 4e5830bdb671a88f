"""What every phase is and what it may use. Knows no phase in particular."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from pipeline.cancel import CancelToken
from pipeline.errors import FfmpegError, IncompleteError
from pipeline.events import NOTHING_SENT, LogLevel, TransferFigures
from pipeline.facts import Facts, StepFacts
from pipeline.model import PhaseName, PhaseOutcome, Plan
from pipeline.workspace import Workspace


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a phase stands; absolute values. Fractions run from 0 to 1; `transfer` is an upload's."""

    fraction: float
    text: str = ""
    rows: dict[str, float] = field(default_factory=dict)
    transfer: TransferFigures = NOTHING_SENT


@dataclass(frozen=True, kw_only=True)
class PhaseResult:
    """How a phase ended; `text` is what stands beside its bar. The runner makes those of phases that raised."""

    outcome: PhaseOutcome = PhaseOutcome.DONE
    text: str = ""
    failed_files: int = 0


class Notes(Protocol):
    """What is finished of the work on a folder: the facts that each step has left."""

    done: Facts

    @property
    def folder(self) -> Path:
        """Where the files are."""
        ...

    @property
    def media_deleted(self) -> bool:
        """Whether the clean-up has deleted the media, so that the folder is rightly without them."""
        ...

    def mark(self, facts: StepFacts) -> None:
        """Note that a step is finished, with what later steps need to know of it. Raises OutputError."""
        ...


@dataclass(frozen=True, kw_only=True)
class PhaseContext:
    """What a phase works on and reports to."""

    plan: Plan
    workspace: Workspace
    cancel: CancelToken
    report: Callable[[Progress], None]
    log: Callable[[str, LogLevel], None]


def log_words(context: PhaseContext, error: BaseException) -> None:
    """Put what ffmpeg or the system said into the log, for whoever looks for the fault."""
    if isinstance(error, FfmpegError):
        context.log(f"ffmpeg said: {error.words}", LogLevel.DETAIL)
    elif isinstance(error, IncompleteError):
        context.log(f"What went wrong: {error}", LogLevel.DETAIL)
    elif isinstance(error, OSError):
        context.log(f"The system said: {error}", LogLevel.DETAIL)


class Phase(Protocol):
    """One step of a job."""

    @property
    def name(self) -> PhaseName:
        """Which phase this is."""
        ...

    def check(self, context: PhaseContext) -> None:
        """Find out before anything starts whether the phase can do its work. Raises PipelineError or Cancelled."""
        ...

    def run(self, context: PhaseContext) -> PhaseResult:
        """Do the work, or find it done. Raises PipelineError or Cancelled."""
        ...
