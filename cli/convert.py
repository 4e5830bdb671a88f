"""`convert`: the whole job for one or many videos."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from functools import partial

from cli.job_reports import existing_from, exit_status, finish_early
from cli.job_thread import run_cancellable
from cli.main import complain
from cli.questions import ask_or_refuse
from cli.render import Renderer, renderer, start_for
from cli.speech_options import speech_request
from cli.transfer_options import TokenKeeper, control_from, patient, token_prompt
from config import Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.caption_files import caption_file
from pipeline.errors import PipelineError, Problem, SettingsError
from pipeline.events import LogLine, Sink
from pipeline.inputs import inputs_from
from pipeline.job import (
    AudioRequest,
    CaptionFile,
    Codec,
    DatasetRequest,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    Job,
    MappedAudio,
    RateControl,
    SegmentType,
    TrackChoice,
    TranscriptionRequest,
    Trim,
    UploadRequest,
)
from pipeline.media.encode.ladder import BY_NAME
from pipeline.media.source.trimming import parse_trim
from pipeline.model import JobReport, Outcome
from pipeline.preflight import check_job, check_plan
from pipeline.preflight_answers import Ready, refused_by
from pipeline.relocation import relocate, with_earlier_address
from pipeline.speech.child import WhisperProcess
from pipeline.transfer.http.validation import as_prefix

AUDIO_MAP = r"|{0}(?:,{0})*".format(r"\d+(?:\.\d+)?(?:\+\d+(?:\.\d+)?)?")
"""Audio tracks to make, each from a track or a channel of one, or from two of them."""


def run(options: argparse.Namespace, config: Config) -> int:
    """Convert every input in turn; one that fails does not stop the others."""
    jobs = jobs_from(options)
    view = renderer(as_json=options.json)
    problems = _problems(options, config, jobs)
    if problems:
        wrong = SettingsError(problems)
        for job in jobs:
            finish_early(job, refused_by(wrong), view)
        raise wrong
    _check_dataset(jobs, config, view)
    moved = relocate(jobs)
    jobs = [with_earlier_address(job, options.upload) for job in jobs]
    cancel = CancelToken()
    reports: list[JobReport] = []
    login = TokenKeeper(patient(config, options))
    try:
        with WhisperProcess() as whisper:
            for job in jobs:
                if cancel.cancelled:
                    reports.append(finish_early(job, None, view))
                else:
                    run_job = partial(wiring.run_job, whisper=whisper, is_last=job is jobs[-1])
                    reports.append(_one(job, options, login, view, cancel, moved.get(job.slug, ""), run_job))
    finally:
        view.close()
    return exit_status(reports)


def _check_dataset(jobs: Sequence[Job], config: Config, view: Renderer) -> None:
    """See that the dataset can be had before hours of work. Raises PipelineError."""
    if jobs[0].dataset is None:
        return
    from transcripts.jobs import check_dataset

    try:
        check_dataset(jobs[0].dataset, config)
    except PipelineError as error:
        for job in jobs:
            finish_early(job, refused_by(error), view)
        raise


def jobs_from(options: argparse.Namespace) -> list[Job]:
    """Return a job for each video that was named. Raises SettingsError, SourceError."""
    return [
        Job(
            source=video.source,
            output_dir=options.output,
            slug=video.slug,
            qualities=None
            if options.qualities == "auto"
            else tuple(q.strip() for q in options.qualities.split(",") if q.strip()),
            tracks=TrackChoice(
                programme=options.programme, video=options.video_track, audio=_audio_tracks(options) or ()
            ),
            encoding=_encoding(options),
            sound=AudioRequest(
                surround=options.surround, loudness_lufs=options.loudness, audio_map=_audio_map(options) or ()
            ),
            encryption=_encryption(options),
            accept_damaged=options.accept_damaged,
            black_bars=options.black_bars,
            chapters=options.chapters,
            trim=_trim(options),
            make_mp4=options.mp4,
            transcription=_transcription(options),
            captions=_captions(options, []),
            script=options.align,
            upload=_upload(options, "" if video.alone else video.slug),
            dataset=DatasetRequest(uri=options.dataset, replace_edited=options.replace_edited)
            if options.dataset
            else None,
            existing=existing_from(options),
        )
        for video in inputs_from(options.inputs, root=options.root, output=options.output)
    ]


def _one(
    job: Job,
    options: argparse.Namespace,
    login: TokenKeeper,
    view: Renderer,
    cancel: CancelToken,
    note: str,
    run_job: Callable[..., JobReport],
) -> JobReport:
    config = login.config
    answer = ask_or_refuse(
        lambda: check_job(job, config, cancel), lambda plan: check_plan(plan, config, cancel), cancel
    )
    if not isinstance(answer, Ready):
        report = finish_early(job, answer, view)
    else:
        plan, answers = answer.plan, answer.backend
        start_for(view, plan)
        if note:
            view.event(LogLine(job=job.slug, text=note))
        control, ask_token = control_from(options), login.keeping(token_prompt(config, job.slug, view.event, cancel))
        report = run_cancellable(
            lambda sink, token: _run_and_keep(
                lambda inner: run_job(
                    plan, config, inner, token, control=control, ask_token=ask_token, answers=answers
                ),
                plan.job,
                config,
                sink,
                token,
            ),
            view.event,
            cancel,
        )
    if report.outcome is Outcome.FAILED:
        complain(*report.error.splitlines())
    return report


def _run_and_keep(
    run_job: Callable[[Sink], JobReport], job: Job, config: Config, sink: Sink, cancel: CancelToken
) -> JobReport:
    """Run a job, and put its transcript into a dataset where one was asked for, which takes a while to load."""
    if job.dataset is None:
        return run_job(sink)
    from transcripts.jobs import run_and_keep

    return run_and_keep(run_job, job, config, sink, cancel)


def _problems(options: argparse.Namespace, config: Config, jobs: Sequence[Job]) -> list[str | Problem]:
    """Return everything that is wrong whatever the videos are."""
    problems: list[str | Problem] = list(config.problems)
    wanted = jobs[0].qualities
    if wanted is not None and (not wanted or set(wanted) - set(BY_NAME)):
        problems.append(f"--qualities takes auto or a list of {','.join(BY_NAME)}, not {options.qualities!r}.")
    if options.trim is not None:
        try:
            parse_trim(options.trim)
        except ValueError as error:
            problems.append(f"--trim: {error}")
    if options.chapters is not None and len(jobs) > 1:
        problems.append("--chapters is for one video: convert each with its own file of chapters.")
    if options.align is not None and len(jobs) > 1:
        problems.append("--align is for one video: convert each with its own script.")
    if options.captions and len(jobs) > 1:
        problems.append("--captions is for one video: convert each with its own captions.")
    _captions(options, problems)
    if _audio_tracks(options) is None:
        problems.append(f"--audio-track takes numbers such as 2 or 1,3, not {options.audio_track!r}.")
    if _audio_map(options) is None:
        problems.append(
            f"--audio-map takes tracks such as 1+2,3+4, or channels such as 1.3+1.4, not {options.audio_map!r}."
        )
    upload = _upload(options, "")
    if upload is not None:
        problems += wiring.upload_problems(config, upload, token_typed=False)
    else:
        given = {"--session-id": options.session_id, "--delete-local": options.delete_local, "--resume": options.resume}
        given["--replace"] = options.replace
        given["--limit-rate"] = options.limit_rate
        problems += _without(given, "--upload PREFIX")
    if options.encrypt is not None and not options.key_uri:
        problems.append("--encrypt needs --key-uri URI: the address at which players ask for the key.")
    if options.encrypt is None:
        problems += _without({"--key-uri": options.key_uri, "--publish-key": options.publish_key}, "--encrypt KEYFILE")
    if not options.dataset:
        problems += _without({"--replace-edited": options.replace_edited}, "--dataset URI")
    elif not (options.transcribe or options.captions or options.align):
        problems.append("--dataset needs --transcribe, --captions or --align: it gets the transcript.")
    if not options.transcribe and options.align is None:
        given = {"--model": options.model, "--language": None if options.captions else options.language}
        given |= {"--captions-profile": options.captions_profile, "--fast": options.fast, "--names": options.names}
        given |= {"--multilingual": options.multilingual, "--caption-track": options.caption_track}
        given["--translate"] = options.translate
        problems += _without(given, "--transcribe")
    return problems


def _captions(options: argparse.Namespace, problems: list[str | Problem]) -> tuple[CaptionFile, ...]:
    """Return the files of captions; what is wrong with one is added to the problems."""
    spoken = None if options.language in (None, "auto") else options.language
    files = []
    for typed in options.captions:
        try:
            files.append(caption_file(typed, spoken=spoken, default=options.default_language))
        except SettingsError as error:
            problems += error.problems
    return tuple(files)


def _audio_tracks(options: argparse.Namespace) -> tuple[int, ...] | None:
    """Return the numbers given, None where they are none."""
    try:
        return tuple(int(number) for number in options.audio_track.split(",")) if options.audio_track else ()
    except ValueError:
        return None


def _audio_map(options: argparse.Namespace) -> tuple[tuple[MappedAudio, ...], ...] | None:
    """Return the audio tracks to make, None if the text names none."""
    text: str = options.audio_map or ""
    if not re.fullmatch(AUDIO_MAP, text):
        return None
    return tuple(tuple(_mapped_audio(part) for part in item.split("+")) for item in text.split(",") if item)


def _mapped_audio(text: str) -> MappedAudio:
    track, _, channel = text.partition(".")
    return MappedAudio(track=int(track), channel=int(channel) if channel else None)


def _without(given: dict[str, object], needed: str) -> list[str]:
    named = [name for name, value in given.items() if value]
    return [f"{' and '.join(named)} {'needs' if len(named) == 1 else 'need'} {needed}."] if named else []


def _transcription(options: argparse.Namespace) -> TranscriptionRequest | None:
    return speech_request(options) if options.transcribe or options.align is not None else None


def _encoding(options: argparse.Namespace) -> EncodingRequest:
    return EncodingRequest(
        codec=Codec(options.codec),
        encoder=EncoderFamily(options.encoder),
        preset=options.preset,
        rate_control=RateControl(options.rate_control),
        target_vmaf=options.target_vmaf,
        segment_type=None if options.segment_type is None else SegmentType(options.segment_type),
        keep_hdr=options.keep_hdr,
        copy_top=options.copy_top == "auto",
    )


def _encryption(options: argparse.Namespace) -> Encryption | None:
    if options.encrypt is None:
        return None
    return Encryption(key_file=options.encrypt, key_uri=options.key_uri, publish_key=options.publish_key)


def _trim(options: argparse.Namespace) -> Trim | None:
    try:
        return None if options.trim is None else parse_trim(options.trim)
    except ValueError:  # said with all that is wrong
        return None


def _upload(options: argparse.Namespace, folder: str) -> UploadRequest | None:
    if options.upload is None:
        return None
    prefix = as_prefix(options.upload)
    return UploadRequest(
        prefix=f"{prefix}{folder}/" if folder else prefix,
        language=options.default_language,
        session_id=options.session_id or None,
        delete_local=options.delete_local,
        replace=options.replace,
    )
