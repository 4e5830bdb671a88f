"""The events and reports of every job: those of its phases, its overall progress, and how it ended.

Knows neither what a phase does nor in which order they come.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.errors import Cancelled, PipelineError, SettingsError, TransferError
from pipeline.events import LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, Sink
from pipeline.model import Outcome, PhaseName, PhaseOutcome, PhaseReport
from pipeline.phase_table import PHASES
from pipeline.phases.phase import PhaseResult, Progress

Log = Callable[[str, LogLevel], None]


@dataclass(frozen=True, kw_only=True)
class Ending:
    """How a job ended. `error` and `wrong_settings` as in `JobReport`."""

    outcome: Outcome = Outcome.DONE
    error: str = ""
    wrong_settings: bool = False


class Steps:
    """The phases of one job on their way; `reports` and `warnings` are those of its report."""

    def __init__(self, job: str, phases: Sequence[PhaseName], sink: Sink) -> None:
        self.reports: list[PhaseReport] = []
        self.warnings: list[str] = []
        self._job = job
        self._sink = sink
        self._total = sum(PHASES[name].share for name in phases)
        self._finished = 0

    def run(self, name: PhaseName, work: Callable[[], PhaseResult]) -> None:
        """Do the work of a phase. Raises what it raises, after reporting it."""
        started = time.monotonic()
        self._sink(PhaseStarted(job=self._job, phase=name, overall=self._overall(name, 0.0)))
        try:
            result = work()
        except Cancelled as cancelled:
            self._end(
                name, PhaseResult(outcome=PhaseOutcome.CANCELLED, text=str(cancelled) or "Cancelled"), started, share=0
            )
            raise
        except PipelineError as error:
            failed_files = error.failed_files if isinstance(error, TransferError) else 0
            failed = PhaseResult(outcome=PhaseOutcome.FAILED, text=str(error), failed_files=failed_files)
            self._end(name, failed, started, share=0)
            raise
        if result.outcome is PhaseOutcome.WARNED:
            self.warnings.append(result.text)
        self._end(name, result, started, share=PHASES[name].share)

    def reporter(self, name: PhaseName) -> Callable[[Progress], None]:
        """Return the function that reports a phase's progress."""

        def report(progress: Progress) -> None:
            self._sink(_as_event(self._job, name, progress, overall=self._overall(name, progress.fraction)))

        return report

    def log(self, text: str, level: LogLevel) -> None:
        """Tell a line; a warning is part of the report."""
        if level is LogLevel.WARNING:
            self.warnings.append(text)
        self._sink(LogLine(job=self._job, text=text, level=level))

    def _end(self, name: PhaseName, result: PhaseResult, started: float, *, share: int) -> None:
        self._finished += share
        seconds = time.monotonic() - started
        self.reports.append(
            PhaseReport(phase=name, outcome=result.outcome, seconds=round(seconds, 3), text=result.text)
        )
        overall = self._finished / self._total
        self._sink(
            PhaseFinished(
                job=self._job,
                phase=name,
                outcome=result.outcome,
                overall=overall,
                text=result.text,
                failed_files=result.failed_files,
            )
        )

    def _overall(self, name: PhaseName, fraction: float) -> float:
        return (self._finished + PHASES[name].share * fraction) / self._total


def to_the_end(work: Callable[[], object], log: Log) -> Ending:
    """Do the work of a whole job and return how it ended; never raises."""
    try:
        work()
    except Cancelled as cancelled:
        return Ending(outcome=Outcome.CANCELLED, error=str(cancelled))
    except PipelineError as failure:
        return Ending(outcome=Outcome.FAILED, error=str(failure), wrong_settings=isinstance(failure, SettingsError))
    except Exception as bug:  # noqa: BLE001  # the job's outermost frame: a bug must end the job, not the worker thread
        return Ending(outcome=Outcome.FAILED, error=unexpected(bug, log))
    return Ending()


def unexpected(bug: Exception, log: Log) -> str:
    """Log where a bug struck; return a sentence for the editor without the bug's text (a signed URL, perhaps)."""
    frame = traceback.extract_tb(bug.__traceback__)[-1]
    log(f"{type(bug).__name__} in {frame.name}, line {frame.lineno} of {frame.filename}", LogLevel.ERROR)
    return f"Something unexpected went wrong ({type(bug).__name__}). What is done is kept: start again to go on."


def _as_event(job: str, name: PhaseName, progress: Progress, *, overall: float) -> PhaseProgress:
    return PhaseProgress(
        job=job,
        phase=name,
        fraction=progress.fraction,
        overall=overall,
        text=progress.text,
        rows=progress.rows,
        transfer=progress.transfer,
    )
