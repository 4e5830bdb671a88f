"""Runs a plan's phases in order on the calling thread: the same call from window, command line and elsewhere.

Owns order, shares of the overall bar, and the one JobFinished; knows no phase in particular.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from pipeline.cancel import CancelToken
from pipeline.disk_room import ROOM_BYTES, tells_of_full_disk, wait_for_room
from pipeline.errors import Cancelled, EncodeError, OutputError, PipelineError, SettingsError
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, Sink
from pipeline.folder_lock import locked
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, PhaseReport, Plan
from pipeline.phases.phase import Phase, PhaseContext, PhaseResult, Progress
from pipeline.plan import output_settings
from pipeline.workspace import MASTER, Workspace

SHARES = {
    PhaseName.HLS: 50,
    PhaseName.MP4: 10,
    PhaseName.TRANSCRIPT: 15,
    PhaseName.UPLOAD: 20,
    PhaseName.RECORD: 3,
    PhaseName.CLEANUP: 2,
}
"""Parts of the overall bar; phases that are off give theirs to the others in proportion."""

MAKING = (PhaseName.HLS, PhaseName.MP4, PhaseName.TRANSCRIPT)
"""The phases that fill the folder; it is packaged after the last of them."""


_Made = TypeVar("_Made")


class Packager(Protocol):
    """Makes the folder whole and moves it into its place."""

    def __call__(self, context: PhaseContext) -> None:
        """Write the playlists and publish the folder. Raises PipelineError."""
        ...


class _Run:
    """One job on its way."""

    def __init__(self, plan: Plan, package: Packager, sink: Sink, cancel: CancelToken) -> None:
        self.plan = plan
        self.sink = sink
        self.cancel = cancel
        self.workspace = Workspace(plan.job)
        self.reports: list[PhaseReport] = []
        self.warnings: list[str] = []
        self._package = package
        self._total = sum(SHARES[name] for name in plan.phases)
        self._finished = 0

    def all(self, by_name: Mapping[PhaseName, Phase]) -> None:
        phases = [by_name[name] for name in self.plan.phases]
        with locked(self.workspace.lock_file, self.workspace.final):
            try:
                self._all(phases)
            except BaseException:
                self.workspace.abandon()
                raise

    def _all(self, phases: Sequence[Phase]) -> None:
        for note in self.plan.notes:
            self._log(note, LogLevel.INFO)
        self.workspace.check(output_settings(self.plan.job), self.plan.job.existing)
        for phase in phases:
            self.cancel.check()
            phase.check(self._context(phase.name))
        self._patiently(self.workspace.open)
        packaged = self.workspace.published
        for phase in phases:
            if not packaged and phase.name not in MAKING:
                self._pack(phase.name)
                packaged = True
            self._one(phase)
        if not packaged:
            self._pack(PhaseName.HLS)

    def _pack(self, name: PhaseName) -> None:
        self._patiently(lambda: self._package(self._context(name)))

    def _one(self, phase: Phase) -> None:
        self.cancel.check()
        started = time.monotonic()
        self.sink(PhaseStarted(phase=phase.name, overall=self._overall(phase.name, 0.0)))
        try:
            context = self._context(phase.name)
            result = self._patiently(lambda: phase.run(context)) if phase.name in MAKING else phase.run(context)
        except Cancelled as cancelled:
            self._end(phase.name, PhaseResult(outcome=PhaseOutcome.CANCELLED, text=str(cancelled) or "Cancelled"), started, share=0)
            raise
        except PipelineError as error:
            self._end(phase.name, PhaseResult(outcome=PhaseOutcome.FAILED, text=str(error)), started, share=0)
            raise
        if result.outcome is PhaseOutcome.WARNED:
            self.warnings.append(result.text)
        self._end(phase.name, result, started, share=SHARES[phase.name])

    def _patiently(self, work: Callable[[], _Made]) -> _Made:
        """Do a piece of work; where the disk is full, wait for room and do it again: it goes on from what is done."""
        warned = len(self.warnings)
        while True:
            try:
                return work()
            except (EncodeError, OutputError, OSError) as error:
                if not tells_of_full_disk(error):
                    raise
            del self.warnings[warned:]  # they are said again
            place = self.workspace.final.parent
            text = f"The disk is full: the job waits. Free at least {ROOM_BYTES >> 20} MB on the disk of {place}; it goes on by itself."
            self._log(text, LogLevel.WAITING)
            wait_for_room(place, self.cancel)
            self._log("There is room on the disk again: the job goes on.", LogLevel.INFO)

    def _end(self, name: PhaseName, result: PhaseResult, started: float, *, share: int) -> None:
        self._finished += share
        seconds = time.monotonic() - started
        self.reports.append(PhaseReport(phase=name, outcome=result.outcome, seconds=round(seconds, 3), text=result.text))
        overall = self._finished / self._total
        self.sink(PhaseFinished(phase=name, outcome=result.outcome, overall=overall, text=result.text))

    def _overall(self, name: PhaseName, fraction: float) -> float:
        return (self._finished + SHARES[name] * fraction) / self._total

    def _context(self, name: PhaseName) -> PhaseContext:
        def report(progress: Progress) -> None:
            self.sink(as_event(name, progress, overall=self._overall(name, progress.fraction)))

        return PhaseContext(plan=self.plan, workspace=self.workspace, cancel=self.cancel, report=report, log=self._log)

    def _log(self, text: str, level: LogLevel) -> None:
        if level is LogLevel.WARNING:
            self.warnings.append(text)
        self.sink(LogLine(text=text, level=level))


def as_event(name: PhaseName, progress: Progress, *, overall: float) -> PhaseProgress:
    """Return what a phase reports as the outside sees it."""
    return PhaseProgress(
        phase=name,
        fraction=progress.fraction,
        overall=overall,
        text=progress.text,
        rows=progress.rows,
        files_done=progress.files_done,
        files_total=progress.files_total,
        bytes_done=progress.bytes_done,
        bytes_total=progress.bytes_total,
        bytes_per_s=progress.bytes_per_s,
        seconds_left=progress.seconds_left,
    )


def run(plan: Plan, make_phases: Callable[[], Mapping[PhaseName, Phase]], package: Packager, sink: Sink, cancel: CancelToken) -> JobReport:
    """Run a job to its end and return how it went; never raises, and ends in exactly one JobFinished.

    Args:
        plan: what to do.
        make_phases: returns a phase for each name in the plan; what it raises ends the job like a phase that fails.
        package: writes the playlists and moves the folder into its place, after the last phase that fills it.
        sink: takes the events, in this thread.
        cancel: stops the job.
    """
    job = _Run(plan, package, sink, cancel)
    outcome, error, wrong_settings = Outcome.DONE, "", False
    try:
        job.all(make_phases())
    except Cancelled as cancelled:
        outcome, error = Outcome.CANCELLED, str(cancelled) or "Cancelled."
    except PipelineError as failure:
        outcome, error = Outcome.FAILED, str(failure)
        wrong_settings = isinstance(failure, SettingsError)
    except Exception as bug:  # noqa: BLE001  # the job's outermost frame: a bug must end the job, not the worker thread
        outcome, error = Outcome.FAILED, unexpected(bug, sink)
    report = JobReport(
        slug=plan.job.slug,
        source=plan.job.source,
        folder=job.workspace.final,
        outcome=outcome,
        phases=tuple(job.reports),
        error=error,
        warnings=tuple(job.warnings),
        master_url=_master_url(job),
        wrong_settings=wrong_settings,
        media_deleted=job.workspace.media_deleted,
        loudness_lufs=_loudness_lufs(job.workspace),
    )
    sink(JobFinished(report=report))
    return report


def _master_url(job: _Run) -> str:
    """Return where this job's upload put the stream; the folder also remembers where an earlier job sent it."""
    uploaded = any(one.phase is PhaseName.UPLOAD and one.outcome in (PhaseOutcome.DONE, PhaseOutcome.REUSED) for one in job.reports)
    urls = job.workspace.done.get(PhaseName.UPLOAD.value, {}).get("urls", {}) if uploaded else {}
    return str(urls.get(MASTER, ""))


def _loudness_lufs(workspace: Workspace) -> float | None:
    measured: list[dict[str, float]] = workspace.done.get(PhaseName.HLS.value, {}).get("loudness", [])
    return measured[0]["integrated_lufs"] if measured else None


def unexpected(bug: Exception, sink: Sink) -> str:
    """Log where a bug struck and return the sentence for the editor; the bug's own text may hold a signed URL and is left out."""
    import traceback

    place = traceback.extract_tb(bug.__traceback__)[-1]
    sink(LogLine(text=f"{type(bug).__name__} in {place.name}, line {place.lineno} of {place.filename}", level=LogLevel.ERROR))
    return f"Something unexpected went wrong ({type(bug).__name__}). What is done is kept: start again to go on."
