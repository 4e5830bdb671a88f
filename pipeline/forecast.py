"""What a job would do if it began now: each phase, the reason, and an estimate of the disk space. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import PipelineError, Problem
from pipeline.job import Existing, Job
from pipeline.model import PhaseName, Plan
from pipeline.output_settings import HLS, QUALITIES, label
from pipeline.phase_table import PHASES
from pipeline.phases.upload import estimated_mp4_bytes, is_uploaded
from pipeline.preflight import check_job
from pipeline.preflight_answers import Ready, Refused, refused_by
from pipeline.workspace import Workspace


class Action(str, Enum):
    """What the job would do in a phase.

    KEEP: the result is complete and is kept. MAKE: there is no result yet. CONTINUE: an interrupted run is continued.
    ADD: something is added to the result. REDO: the result is replaced.
    """

    KEEP = "keep"
    MAKE = "make"
    CONTINUE = "continue"
    ADD = "add"
    REDO = "redo"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A phase; `because` lists the changed settings, or other reasons, why an existing result is not enough."""

    phase: PhaseName
    action: Action
    because: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What a job would do; if there are `problems`, it would not begin, and there are no steps.

    `moved_from` is the folder of its earlier work, which would be moved first; `new_bytes` is the additional disk space
    that it would take, estimated from its bit rates.
    """

    job: Job
    duration_s: float | None = None
    qualities: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    new_bytes: int = 0
    notes: tuple[str, ...] = ()
    moved_from: Path | None = None
    problems: tuple[Problem, ...] = ()

    @property
    def has_work(self) -> bool:
        """Whether the job would do anything at all."""
        return any(step.action is not Action.KEEP for step in self.steps)


def forecast(job: Job, config: Config, cancel: CancelToken, *, moved_from: Path | None = None) -> Forecast:
    """Return what a job would do. Sends requests to the backend, but uploads nothing. Raises Cancelled.

    `moved_from` is the folder of its earlier work below the output folder, if that is not the job's own folder.
    """
    looked_at = job if moved_from is None else replace(job, slug=moved_from.relative_to(job.output_dir).as_posix())
    answer = check_job(looked_at, config, cancel, only_look=True)
    if isinstance(answer, Refused):
        return Forecast(job=job, problems=answer.problems, moved_from=moved_from)
    if not isinstance(answer, Ready):
        return Forecast(job=job, problems=(answer.refusal,), moved_from=moved_from)
    plan = answer.plan
    try:
        workspace = Workspace(plan.job, only_seen=True)
        workspace.check_for(plan)
        steps = _steps(plan, workspace, config)
    except (PipelineError, OSError) as error:
        return Forecast(job=job, problems=refused_by(error).problems, moved_from=moved_from)
    return Forecast(
        job=job,
        duration_s=plan.media.duration_s,
        qualities=tuple(rendition.name for rendition in plan.renditions),
        steps=tuple(steps),
        new_bytes=_new_bytes(plan, workspace, steps),
        notes=plan.notes,
        moved_from=moved_from,
    )


def _steps(plan: Plan, workspace: Workspace, config: Config) -> list[Step]:
    lost = workspace.lost_files() if workspace.published and not workspace.media_deleted else []
    steps: list[Step] = []
    for phase in plan.phases:
        if phase is PhaseName.FETCH:
            needed = not workspace.published or workspace.changes or workspace.corrections or lost
            steps.append(Step(phase=phase, action=Action.MAKE if needed else Action.KEEP))
        elif PHASES[phase].fills_folder:
            steps.append(_folder_step(phase, plan, workspace, lost))
        else:
            changed = any(step.action is not Action.KEEP for step in steps)
            steps.append(_later_step(phase, plan, workspace, config, changed=changed))
    return steps


def _folder_step(phase: PhaseName, plan: Plan, workspace: Workspace, lost: Sequence[str]) -> Step:
    """Return the step of a phase that makes files; the cases are in the order in which the phases check them."""
    if phase.value in workspace.changes:
        names = workspace.changes[phase.value]
        action = Action.MAKE if not names else Action.ADD if names == (QUALITIES,) else Action.REDO
        return Step(phase=phase, action=action, because=tuple(map(label, names)))
    if phase is PhaseName.HLS and lost:
        return Step(phase=phase, action=Action.REDO, because=("missing files",))
    if phase.value in workspace.corrections:
        return Step(phase=phase, action=Action.REDO, because=("corrections",))
    if phase.value in workspace.done.by_step:
        return Step(phase=phase, action=Action.KEEP)
    begun = phase is PhaseName.HLS and plan.job.existing is not Existing.FRESH and bool(workspace.checkpoints.pieces)
    return Step(phase=phase, action=Action.CONTINUE if begun else Action.MAKE)


def _later_step(phase: PhaseName, plan: Plan, workspace: Workspace, config: Config, *, changed: bool) -> Step:
    """Return the step of a phase that uses the finished folder."""
    request = plan.job.upload
    assert request is not None
    there = is_uploaded(workspace, request, config.backend.url, plan.job.existing)
    if not there:
        return Step(phase=phase, action=Action.MAKE)
    if changed or workspace.corrections:
        return Step(phase=phase, action=Action.REDO, because=("changed files",))
    done = phase is PhaseName.UPLOAD or phase.value in workspace.done.by_step
    return Step(phase=phase, action=Action.KEEP if done else Action.MAKE)


def _new_bytes(plan: Plan, workspace: Workspace, steps: Sequence[Step]) -> int:
    """Return how many bytes are added on the disk, estimated from the bit rates, without subtitles and pictures."""
    actions = {step.phase.value: step.action for step in steps}
    made = () if workspace.done.hls is None else workspace.done.hls.renditions
    adds = actions.get(HLS) is Action.ADD
    renditions = [rendition for rendition in plan.renditions if not (adds and rendition.name in made)]
    audio_bits_s = sum(audio.bit_rate for audio in plan.audio)
    bits_s = sum(rendition.bit_rate for rendition in renditions)
    bits_s += audio_bits_s * len(renditions) if plan.muxed_audio else 0 if adds else audio_bits_s
    seconds = plan.media.duration_s or 0.0
    stream = 0 if actions.get(HLS, Action.KEEP) is Action.KEEP else int(bits_s * seconds / 8)
    mp4 = 0 if actions.get(PhaseName.MP4.value, Action.KEEP) is Action.KEEP else estimated_mp4_bytes(plan)
    return stream + mp4
