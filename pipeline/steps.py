"""The events and reports of every job: those of its phases, its overall progress, and how it ended.

Knows neither what a phase does nor in which order they come.
"""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import (
    Cancelled,
    DamageError,
    FolderInUseError,
    PipelineError,
    SettingsError,
    SpeechError,
    TransferError,
)
from pipeline.events import LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, Sink
from pipeline.model import Outcome, PhaseName, PhaseOutcome, PhaseReport
from pipeline.phases.phase import PhaseResult, Progress
from pipeline.transfer.http.retry import may_pass

Log = Callable[[str, LogLevel], None]

_logger = logging.getLogger(__name__)
_logger.addHandler(logging.NullHandler())  # a script that sets up no logging has no traceback on its standard error


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """How a job ended. The fields are those of `JobReport`."""

    outcome: Outcome = Outcome.DONE
    error: str = ""
    wrong_settings: bool = False
    backend_unreachable: bool = False
    folder_in_use: bool = False
    damaged: bool = False
    unheard: bool = False


class Steps:
    """The phases of one job on their way; `reports` and `warnings` are those of its report.

    Each phase has a part of the overall progress by its weight, as `weigh` has set it; without, all have the same. The
    overall progress never goes back.
    """

    def __init__(self, job: str, phases: Sequence[PhaseName], sink: Sink) -> None:
        self.reports: list[PhaseReport] = []
        self.warnings: list[str] = []
        self._job = job
        self._sink = sink
        self._weights: Mapping[PhaseName, float] = dict.fromkeys(phases, 1.0)
        self._finished = 0.0
        self._overall = 0.0
        self._running: PhaseName | None = None

    def weigh(self, weights: Mapping[PhaseName, float]) -> None:
        """Set each phase's weight, before the first one runs: how long it is expected to take."""
        self._weights = weights

    def run(self, name: PhaseName, work: Callable[[], PhaseResult]) -> None:
        """Do the work of a phase. Raises what it raises, after reporting it."""
        started, self._running = time.monotonic(), name
        self._sink(PhaseStarted(job=self._job, phase=name, overall=self._reached(name, 0.0)))
        try:
            result = work()
        except Cancelled as cancelled:
            self._end(name, PhaseResult(outcome=PhaseOutcome.CANCELLED, text=str(cancelled) or "Cancelled"), started)
            raise
        except PipelineError as error:
            failed_files = error.failed_files if isinstance(error, TransferError) else 0
            failed = PhaseResult(outcome=PhaseOutcome.FAILED, text=str(error), failed_files=failed_files)
            self._end(name, failed, started)
            raise
        if result.outcome is PhaseOutcome.WARNED:
            self.warnings.append(result.text)
        self._reached(name, 1.0)
        self._finished += self._weights[name]
        self._end(name, result, started)

    def reporter(self, name: PhaseName) -> Callable[[Progress], None]:
        """Return the function that reports a phase's progress."""

        def report(progress: Progress) -> None:
            overall = self._reached(name, progress.fraction)
            self._sink(_as_event(self._job, name, progress, overall=overall, kept=self._kept(name, progress.kept)))

        return report

    def log(self, text: str, level: LogLevel) -> None:
        """Tell a line; a warning is part of the report."""
        if level is LogLevel.WARNING:
            self.warnings.append(text)
        self._sink(LogLine(job=self._job, text=text, level=level))

    def _end(self, name: PhaseName, result: PhaseResult, started: float) -> None:
        seconds = time.monotonic() - started
        self.reports.append(
            PhaseReport(phase=name, outcome=result.outcome, seconds=round(seconds, 3), text=result.text)
        )
        self._sink(
            PhaseFinished(
                job=self._job,
                phase=name,
                outcome=result.outcome,
                overall=self._overall,
                text=result.text,
                failed_files=result.failed_files,
            )
        )

    def _kept(self, name: PhaseName, part: float) -> float:
        """Return what is finished for good of all, with this part of a phase."""
        begun = self._weights[name] * part if name is self._running else 0.0
        return min(1.0, (self._finished + begun) / sum(self._weights.values()))

    def _reached(self, name: PhaseName, fraction: float) -> float:
        if name is not self._running:  # what it does before its turn is no part of its work
            return self._overall
        done = (self._finished + self._weights[name] * fraction) / sum(self._weights.values())
        self._overall = max(self._overall, min(1.0, done))
        return self._overall


def to_the_end(work: Callable[[], object], log: Log) -> JobResult:
    """Do the work of a whole job and return how it ended; never raises."""
    try:
        work()
    except Cancelled as cancelled:
        return JobResult(outcome=Outcome.CANCELLED, error=str(cancelled))
    except PipelineError as failure:
        return JobResult(
            outcome=Outcome.FAILED,
            error=str(failure),
            wrong_settings=isinstance(failure, SettingsError),
            backend_unreachable=may_pass(failure),
            folder_in_use=isinstance(failure, FolderInUseError),
            damaged=isinstance(failure, DamageError),
            unheard=isinstance(failure, SpeechError),
        )
    except Exception as bug:  # noqa: BLE001  # the job's outermost frame: a bug must end the job, not the worker thread
        return JobResult(outcome=Outcome.FAILED, error=bug_text(bug, log))
    return JobResult()


def bug_text(bug: Exception, log: Log) -> str:
    """Log where a bug struck; return a sentence for the editor without the bug's text (a signed URL, perhaps)."""
    _logger.error("unexpected error in a job", exc_info=bug)
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    log(f"{type(bug).__name__} in {frame.name}, line {frame.lineno} of {frame.filename}", LogLevel.ERROR)
    return (
        f"Something unexpected went wrong ({type(bug).__name__}). Start again: nothing that is finished is done twice."
    )


def _as_event(job: str, name: PhaseName, progress: Progress, *, overall: float, kept: float) -> PhaseProgress:
    return PhaseProgress(
        job=job,
        phase=name,
        fraction=progress.fraction,
        overall=overall,
        text=progress.text,
        rows=progress.rows,
        transfer=progress.transfer,
        kept=kept,
    )
