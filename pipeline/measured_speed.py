"""What work took on this machine, kept in the folder for data from job to job, and what a job is expected to take."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.codec import from_json, to_json
from pipeline.errors import CodecError, OutputError
from pipeline.estimate import has_constant_quality, most_size_bytes, size_kind
from pipeline.events import Event, LogLevel, LogLine, PhaseStarted, Sink
from pipeline.expected_time import MOST_KEPT, Measured, expected_s, learned, work_of
from pipeline.files import write_whole
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.phase_table import PHASES
from pipeline.published import published_files
from pipeline.workspace import Workspace

FILE = "measured-speed.json"
SCHEMA = 2

TRANSFERS = (PhaseName.FETCH, PhaseName.UPLOAD)
"""The phases that a pause and a limit hold back."""


@dataclass(frozen=True, kw_only=True)
class MeasuredSpeed:
    """The file: the seconds that a unit of each kind of work took in the last few jobs, and `sizes`, the parts of the
    most that their files came to.
    """

    schema: int = SCHEMA
    seconds: Measured = field(default_factory=dict)
    sizes: Measured = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _FirstSchema:
    """The same as the first schema has it, which keeps one figure of each kind."""

    schema: int = 1
    seconds: Mapping[str, float] = field(default_factory=dict)


class JobTimes:
    """What the phases of one conversion are expected to take, and what is learned from it.

    Without a folder nothing is kept; a file that can't be read or written is no error. `alone` says that no other job
    runs at the same time: others take their part of the machine, and nothing is learned.
    """

    def __init__(self, plan: Plan, folder: Path | None, *, alone: bool) -> None:
        self._path = None if folder is None else folder / FILE
        self._plan = plan
        self._work = work_of(plan, os.cpu_count() or 1)
        self._learns = alone
        self._phase: PhaseName | None = None
        self._waited: set[PhaseName] = set()

    def expect(self, workspace: Workspace) -> Mapping[PhaseName, float]:
        """Return the seconds of each phase, of a folder in which what is left of an earlier run is known."""
        kept = [
            name
            for name in self._work
            if PHASES[name].fills_folder
            and name.value in workspace.done.by_step
            and name.value not in workspace.changes
        ]
        self._learns = self._learns and not (kept or workspace.published or workspace.checkpoints.pieces)
        kept_file = self._read()
        return expected_s(self._work, {} if kept_file is None else kept_file.seconds, kept)

    def watching(self, sink: Sink) -> Sink:
        """Return a sink that also notes which phases wait for something."""

        def take(event: Event) -> None:
            if isinstance(event, PhaseStarted):
                self._phase = event.phase
            elif isinstance(event, LogLine) and event.level is LogLevel.WAITING and self._phase is not None:
                self._waited.add(self._phase)
            sink(event)

        return take

    def learn(self, report: JobReport, *, held_back: bool = False) -> None:
        """Keep what the work took, if the job did all of it; `held_back` says that its transfers were paused or limited
        by somebody.
        """
        kept_file = self._read()
        if self._path is None or kept_file is None:
            return
        waited = {*self._waited, *(TRANSFERS if held_back else ())}
        seconds = learned(kept_file.seconds, self._work, report.phases, waited) if self._learns else kept_file.seconds
        new = MeasuredSpeed(seconds=seconds, sizes=_learned_sizes(kept_file.sizes, self._plan, report))
        if new == kept_file:
            return
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path, json.dumps(to_json(new), indent=1).encode())
        except (OSError, OutputError):
            return  # the next job is expected by what is known

    def _read(self) -> MeasuredSpeed | None:
        return MeasuredSpeed() if self._path is None else _read(self._path)


def measured_speeds(folder: Path | None) -> Measured:
    """Return what units of work took on this machine by their kinds, and what files came to; nothing where nothing is
    kept.
    """
    kept = None if folder is None else _read(folder / FILE)
    return {} if kept is None else {**kept.seconds, **kept.sizes}


def _learned_sizes(sizes: Measured, plan: Plan, report: JobReport) -> Measured:
    """Return which part of the most the files of jobs came to, as known after one that has encoded all of its own."""
    most_bytes = most_size_bytes(plan) if has_constant_quality(plan) else None
    made = {phase.phase for phase in report.phases if phase.outcome is PhaseOutcome.DONE}
    if report.outcome is not Outcome.DONE or report.media_deleted or PhaseName.HLS not in made or not most_bytes:
        return sizes
    try:
        size_bytes = sum(file.stat().st_size for file in published_files(plan.job.folder))
    except OSError:
        return sizes
    kind = size_kind(plan)
    return {**sizes, kind: (*sizes.get(kind, ()), size_bytes / most_bytes)[-MOST_KEPT:]}


def _read(path: Path) -> MeasuredSpeed | None:
    """Return what is kept, None where a newer version has written it."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(stored, dict) and type(stored.get("schema")) is int and stored["schema"] > SCHEMA:
            return None
        if isinstance(stored, dict) and stored.get("schema") == 1:
            first = from_json(_FirstSchema, stored, FILE)
            return MeasuredSpeed(seconds={kind: (seconds,) for kind, seconds in first.seconds.items()})
        return from_json(MeasuredSpeed, stored, FILE)
    except (OSError, ValueError, RecursionError, CodecError):
        return MeasuredSpeed()
