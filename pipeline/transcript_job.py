"""A transcript alone, without a stream: the `transcribe` command.

The phase of a conversion does the work, in a hidden folder beside the files, from where they are put into their places.
Front ends call this module.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import CodecError, OutputError, Problem, Setting, SettingsError, SourceError
from pipeline.events import Event, JobFinished, Sink
from pipeline.files import write_whole
from pipeline.fingerprint import Fingerprint, fingerprint
from pipeline.inputs import Input
from pipeline.job import Job, TranscriptForm, TranscriptionRequest
from pipeline.media.stream_layout import CAPTIONS_VTT, TRANSCRIPT_JSON, TRANSCRIPT_SRT, TRANSCRIPT_TXT
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.output_settings import CAPTION_RULES, TRANSCRIPT, output_settings
from pipeline.phase_table import Requested, phases_of
from pipeline.phases.phase import PhaseContext, PhaseResult
from pipeline.runner import run
from pipeline.speech.child import WhisperProcess
from pipeline.speech.transcript import Transcript
from pipeline.speech.transcript_file import from_json
from pipeline.steps import Steps
from pipeline.transcript_note import (
    MadeFile,
    Settings,
    TranscriptNote,
    differing,
    is_corrected,
    is_lost,
    note_path,
    read_note,
    write_note,
)

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

    @property
    def note(self) -> Path:
        """Where it is noted what was made."""
        return note_path(self.folder, self.job.source.stem)


@dataclass(frozen=True, kw_only=True)
class TranscriptPlan:
    """What will be done of a transcript.

    `wanted` has the files that are to be made, or all of them where all are there (`complete`). `note` is what was made
    before of the same source, `settings` what they are made with now, `heard` what was heard before, None where the
    video has to be heard.
    """

    plan: Plan
    wanted: TranscriptJob
    note: TranscriptNote
    settings: Settings
    complete: bool
    heard: Transcript | None


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


def plan_transcript(wanted: TranscriptJob) -> TranscriptPlan:
    """Probe the source, plan its transcript, and find out what of it is there already.

    Raises SourceError, OutputError; SettingsError where a file is in the way that may not be replaced.
    """
    from pipeline.caption_files import read_script
    from pipeline.media.source.probe import probe
    from pipeline.plan import make_plan

    script = None if wanted.job.script is None else read_script(wanted.job.script)
    media = probe(wanted.job.source)
    if not media.audio:
        raise SourceError(f"{wanted.job.source} has no audio that can be transcribed: choose another file.")
    plan = make_plan(wanted.job, media, script=script)
    settings, source = output_settings(plan).steps[TRANSCRIPT], fingerprint(wanted.job.source)
    noted = read_note(wanted.note)
    missing = _to_make(wanted, noted, source, settings)
    return TranscriptPlan(
        plan=replace(plan, phases=phases_of(Requested(transcript=True)), notes=()),
        wanted=replace(wanted, files=missing) if missing else wanted,
        note=TranscriptNote(source=source, files={} if noted is None or noted.source != source else noted.files),
        settings=settings,
        complete=not missing,
        heard=None if wanted.overwrite or noted is None else _heard(wanted, noted, source, settings),
    )


def run_transcript(
    wanted: TranscriptPlan, config: Config, sink: Sink, cancel: CancelToken, whisper: WhisperProcess
) -> JobReport:
    """Transcribe on this thread, to the end; never raises, and ends in exactly one JobFinished.

    The model stays loaded in `whisper`.
    """
    if wanted.complete:
        return _tell_complete(wanted, sink)
    from pipeline.engines.local import LocalEngine
    from pipeline.media.ffmpeg.process import find_ffmpeg
    from pipeline.phases.transcribe import TranscribePhase
    from pipeline.workspace import Workspace

    job, folder = wanted.plan.job, wanted.wanted.folder
    work = Workspace(replace(job, slug=f"{Path(job.slug).name}{WORK_SUFFIX}"))

    def put_in_place(context: PhaseContext) -> None:
        _put_in_place(wanted, context.workspace.folder)
        shutil.rmtree(context.workspace.folder, ignore_errors=True)

    def tell(event: Event) -> None:
        sink(JobFinished(report=replace(event.report, folder=folder)) if isinstance(event, JobFinished) else event)

    def phases() -> dict[PhaseName, TranscribePhase]:
        ffmpeg = find_ffmpeg(config.ffmpeg_path)
        engine = LocalEngine(ffmpeg, whisper)
        phase = TranscribePhase(engine, ffmpeg, whisper, keeps_model=True, heard=wanted.heard)
        return {PhaseName.TRANSCRIPT: phase}

    report = run(wanted.plan, work, phases, put_in_place, tell, cancel)
    return replace(report, folder=folder)


def _put_in_place(wanted: TranscriptPlan, made: Path) -> None:
    """Put the files that were made where they belong, and note them. Raises OutputError, SettingsError."""
    one, note = wanted.wanted, wanted.note
    _to_make(one, note, note.source, wanted.settings)  # somebody may have put a file there meanwhile
    files = dict(note.files)
    for form, file in one.files.items():
        content = (made / MADE[form]).read_bytes()
        write_whole(file, content)
        files[file.name] = MadeFile(digest=hashlib.sha256(content).hexdigest(), settings=wanted.settings)
    write_note(one.note, replace(note, files=files))


def _tell_complete(wanted: TranscriptPlan, sink: Sink) -> JobReport:
    """Tell that nothing is to do, as a job does that does it."""
    job, one = wanted.plan.job, wanted.wanted
    corrected = [file.name for file in one.files.values() if is_corrected(file, wanted.note.files[file.name])]
    names = ", ".join(file.name for file in one.files.values())
    text = f"{names} {'is' if len(one.files) == 1 else 'are'} up to date."
    if corrected:
        text += f" Corrected by hand, and left as {'it is' if len(corrected) == 1 else 'they are'}: "
        text += f"{', '.join(corrected)}."
    steps = Steps(job.slug, wanted.plan.phases, sink)
    steps.run(PhaseName.TRANSCRIPT, lambda: PhaseResult(outcome=PhaseOutcome.REUSED, text=text))
    report = JobReport(
        slug=job.slug, source=job.source, folder=one.folder, outcome=Outcome.DONE, phases=tuple(steps.reports)
    )
    sink(JobFinished(report=report))
    return report


def _to_make(
    wanted: TranscriptJob, noted: TranscriptNote | None, source: Fingerprint, settings: Settings
) -> dict[TranscriptForm, Path]:
    """Return the files that are wanted and not there as they are wanted.

    Raises SettingsError where one that this program did not make, or that somebody has corrected, is in the way;
    OutputError where a folder is.
    """
    found = {}
    for form, file in wanted.files.items():
        made = None if noted is None else noted.files.get(file.name)
        if file.is_dir():
            raise OutputError(f"{file} is a folder: choose another output folder (-o).")
        if not file.exists() or wanted.overwrite or (made is not None and is_lost(file, made)):
            found[form] = file
        elif noted is None or made is None:
            raise _in_the_way(file, "is there already: choose another output folder (-o)")
        elif noted.source != source:
            was = f"was made of another content of {wanted.job.source.name}: choose another output folder (-o)"
            raise _in_the_way(file, was)
        elif made.settings != settings:
            if is_corrected(file, made):
                names = ", ".join(differing(made.settings, settings))
                was = f"was corrected by hand, and other settings are asked for now ({names}): keep it elsewhere"
                raise _in_the_way(file, was)
            found[form] = file
    return found


def _in_the_way(file: Path, why: str) -> SettingsError:
    return SettingsError(Problem(text=f"{file} {why}, or replace it (--overwrite).", setting=Setting.OUTPUT))


def _heard(wanted: TranscriptJob, noted: TranscriptNote, source: Fingerprint, settings: Settings) -> Transcript | None:
    """Return what was heard before, where nothing but the caption rules has changed since and the JSON was made."""
    file = wanted.folder / f"{wanted.job.source.stem}.{TranscriptForm.JSON.value}"
    made = noted.files.get(file.name)
    if made is None or noted.source != source:
        return None
    if any(made.settings.get(name) != settings.get(name) for name in {*made.settings, *settings} - {CAPTION_RULES}):
        return None
    try:
        return from_json(file.read_text(encoding="utf-8"))[0]
    except (OSError, ValueError, CodecError):
        return None
