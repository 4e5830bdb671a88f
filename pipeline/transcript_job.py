"""A transcript alone, without a stream: the `transcribe` command.

The phase of a conversion does the work, in a hidden folder beside the files, from where they are put into their places.
Front ends call this module.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError, Problem, Setting, SettingsError, SourceError
from pipeline.events import Event, JobFinished, Sink
from pipeline.files import write_whole
from pipeline.inputs import Input
from pipeline.job import Job, TranscriptForm, TranscriptionRequest
from pipeline.media.stream_layout import CAPTIONS_VTT, TRANSCRIPT_JSON, TRANSCRIPT_SRT, TRANSCRIPT_TXT
from pipeline.model import JobReport, PhaseName, Plan
from pipeline.phase_table import Requested, phases_of
from pipeline.phases.phase import PhaseContext
from pipeline.runner import run

WORK_SUFFIX = ".transcript"
"""Ends the name of the folder for the work, so that it is no conversion's."""


MADE = {
    TranscriptForm.SRT: TRANSCRIPT_SRT,
    TranscriptForm.VTT: CAPTIONS_VTT,
    TranscriptForm.TXT: TRANSCRIPT_TXT,
    TranscriptForm.JSON: TRANSCRIPT_JSON,
}
"""What the phase calls each form."""


@dataclass(frozen=True, kw_only=True)
class TranscriptJob:
    """A transcript that is wanted: `files` has the place of each form, all in one folder.

    `overwrite` lets them take the places of files that are there.
    """

    job: Job
    files: Mapping[TranscriptForm, Path]
    overwrite: bool = False

    @property
    def folder(self) -> Path:
        """Where the files go."""
        return next(iter(self.files.values())).parent


def transcript_jobs(
    inputs: Sequence[Input],
    request: TranscriptionRequest,
    forms: Sequence[TranscriptForm],
    *,
    output: Path | None,
    overwrite: bool = False,
    script: Path | None = None,
) -> list[TranscriptJob]:
    """Return a job for each input: beside it, or below `output` in the folders of its slug.

    Raises SettingsError where two inputs would have the same file, or the same script.
    """
    if script is not None and len(inputs) > 1:
        text = "--align is for one video: transcribe each with its own script."
        raise SettingsError(Problem(text=text, setting=Setting.CAPTIONS))
    jobs = []
    taken: dict[Path, Path] = {}
    for one in inputs:
        folder = one.source.parent if output is None else output / Path(one.slug).parent
        files = {form: folder / f"{one.source.stem}.{form.value}" for form in forms}
        for file in files.values():
            other = taken.setdefault(file.absolute(), one.source)
            if other != one.source:
                text = f"{file} would be made of both {other} and {one.source}: transcribe them one by one."
                raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
        job = Job(
            source=one.source, output_dir=folder, slug=one.slug, make_mp4=False, transcription=request, script=script
        )
        jobs.append(TranscriptJob(job=job, files=files, overwrite=overwrite))
    return jobs


def plan_transcript(wanted: TranscriptJob) -> Plan:
    """Probe the source and plan its transcript. Raises SourceError, SettingsError."""
    from pipeline.caption_files import read_script
    from pipeline.media.source.probe import probe
    from pipeline.plan import make_plan

    _check_free(wanted)
    script = None if wanted.job.script is None else read_script(wanted.job.script)
    media = probe(wanted.job.source)
    if not media.audio:
        raise SourceError(f"{wanted.job.source} has no audio that can be transcribed: choose another file.")
    plan = make_plan(wanted.job, media, script=script)
    return replace(plan, phases=phases_of(Requested(transcript=True)), notes=())


def run_transcript(plan: Plan, wanted: TranscriptJob, config: Config, sink: Sink, cancel: CancelToken) -> JobReport:
    """Transcribe on this thread, to the end; never raises, and ends in exactly one JobFinished."""
    from pipeline.engines.local import LocalEngine
    from pipeline.media.ffmpeg.process import find_ffmpeg
    from pipeline.phases.transcribe import TranscribePhase
    from pipeline.workspace import Workspace

    work = Workspace(replace(wanted.job, slug=f"{Path(wanted.job.slug).name}{WORK_SUFFIX}"))

    def put_in_place(context: PhaseContext) -> None:
        _check_free(wanted)
        for form, file in wanted.files.items():
            write_whole(file, (context.workspace.folder / MADE[form]).read_bytes())
        shutil.rmtree(context.workspace.folder, ignore_errors=True)

    def tell(event: Event) -> None:
        sink(
            JobFinished(report=replace(event.report, folder=wanted.folder)) if isinstance(event, JobFinished) else event
        )

    def phases() -> dict[PhaseName, TranscribePhase]:
        ffmpeg = find_ffmpeg(config.ffmpeg_path)
        return {PhaseName.TRANSCRIPT: TranscribePhase(LocalEngine(ffmpeg), ffmpeg)}

    report = run(plan, work, phases, put_in_place, tell, cancel)
    return replace(report, folder=wanted.folder)


def _check_free(wanted: TranscriptJob) -> None:
    """Raise SettingsError where a file is there already and may not be replaced, OutputError where a folder is."""
    for file in wanted.files.values():
        if file.is_dir():
            raise OutputError(f"{file} is a folder: choose another output folder (-o).")
        if file.exists() and not wanted.overwrite:
            text = f"{file} is there already: choose another output folder (-o), or replace it (--overwrite)."
            raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
