"""`transcribe`: transcripts and captions of videos and audio files, without streams."""

from __future__ import annotations

import argparse

from cli.input_options import selection_from
from cli.job_reports import exit_status, finish_early
from cli.job_thread import run_cancellable
from cli.main import complain
from cli.printing import terminal_safe
from cli.render import Renderer, renderer
from cli.speech_options import FORMS, speech_request
from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import PipelineError, Problem, SettingsError
from pipeline.files import AUDIO_SUFFIXES, VIDEO_SUFFIXES
from pipeline.inputs import inputs_from
from pipeline.job import TranscriptForm
from pipeline.model import JobReport, Outcome
from pipeline.preflight_answers import refused_by
from pipeline.speech.child import WhisperProcess
from pipeline.transcript_job import plan_transcript, run_transcript
from pipeline.wanted_transcripts import TranscriptJob, transcript_jobs


def run(options: argparse.Namespace, config: Config) -> int:
    """Transcribe every input in turn; one that fails does not stop the others."""
    wanted = jobs_from(options, config)
    view, cancel = renderer(as_json=options.json, by_source=True), CancelToken()
    try:
        with WhisperProcess() as whisper:
            reports = [
                finish_early(one.job, None, view, folder=one.folder)
                if cancel.cancelled
                else _one(one, config, view, cancel, whisper)
                for one in wanted
            ]
    finally:
        view.close()
    return exit_status(reports)


def jobs_from(options: argparse.Namespace, config: Config) -> list[TranscriptJob]:
    """Return a job for each file that was named. Raises SettingsError, SourceError."""
    names = [name.strip().lower() for name in options.format.split(",") if name.strip()]
    problems: list[str | Problem] = list(config.problems)
    if not names or set(names) - set(FORMS):
        problems.append(f"--format takes a list of {','.join(FORMS)}, not {options.format!r}.")
    if problems:
        raise SettingsError(problems)
    return transcript_jobs(
        inputs_from(
            options.inputs,
            root=None,
            output=options.output,
            suffixes=(*VIDEO_SUFFIXES, *AUDIO_SUFFIXES),
            selection=selection_from(options),
            config=config,
        ),
        speech_request(options),
        [TranscriptForm(name) for name in dict.fromkeys(names)],
        output=options.output,
        overwrite=options.overwrite,
        script=options.align,
    )


def _one(
    wanted: TranscriptJob, config: Config, view: Renderer, cancel: CancelToken, whisper: WhisperProcess
) -> JobReport:
    try:
        plan = plan_transcript(wanted, config, cancel)
    except KeyboardInterrupt:
        cancel.cancel()
        report = finish_early(wanted.job, None, view, folder=wanted.folder)
    except (PipelineError, OSError) as error:
        report = finish_early(wanted.job, refused_by(error), view, folder=wanted.folder)
    else:
        view.start(terminal_safe(wanted.job.origin), (), plan.plan.phases)
        report = run_cancellable(
            lambda sink, token: run_transcript(plan, config, sink, token, whisper), view.event, cancel
        )
    if report.outcome is Outcome.FAILED:
        complain(*report.error.splitlines())
    return report
