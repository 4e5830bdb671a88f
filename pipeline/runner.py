"""Runs a plan's phases in order on the calling thread: the same call from window, command line and elsewhere.

Owns the order and the one JobFinished; knows no phase in particular.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from pipeline.cancel import CancelToken
from pipeline.disk_room import ROOM_BYTES, is_disk_full, wait_for_room
from pipeline.errors import EncodeError, OutputError
from pipeline.events import JobFinished, LogLevel, Sink
from pipeline.folder_lock import locked
from pipeline.media.stream_layout import MASTER
from pipeline.model import JobReport, PhaseName, PhaseOutcome, Plan
from pipeline.output_settings import output_settings
from pipeline.phase_table import PHASES
from pipeline.phases.phase import Phase, PhaseContext
from pipeline.steps import Steps, to_the_end
from pipeline.workspace import Workspace

_Made = TypeVar("_Made")


class Packager(Protocol):
    """Makes the folder whole and moves it into its place."""

    def __call__(self, context: PhaseContext) -> None:
        """Write the playlists and publish the folder. Raises PipelineError."""
        ...


class _JobRun:
    """One job on its way."""

    def __init__(self, plan: Plan, package: Packager, sink: Sink, cancel: CancelToken) -> None:
        self.plan = plan
        self.cancel = cancel
        self.workspace = Workspace(plan.job)
        self.steps = Steps(plan.job.slug, plan.phases, sink)
        self._package = package

    def all(self, by_name: Mapping[PhaseName, Phase]) -> None:
        phases = [by_name[name] for name in self.plan.phases]
        try:
            with locked(self.workspace.lock_file, self.workspace.final):
                try:
                    self._all(phases)
                except BaseException:
                    self.workspace.abandon()
                    raise
        finally:
            self.workspace.remove_empty_folders()

    def _all(self, phases: Sequence[Phase]) -> None:
        for note in self.plan.notes:
            self.steps.log(note, LogLevel.INFO)
        self.workspace.check(output_settings(self.plan), self.plan.job.existing)
        for phase in phases:
            self.cancel.check()
            phase.check(self._context(phase.name))
        self._retry_when_disk_full(self.workspace.open)
        packaged = self.workspace.published
        for phase in phases:
            if not packaged and not PHASES[phase.name].fills_folder:
                self._pack(phase.name)
                packaged = True
            self._one(phase)
        if not packaged:
            self._pack(PhaseName.HLS)

    def _pack(self, name: PhaseName) -> None:
        self._retry_when_disk_full(lambda: self._package(self._context(name)))

    def _one(self, phase: Phase) -> None:
        self.cancel.check()
        context = self._context(phase.name)
        patient = PHASES[phase.name].fills_folder
        self.steps.take(
            phase.name,
            lambda: self._retry_when_disk_full(lambda: phase.run(context)) if patient else phase.run(context),
        )

    def _retry_when_disk_full(self, work: Callable[[], _Made]) -> _Made:
        """Do a piece of work; where the disk is full, wait for room and do it again: it goes on from what is done."""
        warned = len(self.steps.warnings)
        while True:
            try:
                return work()
            except (EncodeError, OutputError, OSError) as error:
                if not is_disk_full(error):
                    raise
            del self.steps.warnings[warned:]  # they are said again
            place = self.workspace.final.parent
            text = (
                f"The disk is full: the job waits. Free at least {ROOM_BYTES >> 20} MB on the disk of {place}; "
                "it goes on by itself."
            )
            self.steps.log(text, LogLevel.WAITING)
            wait_for_room(place, self.cancel)
            self.steps.log("There is room on the disk again: the job goes on.", LogLevel.INFO)

    def _context(self, name: PhaseName) -> PhaseContext:
        report, log = self.steps.reporter(name), self.steps.log
        return PhaseContext(plan=self.plan, workspace=self.workspace, cancel=self.cancel, report=report, log=log)


def run(
    plan: Plan, make_phases: Callable[[], Mapping[PhaseName, Phase]], package: Packager, sink: Sink, cancel: CancelToken
) -> JobReport:
    """Run a job to its end and return how it went; never raises, and ends in exactly one JobFinished.

    Args:
        plan: what to do.
        make_phases: returns a phase for each name in the plan; what it raises ends the job like a phase that fails.
        package: writes the playlists and moves the folder into its place, after the last phase that fills it.
        sink: takes the events, in this thread.
        cancel: stops the job.
    """
    job = _JobRun(plan, package, sink, cancel)
    ending = to_the_end(lambda: job.all(make_phases()), job.steps.log)
    report = JobReport(
        slug=plan.job.slug,
        source=plan.job.source,
        folder=job.workspace.final,
        outcome=ending.outcome,
        phases=tuple(job.steps.reports),
        error=ending.error,
        warnings=tuple(job.steps.warnings),
        master_url=_master_url(job),
        wrong_settings=ending.wrong_settings,
        media_deleted=job.workspace.media_deleted,
        loudness_lufs=_loudness_lufs(job.workspace),
    )
    sink(JobFinished(report=report))
    return report


def _master_url(job: _JobRun) -> str:
    """Return where this job's upload put the stream; the folder also remembers where an earlier job sent it."""
    uploaded = any(
        one.phase is PhaseName.UPLOAD and one.outcome in (PhaseOutcome.DONE, PhaseOutcome.REUSED)
        for one in job.steps.reports
    )
    facts = job.workspace.done.upload
    return facts.urls.get(MASTER, "") if uploaded and facts is not None else ""


def _loudness_lufs(workspace: Workspace) -> float | None:
    encoded = workspace.done.hls
    return encoded.loudness[0].integrated_lufs if encoded is not None and encoded.loudness else None
