"""What every phase is and what it may use. Knows no phase in particular."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Generic, Protocol, TypeAlias, TypeVar

from pipeline.alongside import Work
from pipeline.cancel import CancelToken
from pipeline.errors import FfmpegError, IncompleteError
from pipeline.events import NOTHING_SENT, LogLevel, TransferFigures
from pipeline.facts import Facts, StepFacts
from pipeline.model import PhaseName, PhaseOutcome, Plan

if TYPE_CHECKING:  # an upload that follows no encode has none
    from pipeline.workspace import Workspace

PlanT_co = TypeVar("PlanT_co", covariant=True)
PlanT_contra = TypeVar("PlanT_contra", contravariant=True)
FolderT_co = TypeVar("FolderT_co", covariant=True)
ContextT_contra = TypeVar("ContextT_contra", contravariant=True)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """The progress of a phase; absolute values. Fractions run from 0 to 1; `transfer` is an upload's.

    `kept` is the part that is finished for good, whatever becomes of the run.
    """

    fraction: float
    text: str = ""
    rows: dict[str, float] = field(default_factory=dict)
    transfer: TransferFigures = NOTHING_SENT
    kept: float = 0.0


@dataclass(frozen=True, kw_only=True)
class PhaseResult:
    """How a phase ended; `text` is shown beside its bar. The runner makes those of phases that raised."""

    outcome: PhaseOutcome = PhaseOutcome.DONE
    text: str = ""
    failed_files: int = 0


class Notes(Protocol):
    """What is finished of the work on a folder: the facts that each step has left."""

    @property
    def done(self) -> Facts:
        """What each finished step found out."""
        ...

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


class JobFolder(Notes, Protocol[PlanT_contra]):
    """The folder that a job works on, from what an earlier run left in it to its place."""

    @property
    def final(self) -> Path:
        """Where the finished folder lies."""
        ...

    @property
    def published(self) -> bool:
        """Whether the folder is complete and in its final place."""
        ...

    @property
    def lock_file(self) -> Path | None:
        """The file that is locked while a run works on it, None if there is none."""
        ...

    def check_for(self, plan: PlanT_contra) -> None:
        """Find out what an earlier run left for this plan, without changing anything. Raises PipelineError."""
        ...

    def open(self) -> None:
        """Make the folder for the work. Raises OutputError."""
        ...

    def abandon(self) -> None:
        """Forget work in progress of this run when nothing of it can be used again."""
        ...

    def remove_empty_folders(self) -> None:
        """Remove the folders above the job's own that the job has made, as far as they are empty."""
        ...


@dataclass(frozen=True, kw_only=True)
class JobContext(Generic[PlanT_co, FolderT_co]):
    """What a phase works on and reports to.

    `alongside` starts work in a thread of a name, beside the phases up to the end of the job: what it raises ends the
    job.
    """

    plan: PlanT_co
    workspace: FolderT_co
    cancel: CancelToken
    report: Callable[[Progress], None]
    log: Callable[[str, LogLevel], None]
    alongside: Callable[[str, Work], None]


if TYPE_CHECKING:
    PhaseContext: TypeAlias = JobContext[Plan, Workspace]
else:
    PhaseContext = JobContext
"""That of a conversion."""


def log_words(context: PhaseContext, error: BaseException) -> None:
    """Log what ffmpeg or the system said, for troubleshooting."""
    if isinstance(error, FfmpegError):
        context.log(f"ffmpeg said: {error.words}", LogLevel.DETAIL)
    elif isinstance(error, IncompleteError):
        context.log(f"What went wrong: {error}", LogLevel.DETAIL)
    elif isinstance(error, OSError):
        context.log(f"The system said: {error}", LogLevel.DETAIL)


class Phase(Protocol[ContextT_contra]):
    """One step of a job."""

    @property
    def name(self) -> PhaseName:
        """Which phase this is."""
        ...

    def check(self, context: ContextT_contra) -> None:
        """Find out before anything starts whether the phase can do its work. Raises PipelineError or Cancelled."""
        ...

    def run(self, context: ContextT_contra) -> PhaseResult:
        """Do the work, or find it done. Raises PipelineError or Cancelled."""
        ...
