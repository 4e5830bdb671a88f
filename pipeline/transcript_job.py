"""A transcript alone, without a stream: the `transcribe` command.

The phase of a conversion does the work, in a hidden folder beside the files, from where they are put into their places.
Front ends call this module.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from config import Config
from pipeline.cancel import CancelToken
from pipeline.earlier_work import SPOKEN
from pipeline.errors import CodecError, OutputError, Problem, Setting, SettingsError, SourceError
from pipeline.events import Event, JobFinished, Sink
from pipeline.files import size_of, write_whole
from pipeline.fingerprint import Fingerprint, fingerprint
from pipeline.inputs import Input
from pipeline.job import Job, TranscriptForm, TranscriptionRequest
from pipeline.media.stream_layout import TranscriptNames
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.output_settings import CAPTION_RULES, TRANSCRIPT, TRANSLATION, output_settings
from pipeline.phase_table import Requested, phases_of
from pipeline.phases.phase import Phase, PhaseContext, PhaseResult
from pipeline.runner import run
from pipeline.speech.child import WhisperProcess
from pipeline.speech.languages import ENGLISH
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


Places = Mapping[TranscriptForm, Path]
"""Where each form belongs."""


@dataclass(frozen=True, kw_only=True)
class TranscriptJob:
    """A transcript that is wanted: `files` has the place of each form, all in one folder.

    `translated` has those of the forms of its translation, none where that is not wanted. `overwrite` lets them take
    the places of files that are there.
    """

    job: Job
    files: Places
    translated: Places = field(default_factory=dict)
    overwrite: bool = False

    @property
    def by_step(self) -> dict[str, Places]:
        """The places of the files by the step that makes them."""
        return {TRANSCRIPT: self.files, TRANSLATION: self.translated}

    @property
    def places(self) -> tuple[Path, ...]:
        """The places of all files."""
        return (*self.files.values(), *self.translated.values())

    @property
    def folder(self) -> Path:
        """Where the files go."""
        return self.places[0].parent

    @property
    def note(self) -> Path:
        """Where it is noted what was made."""
        return note_path(self.folder, self.job.source.stem)


@dataclass(frozen=True, kw_only=True)
class TranscriptPlan:
    """What will be done of a transcript.

    `wanted` has the files that are to be made, or all of them where all are there (`complete`). `note` is what was made
    before of the same source. By step, `settings` are what they are made with now, and `heard` is what was heard
    before; what is not in it has to be heard.
    """

    plan: Plan
    wanted: TranscriptJob
    note: TranscriptNote
    settings: Mapping[str, Settings]
    complete: bool
    heard: Mapping[str, Transcript]


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
        english = {form: folder / f"{one.source.stem}.{ENGLISH}.{form.value}" for form in forms}
        translated = english if request.translate else {}
        for file in (*files.values(), *translated.values()):
            other = taken.setdefault(file.absolute(), one.source)
            if other != one.source:
                text = f"{file} would be made of both {other} and {one.source}: transcribe them one by one."
                raise SettingsError(Problem(text=text, setting=Setting.OUTPUT))
        job = Job(
            source=one.source, output_dir=folder, slug=one.slug, make_mp4=False, transcription=request, script=script
        )
        jobs.append(TranscriptJob(job=job, files=files, translated=translated, overwrite=overwrite))
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
    settings, source = output_settings(plan).steps, fingerprint(wanted.job.source)
    noted = read_note(wanted.note)
    to_make = _to_make(wanted, noted, source, settings)
    missing = any(to_make.values())
    return TranscriptPlan(
        plan=replace(plan, phases=phases_of(Requested(transcript=True, translation=bool(wanted.translated))), notes=()),
        wanted=replace(wanted, files=to_make[TRANSCRIPT], translated=to_make[TRANSLATION]) if missing else wanted,
        note=TranscriptNote(source=source, files={} if noted is None or noted.source != source else noted.files),
        settings=settings,
        complete=not missing,
        heard={} if wanted.overwrite or noted is None else dict(_heard(wanted, noted, source, settings)),
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
    from pipeline.phases.translate import TranslatePhase
    from pipeline.workspace import Workspace

    job, folder = wanted.plan.job, wanted.wanted.folder
    work = Workspace(replace(job, slug=f"{Path(job.slug).name}{WORK_SUFFIX}"))

    def put_in_place(context: PhaseContext) -> None:
        _put_in_place(wanted, context.workspace.folder)
        shutil.rmtree(context.workspace.folder, ignore_errors=True)

    def tell(event: Event) -> None:
        sink(JobFinished(report=replace(event.report, folder=folder)) if isinstance(event, JobFinished) else event)

    def phases() -> dict[PhaseName, Phase[PhaseContext]]:
        ffmpeg, heard = find_ffmpeg(config.ffmpeg_path), wanted.heard
        engine = LocalEngine(ffmpeg, whisper)
        return {
            PhaseName.TRANSCRIPT: TranscribePhase(
                engine, ffmpeg, whisper, keeps_model=True, heard=heard.get(TRANSCRIPT)
            ),
            PhaseName.TRANSLATION: TranslatePhase(
                engine, ffmpeg, whisper, keeps_model=True, heard=heard.get(TRANSLATION)
            ),
        }

    report = run(wanted.plan, work, phases, put_in_place, tell, cancel)
    return replace(report, folder=folder)


def _put_in_place(wanted: TranscriptPlan, made: Path) -> None:
    """Put the files that were made where they belong, and note them. Raises OutputError, SettingsError."""
    one, note = wanted.wanted, wanted.note
    contents: dict[Path, bytes | None] = {}
    files: dict[str, MadeFile] = {}
    for step, form, file in _each(one):
        path = made / _name(SPOKEN[step], form)
        content = path.read_bytes() if path.is_file() else None  # what is said in English is not translated
        digest = None if content is None else hashlib.sha256(content).hexdigest()
        contents[file], files[file.name] = content, MadeFile(digest=digest, settings=wanted.settings[step])
    # Before the disk was full, some may have been put there.
    there = {file.name: files[file.name] for file, content in contents.items() if content and _holds(file, content)}
    note = replace(note, files={**note.files, **there})
    _to_make(one, note, note.source, wanted.settings)  # somebody may have put a file there meanwhile
    for file, content in contents.items():
        if content is not None:
            write_whole(file, content)
        note = replace(note, files={**note.files, file.name: files[file.name]})
        write_note(one.note, note)  # after each, as this may be killed


def _holds(file: Path, content: bytes) -> bool:
    return size_of(file) == len(content) and file.read_bytes() == content


def _tell_complete(wanted: TranscriptPlan, sink: Sink) -> JobReport:
    """Tell that nothing is to do, as a job does that does it."""
    job, one = wanted.plan.job, wanted.wanted
    there = [file for file in one.places if wanted.note.files[file.name].digest is not None]
    corrected = [file.name for file in there if is_corrected(file, wanted.note.files[file.name])]
    names = ", ".join(file.name for file in there)
    text = f"{names} {'is' if len(there) == 1 else 'are'} up to date."
    if corrected:
        text += f" Corrected by hand, and left as {'it is' if len(corrected) == 1 else 'they are'}: "
        text += f"{', '.join(corrected)}."
    steps = Steps(job.slug, wanted.plan.phases, sink)
    for name in wanted.plan.phases:
        result = PhaseResult(
            outcome=PhaseOutcome.REUSED, text=text if name is PhaseName.TRANSCRIPT else "Nothing to do"
        )
        steps.run(name, partial(_as_it_is, result))
    report = JobReport(
        slug=job.slug, source=job.source, folder=one.folder, outcome=Outcome.DONE, phases=tuple(steps.reports)
    )
    sink(JobFinished(report=report))
    return report


def _as_it_is(result: PhaseResult) -> PhaseResult:
    return result


def _each(wanted: TranscriptJob) -> Iterator[tuple[str, TranscriptForm, Path]]:
    """Yield every file: the step that makes it, its form and its place."""
    for step, places in wanted.by_step.items():
        for form, file in places.items():
            yield step, form, file


def _name(names: TranscriptNames, form: TranscriptForm) -> str:
    """Return what a phase calls a form."""
    return {
        TranscriptForm.SRT: names.srt,
        TranscriptForm.VTT: names.vtt,
        TranscriptForm.TXT: names.txt,
        TranscriptForm.JSON: names.json,
    }[form]


def _to_make(
    wanted: TranscriptJob, noted: TranscriptNote | None, source: Fingerprint, settings: Mapping[str, Settings]
) -> dict[str, dict[TranscriptForm, Path]]:
    """Return the files that are wanted and not there as they are wanted, by step.

    Raises SettingsError where one that this program did not make, or that somebody has corrected, is in the way;
    OutputError where a folder is.
    """
    found: dict[str, dict[TranscriptForm, Path]] = {step: {} for step in wanted.by_step}
    for step, form, file in _each(wanted):
        made = None if noted is None else noted.files.get(file.name)
        if file.is_dir():
            raise OutputError(f"{file} is a folder: choose another output folder (-o).")
        nothing = made is not None and made.digest is None and noted is not None and noted.source == source
        gone = not file.exists() and not (nothing and made is not None and made.settings == settings[step])
        if gone or wanted.overwrite or (made is not None and is_lost(file, made)):
            found[step][form] = file
        elif noted is None or made is None:
            raise _in_the_way(file, "is there already: choose another output folder (-o)")
        elif noted.source != source:
            was = f"was made of another content of {wanted.job.source.name}: choose another output folder (-o)"
            raise _in_the_way(file, was)
        elif made.settings != settings[step]:
            if is_corrected(file, made):
                names = ", ".join(differing(made.settings, settings[step]))
                was = f"was corrected by hand, and other settings are asked for now ({names}): keep it elsewhere"
                raise _in_the_way(file, was)
            found[step][form] = file
    return found


def _in_the_way(file: Path, why: str) -> SettingsError:
    return SettingsError(Problem(text=f"{file} {why}, or replace it (--overwrite).", setting=Setting.OUTPUT))


def _heard(
    wanted: TranscriptJob, noted: TranscriptNote, source: Fingerprint, settings: Mapping[str, Settings]
) -> Iterator[tuple[str, Transcript]]:
    """Yield what was heard before, by step, where nothing but the caption rules has changed since and the JSON was
    made.
    """
    stem, suffix = wanted.job.source.stem, TranscriptForm.JSON.value
    for step, name in ((TRANSCRIPT, f"{stem}.{suffix}"), (TRANSLATION, f"{stem}.{ENGLISH}.{suffix}")):
        made, now = noted.files.get(name), settings.get(step)
        if made is None or now is None or noted.source != source:
            continue
        if any(made.settings.get(one) != now.get(one) for one in {*made.settings, *now} - {CAPTION_RULES}):
            continue
        with suppress(OSError, ValueError, CodecError):
            yield step, from_json((wanted.folder / name).read_text(encoding="utf-8"))[0]
