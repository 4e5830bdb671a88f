"""Runs a plan's phases in order on the calling thread: the same call from window, command line and elsewhere.

Owns the order and the one JobFinished; knows no phase in particular.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Generic, TypeVar, cast

from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.disk_room import ROOM_BYTES, is_disk_full, wait_for_room
from pipeline.errors import EncodeError, OutputError
from pipeline.events import JobFinished, LogLevel, Sink
from pipeline.expected_time import expected_s, work_of
from pipeline.facts import Facts
from pipeline.folder_lock import locked
from pipeline.media.stream_layout import MASTER
from pipeline.model import JobReport, PhaseName, PhaseOutcome, PhaseReport, Plan, UploadPlan
from pipeline.phase_table import PHASES
from pipeline.phases.phase import JobContext, JobFolder, Phase
from pipeline.scheduler import Stage, Turn
from pipeline.steps import Steps, to_the_end

_Made = TypeVar("_Made")
_Plan = TypeVar("_Plan", bound=Plan | UploadPlan)
_Folder = TypeVar("_Folder", bound=JobFolder[Any])


class _JobRun(Generic[_Plan, _Folder]):
    """One job on its way."""

    def __init__(
        self,
        plan: _Plan,
        folder: _Folder,
        package: Callable[[JobContext[_Plan, _Folder]], None] | None,
        sink: Sink,
        cancel: CancelToken,
        turn: Turn | None,
        *,
        waits_for_room: bool,
        expect: Callable[[_Folder], Mapping[PhaseName, float]] | None,
    ) -> None:
        self.plan = plan
        self._turn = turn
        self._waits_for_room = waits_for_room
        self._asked = cancel
        self._alongside = Alongside(cancel.suspension)
        self.cancel = self._alongside.cancel
        self.folder = folder
        self.steps = Steps(plan.job.slug, plan.phases, sink)
        self._package = package
        self._expect = expect

    def all(self, by_name: Mapping[PhaseName, Phase[JobContext[_Plan, _Folder]]]) -> None:
        phases = [by_name[name] for name in self.plan.phases]
        lock_file = self.folder.lock_file
        try:
            with nullcontext() if lock_file is None else locked(lock_file, self.folder.final):
                try:
                    with self._alongside.job(self._asked):
                        self._all(phases)
                except BaseException:
                    self.folder.abandon()
                    raise
        finally:
            self.folder.remove_empty_folders()

    def _all(self, phases: Sequence[Phase[JobContext[_Plan, _Folder]]]) -> None:
        for note in self.plan.notes:
            self.steps.log(note, LogLevel.INFO)
        self.folder.check_for(self.plan)
        if self._expect is None:
            self.steps.weigh(expected_s(work_of(self.plan, os.cpu_count() or 1), {}))
        else:
            self.steps.weigh(self._expect(self.folder))
        for phase in phases:
            self.cancel.check()
            phase.check(self._context(phase.name))
        self._retry_when_disk_full(self.folder.open)
        packaged = self.folder.published
        for phase in phases:
            if not packaged and not PHASES[phase.name].fills_folder:
                self._pack(phase.name)
                packaged = True
            self._one(phase)
        if not packaged:
            self._pack(PhaseName.HLS)

    def _pack(self, name: PhaseName) -> None:
        package = self._package
        assert package is not None
        self._retry_when_disk_full(
            lambda: self._when_it_is_its_turn(Stage.PACKAGE, lambda: package(self._context(name, as_made=True)))
        )

    def _one(self, phase: Phase[JobContext[_Plan, _Folder]]) -> None:
        self.cancel.check()
        context = self._context(phase.name, as_made=phase.name is not PhaseName.HLS)
        patient = PHASES[phase.name].fills_folder
        self.steps.run(
            phase.name,
            lambda: (
                self._retry_when_disk_full(lambda: phase.run(context))
                if patient
                else self._when_it_is_its_turn(Stage.UPLOAD, lambda: phase.run(context))
            ),
        )

    def _when_it_is_its_turn(self, stage: Stage, work: Callable[[], _Made]) -> _Made:
        with nullcontext() if self._turn is None else self._turn.use(stage, self.cancel):
            return work()

    def _retry_when_disk_full(self, work: Callable[[], _Made]) -> _Made:
        """Do a piece of work; if the disk is full, wait for room and do it again, keeping what is done."""
        warned = len(self.steps.warnings)
        while True:
            try:
                return work()
            except (EncodeError, OutputError, OSError) as error:
                if not (self._waits_for_room and is_disk_full(error)):
                    raise
            del self.steps.warnings[warned:]  # they are said again
            parent = self.folder.final.parent
            text = (
                f"The disk is full: the job waits. Free at least {ROOM_BYTES >> 20} MB on the disk of {parent}; "
                "it goes on by itself."
            )
            self.steps.log(text, LogLevel.WAITING)
            wait_for_room(parent, self.cancel)
            self.steps.log("There is room on the disk again: the job goes on.", LogLevel.INFO)

    def _context(self, name: PhaseName, *, as_made: bool = False) -> JobContext[_Plan, _Folder]:
        """Return what a phase works on; with `as_made` the plan has the renditions that the encode has made of it."""
        report, log, encoded = self.steps.reporter(name), self.steps.log, self.folder.done.hls
        plan = self.plan
        if as_made and encoded is not None and isinstance(plan, Plan):
            from pipeline.plan import plan_as_made  # with all that only a conversion needs

            plan = cast("_Plan", plan_as_made(plan, encoded.renditions))  # mypy narrows no type variable
        return JobContext(
            plan=plan,
            workspace=self.folder,
            cancel=self.cancel,
            report=report,
            log=log,
            alongside=self._alongside.start,
        )


def run(
    plan: _Plan,
    folder: _Folder,
    make_phases: Callable[[], Mapping[PhaseName, Phase[JobContext[_Plan, _Folder]]]],
    package: Callable[[JobContext[_Plan, _Folder]], None] | None,
    sink: Sink,
    cancel: CancelToken,
    *,
    turn: Turn | None = None,
    waits_for_room: bool = True,
    expect: Callable[[_Folder], Mapping[PhaseName, float]] | None = None,
) -> JobReport:
    """Run a job to its end and return how it went; never raises, and ends in exactly one JobFinished.

    Args:
        plan: what to do.
        folder: what it is done with.
        make_phases: returns a phase for each name in the plan; what it raises ends the job like a phase that fails.
        package: writes the playlists and moves the folder into its place, after the last phase that fills it; None for
            a plan that finds it there.
        sink: takes the events, in this thread.
        cancel: stops the job.
        turn: its place among other jobs that run at the same time, None where there are none.
        waits_for_room: whether it waits where the disk is full, or fails, because another machine may have room.
        expect: returns the seconds that each phase is expected to take, of a folder that was checked; None for the
            usual ones.
    """
    job = _JobRun(plan, folder, package, sink, cancel, turn, waits_for_room=waits_for_room, expect=expect)
    ending = to_the_end(lambda: job.all(make_phases()), job.steps.log)
    report = JobReport(
        slug=plan.job.slug,
        source=plan.job.source,
        folder=folder.final,
        outcome=ending.outcome,
        phases=tuple(job.steps.reports),
        error=ending.error,
        warnings=tuple(job.steps.warnings),
        master_url=_master_url(job.steps.reports, folder.done),
        wrong_settings=ending.wrong_settings,
        backend_unreachable=ending.backend_unreachable,
        folder_in_use=ending.folder_in_use,
        damaged=ending.damaged,
        unheard=ending.unheard,
        media_deleted=folder.media_deleted,
        loudness_lufs=_loudness_lufs(folder.done),
        address=plan.job.address.text if isinstance(plan, Plan) and plan.job.address is not None else "",
    )
    sink(JobFinished(report=report))
    return report


def _master_url(reports: Sequence[PhaseReport], done: Facts) -> str:
    """Return where this job's upload put the stream; the folder also remembers where an earlier job sent it."""
    uploaded = any(
        one.phase is PhaseName.UPLOAD and one.outcome in (PhaseOutcome.DONE, PhaseOutcome.REUSED) for one in reports
    )
    return done.upload.urls.get(MASTER, "") if uploaded and done.upload is not None else ""


def _loudness_lufs(done: Facts) -> float | None:
    return done.hls.loudness[0].integrated_lufs if done.hls is not None and done.hls.loudness else None
