"""A transcript alone, without a stream: the `transcribe` command.

The phase of a conversion does the work, in a hidden folder beside the files, from where they are put into their places.
Front ends call this module.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from config import Config
from pipeline.cancel import CancelToken
from pipeline.earlier_work import SPOKEN
from pipeline.errors import CodecError, OutputError, Problem, Setting, SettingsError, SourceError
from pipeline.events import Event, JobFinished, Sink
from pipeline.files import is_folder, is_there, size_of, write_whole
from pipeline.fingerprint import Fingerprint, fingerprint
from pipeline.job import TranscriptForm
from pipeline.media.stream_layout import TranscriptNames
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, Plan
from pipeline.output_settings import CAPTION_RULES, TRANSCRIPT, TRANSLATION, output_settings
from pipeline.phase_table import Requested, phases_of
from pipeline.phases.phase import Phase, PhaseContext, PhaseResult
from pipeline.runner import run
from pipeline.speech.child import WhisperProcess
from pipeline.speech.languages import ENGLISH
from pipeline.speech.transcript import Transcript
from pipeline.speech.transcript_file import transcript_from_json
from pipeline.steps import Steps
from pipeline.transcript_note import (
    MadeFile,
    Settings,
    TranscriptNote,
    differing,
    is_corrected,
    is_lost,
    read_transcript_note,
    write_note,
)
from pipeline.wanted_transcripts import TranscriptJob

WORK_SUFFIX = ".transcript"
"""Ends the name of the folder for the work, so that it is no conversion's."""


@dataclass(frozen=True, kw_only=True)
class TranscriptPlan:
    """What will be done of a transcript.

    `wanted` has the files that are to be made, or all of them where all are there (`complete`). `note` is what was made
    before of the same source. By step, `settings` are what they are made with now, and `heard` are
    earlier transcripts; what is not in it has to be transcribed.
    """

    plan: Plan
    wanted: TranscriptJob
    note: TranscriptNote
    settings: Mapping[str, Settings]
    complete: bool
    heard: Mapping[str, Transcript]


def plan_transcript(wanted: TranscriptJob, config: Config, cancel: CancelToken) -> TranscriptPlan:
    """Probe the source, plan its transcript, and find out what of it is there already.

    Of a source elsewhere no more is fetched than that takes. Raises SourceError, OutputError, Cancelled; SettingsError
    where a file is in the way that may not be replaced.
    """
    from pipeline.caption_files import read_script
    from pipeline.media.source.probe import probe
    from pipeline.plan import make_plan
    from pipeline.sources.fetching import located

    script = None if wanted.job.script is None else read_script(wanted.job.script)
    with located(wanted.job, config, cancel) as found:
        media = found.named(lambda: probe(found.job.source, open_file=found.open_file))
        source = fingerprint(found.job.source)
    if not media.audio:
        raise SourceError(f"{wanted.job.origin} has no audio that can be transcribed: choose another file.")
    plan = make_plan(found.job, media, script=script)
    settings, elsewhere = output_settings(plan).steps, PhaseName.FETCH in plan.phases
    noted = read_transcript_note(wanted.note)
    to_make = _to_make(wanted, noted, source, settings)
    missing = any(to_make.values())
    return TranscriptPlan(
        plan=replace(
            plan,
            phases=phases_of(Requested(fetch=elsewhere, transcript=True, translation=bool(wanted.translated))),
            notes=(),
        ),
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
    from pipeline.phases.fetch import FetchPhase
    from pipeline.phases.speech_run import SpeechTools
    from pipeline.phases.transcribe import TranscribePhase
    from pipeline.phases.translate import TranslatePhase
    from pipeline.sources.keeping import source_in_use
    from pipeline.workspace import Workspace

    job, folder = wanted.plan.job, wanted.wanted.folder
    work = Workspace(replace(job, slug=f"{Path(job.slug).name}{WORK_SUFFIX}"))

    def put_in_place(context: PhaseContext) -> None:
        _put_in_place(wanted, context.workspace.folder)
        shutil.rmtree(context.workspace.folder, ignore_errors=True)

    def tell(event: Event) -> None:
        sink(JobFinished(report=replace(event.report, folder=folder)) if isinstance(event, JobFinished) else event)

    def phases() -> dict[PhaseName, Phase[PhaseContext]]:
        source.use(cancel)
        ffmpeg, heard = find_ffmpeg(config.ffmpeg_path), wanted.heard
        engine = LocalEngine(ffmpeg, whisper)
        tools = SpeechTools(engine=engine, ffmpeg=ffmpeg, whisper=whisper, keeps_model=True)
        return {
            PhaseName.FETCH: FetchPhase(config),
            PhaseName.TRANSCRIPT: TranscribePhase(tools, heard.get(TRANSCRIPT)),
            PhaseName.TRANSLATION: TranslatePhase(tools, heard.get(TRANSLATION)),
        }

    missing = [place for place in (folder, *folder.parents) if not is_there(place)]
    with source_in_use(job, config) as source:
        report = source.ended(run(wanted.plan, work, phases, put_in_place, source.naming(tell), cancel))
    if report.outcome is not Outcome.DONE:
        with suppress(OSError):  # a folder with the transcript so far stays
            for place in missing:
                place.rmdir()
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
        slug=job.slug,
        source=job.source,
        folder=one.folder,
        outcome=Outcome.DONE,
        phases=tuple(steps.reports),
        address="" if job.address is None else job.address.text,
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
        if is_folder(file):
            raise OutputError(f"{file} is a folder: choose another output folder (-o).")
        nothing = made is not None and made.digest is None and noted is not None and noted.source == source
        gone = not is_there(file) and not (nothing and made is not None and made.settings == settings[step])
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
    """Yield earlier transcripts, by step, where nothing but the caption rules has changed since and the JSON was
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
            yield step, transcript_from_json((wanted.folder / name).read_text(encoding="utf-8"))[0]
