"""The one place that joins settings, tools and phases.

Front ends call this module; it decides nothing about a job itself. What only a conversion needs is imported where it
is used: it takes half a second to load, which an upload need not wait for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError, Problem, Setting, SettingsError
from pipeline.events import Sink
from pipeline.files import read_file
from pipeline.finished_folder import FinishedFolder, with_session
from pipeline.inputs import Input
from pipeline.job import EncoderFamily, Encryption, Job, UploadJob, UploadRequest
from pipeline.job_folders import check_writable, partial_of
from pipeline.media_info import Chapter, MediaInfo
from pipeline.model import CaptionText, Connection, JobReport, PhaseName, Plan, UploadPlan
from pipeline.phase_table import Requested, phases_of
from pipeline.phases.folder_upload import FolderCleanupPhase, FolderRecordPhase, FolderUploadPhase, UploadContext
from pipeline.phases.phase import Phase, PhaseContext
from pipeline.runner import run
from pipeline.scheduler import Turn
from pipeline.slug import slug_for
from pipeline.suspension import Suspension
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import AskToken, Login
from pipeline.transfer.http.validation import backend_url_problems, token_problems
from pipeline.transfer.http.validation import target_problems as transfer_problems
from pipeline.transfer.upload.backend_answers import NO_ANSWERS, BackendAnswers
from pipeline.transfer.upload.uploader import Uploader

if TYPE_CHECKING:
    from pipeline.engines.engine import Engine
    from pipeline.speech.child import WhisperProcess

    WrapEngine = Callable[[Engine], Engine]

__all__ = [
    "check_connection",
    "check_output",
    "describe_source",
    "encryption_problems",
    "make_upload_plan",
    "model_names",
    "probe_and_plan",
    "run_job",
    "slug_for",
    "upload_problems",
]


def describe_source(video: Input, config: Config) -> MediaInfo:
    """Read what a source is; of one elsewhere no more is fetched than that takes. Raises SourceError, SettingsError."""
    from pipeline.media.source.probe import probe
    from pipeline.sources.fetching import located

    job = Job(source=video.source, output_dir=Path(), slug=video.slug, address=video.address)
    with located(job, config, CancelToken()) as found:
        return found.named(lambda: probe(found.job.source, open_file=found.open_file))


def probe_and_plan(job: Job, config: Config, cancel: CancelToken | None = None, *, for_others: bool = False) -> Plan:
    """Probe the source and decide what to do; a source elsewhere gets its place on this machine.

    The encoders of this machine are not tried where the job is `for_others`.

    Raises SourceError, or SettingsError with every problem at once, and Cancelled.
    """
    from pipeline.caption_files import read_captions, read_script
    from pipeline.media.source.probe_cache import probe_once
    from pipeline.plan import make_plan
    from pipeline.sources.fetching import located

    problems: list[str | Problem] = list(config.problems)
    if job.upload is not None:
        problems += upload_problems(config, job.upload)
    if job.encryption is not None:
        problems += encryption_problems(job.encryption)
    own_chapters: tuple[Chapter, ...] | None = None
    captions: tuple[CaptionText, ...] = ()
    script: str | None = None
    try:
        script = None if job.script is None else read_script(job.script)
    except SettingsError as error:
        problems += error.problems
    try:
        captions = read_captions(job.captions)
    except SettingsError as error:
        problems += error.problems
    try:
        own_chapters = None if job.chapters is None else _read_chapters(job.chapters)
    except SettingsError as error:
        problems += error.problems
    if problems:
        raise SettingsError(problems)
    with located(job, config, cancel or CancelToken()) as found:
        job = found.job
        # of a source elsewhere not all is there yet by which it is known again
        cache_dir = config.cache_dir if job.address is None else None
        media = found.named(lambda: probe_once(found.job.source, job.tracks, cache_dir, found.open_file))
    make_plan(job, media)  # what is wrong with the settings is said before any encoder is tried
    encoder = None if for_others else _encoder(job, media, config)
    return make_plan(job, media, encoder, own_chapters, captions, script)


def _read_chapters(path: Path) -> tuple[Chapter, ...]:
    """Return the chapters in a file. Raises SettingsError when there are none that can be read."""
    from pipeline.media.source import chapters

    try:
        return chapters.parse_chapters(chapters.decode_chapters(read_file(path)))
    except OSError as error:
        text = f"The chapters {path} can't be read ({error.strerror}): check the file's name."
        raise SettingsError(Problem(text=text, setting=Setting.CHAPTERS)) from error
    except ValueError as error:
        text = f"The chapters {path} can't be read: {error}. They may be {chapters.FORMS}."
        raise SettingsError(Problem(text=text, setting=Setting.CHAPTERS)) from error


def encryption_problems(encryption: Encryption) -> tuple[Problem, ...]:
    """Return what is wrong with the key's file and its address."""
    from pipeline.media.hls.encryption import read_key

    try:
        read_key(encryption)
    except SettingsError as error:
        return error.problems
    return ()


def _encoder(job: Job, media: MediaInfo, config: Config) -> str | None:
    """Return the encoder for the video, tried on this machine, None where no video is made.

    Raises SettingsError, ToolError.
    """
    if media.video is None or job.audio_only:
        return None
    from pipeline.media.encode.encoder_check import choose_encoder
    from pipeline.media.encode.vmaf import require_vmaf
    from pipeline.media.ffmpeg.process import find_ffmpeg

    encoding, cancel = job.encoding, CancelToken()
    # a quality that was measured can only be kept by an encoder that knows one
    family = (
        EncoderFamily.CPU
        if encoding.target_vmaf is not None and encoding.encoder is EncoderFamily.AUTO
        else encoding.encoder
    )
    ffmpeg = find_ffmpeg(config.ffmpeg_path)
    if encoding.target_vmaf is not None:
        require_vmaf(ffmpeg)
    return choose_encoder(ffmpeg, encoding.codec, family, cache_dir=config.cache_dir, cancel=cancel)


def make_upload_plan(job: UploadJob, config: Config) -> UploadPlan:
    """Decide what to do with a folder that needs no work before; a request without a session goes on with that of its
    earlier upload to the same place.

    Raises SettingsError with every problem at once, OutputError where there is no such folder.
    """
    problems: list[str | Problem] = [*config.problems, *upload_problems(config, job.upload)]
    if problems:
        raise SettingsError(problems)
    folder = job.folder
    if not folder.is_dir():
        if partial_of(folder.absolute()).is_dir():
            text = f"The conversion into {folder} was stopped: start `convert` again, it goes on from there."
            raise OutputError(text)
        raise OutputError(f"{folder} is not a folder: name the folder of a converted video.")
    job = replace(job, upload=with_session(job.upload, folder, config.backend.url))
    return UploadPlan(job=job, phases=phases_of(Requested(upload=job.upload)))


def check_output(place: Path) -> None:
    """See that an output folder can be written to. Raises OutputError."""
    check_writable(place)


def run_job(
    plan: Plan | UploadPlan,
    config: Config,
    sink: Sink,
    cancel: CancelToken,
    *,
    control: TransferControl | None = None,
    ask_token: AskToken | None = None,
    answers: BackendAnswers = NO_ANSWERS,
    whisper: WhisperProcess | None = None,
    is_last: bool = True,
    turn: Turn | None = None,
    wrap_engine: WrapEngine | None = None,
    waits_for_room: bool = True,
    alone: bool = True,
) -> JobReport:
    """Run a job to its end on this thread; never raises, and ends in exactly one JobFinished.

    `answers` is what the backend has said when it was asked whether the job may begin.
    `control` pauses and slows the upload while it runs; `ask_token` is called in another thread when the token has
    expired, and returns a new one, or None where nobody has one.
    `whisper` is the process of a run of several jobs, of which this one `is_last` or not; without one, the job has its
    own, and leaves none. `turn` is its place among jobs that run at the same time, None where it has the computer to
    itself. `wrap_engine` makes an engine that lets other machines transcribe, None where this one does.
    `waits_for_room` says whether the job waits where the disk is full, or fails; `alone`, that no other job runs at the
    same time, so that it shows how quick this machine is.
    """
    login, control = Login(config.backend.token, ask_token), control or TransferControl()
    if isinstance(plan, UploadPlan):
        folder = FinishedFolder(plan.job.folder)
        upload_phases = partial(upload_phases_for, plan, config, login, control, answers)
        return run(plan, folder, upload_phases, None, sink, cancel, turn=turn)
    from pipeline.measured_speed import JobTimes
    from pipeline.phases.package import package
    from pipeline.sources.keeping import source_in_use
    from pipeline.speech.child import WhisperProcess
    from pipeline.workspace import Workspace

    with (
        nullcontext(whisper) if whisper is not None else WhisperProcess() as speech,
        source_in_use(plan.job, config) as source,
    ):

        def phases() -> Mapping[PhaseName, Phase[PhaseContext]]:
            source.use(cancel)
            make = partial(phases_for, config, login, control, answers, suspension=cancel.suspension)
            return make(whisper=speech, is_last=is_last, turn=turn, wrap_engine=wrap_engine)

        times, work = JobTimes(plan, config.data_dir, alone=alone), Workspace(plan.job)
        told = times.watching(source.naming(sink))
        report = run(
            plan, work, phases, package, told, cancel, turn=turn, waits_for_room=waits_for_room, expect=times.expect
        )
        times.learn(report, held_back=control.held_back)
        return source.ended(report)


def phases_for(
    config: Config,
    login: Login,
    control: TransferControl,
    answers: BackendAnswers = NO_ANSWERS,
    *,
    whisper: WhisperProcess,
    is_last: bool = True,
    turn: Turn | None = None,
    wrap_engine: WrapEngine | None = None,
    suspension: Suspension | None = None,
) -> Mapping[PhaseName, Phase[PhaseContext]]:
    """Return a phase for every name, with its tools. Raises ToolError when there is no ffmpeg."""
    from pipeline.engines.local import LocalEngine
    from pipeline.media.ffmpeg.process import find_ffmpeg
    from pipeline.phases.cleanup import CleanupPhase
    from pipeline.phases.fetch import FetchPhase
    from pipeline.phases.hls import HlsPhase
    from pipeline.phases.mp4 import Mp4Phase
    from pipeline.phases.record import RecordPhase
    from pipeline.phases.speech_run import SpeechTools
    from pipeline.phases.transcribe import TranscribePhase
    from pipeline.phases.translate import TranslatePhase
    from pipeline.phases.upload import UploadPhase

    ffmpeg = find_ffmpeg(config.ffmpeg_path)
    engine = LocalEngine(ffmpeg, whisper, turn, suspension)
    speech = SpeechTools(
        engine=engine if wrap_engine is None else wrap_engine(engine),
        ffmpeg=ffmpeg,
        whisper=whisper,
        keeps_model=not is_last,
        transcribes_here=wrap_engine is None,
    )
    every: tuple[Phase[PhaseContext], ...] = (
        FetchPhase(config, control=control),
        HlsPhase(ffmpeg, engine),
        Mp4Phase(ffmpeg, engine),
        TranscribePhase(speech),
        TranslatePhase(speech),
        UploadPhase(config.backend, data_dir=config.data_dir, login=login, control=control, answers=answers),
        RecordPhase(config.backend, login=login, control=control),
        CleanupPhase(),
    )
    return {phase.name: phase for phase in every}


def upload_phases_for(
    plan: UploadPlan, config: Config, login: Login, control: TransferControl, answers: BackendAnswers = NO_ANSWERS
) -> Mapping[PhaseName, Phase[UploadContext]]:
    """Return the phases of an upload that follows no encode."""
    backend = config.backend
    uploader = Uploader(
        backend,
        session_id=plan.job.upload.session_id,
        login=login,
        control=control,
        patience_s=backend.patience_s,
        answers=answers,
    )
    every: tuple[Phase[UploadContext], ...] = (
        FolderUploadPhase(uploader, data_dir=config.data_dir),
        FolderRecordPhase(uploader),
        FolderCleanupPhase(),
    )
    return {phase.name: phase for phase in every}


def model_names() -> tuple[str, ...]:
    """Return the Whisper models that an editor chooses from."""
    from pipeline.speech.model import MODEL_NAMES

    return MODEL_NAMES


def upload_problems(config: Config, request: UploadRequest) -> list[Problem]:
    """Return every problem with the place and the login of an upload."""
    backend = config.backend
    return transfer_problems(url=backend.url, token=backend.token, prefix=request.prefix, session_id=request.session_id)


def check_connection(config: Config, *, cancel: CancelToken | None = None) -> Connection:
    """Ask the backend whether it is there and takes the token; return the sentence for success.

    Raises SettingsError with every problem at once, TransferError with the reason, Cancelled.
    """
    backend = config.backend
    problems: list[str | Problem] = [
        *config.problems,
        *backend_url_problems(backend.url),
        *token_problems(backend.token),
    ]
    if problems:
        raise SettingsError(problems)
    warning = Uploader(backend, session_id=None).test_connection(cancel or CancelToken())
    return Connection(text=f"Connected to {backend.url}. {warning or 'The token is valid.'}", token_tried=not warning)
