"""Does a transcription task: what is said in a track of the source, on the video's clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from config import VERSION
from pipeline.cancel import CancelToken
from pipeline.checkpoints import key_of
from pipeline.codec import to_json
from pipeline.engines.engine import AudioChosen, Listen, ModelDownloading, TranscriptionInputs, TranscriptionProgress
from pipeline.engines.tasks import TranscriptionTask
from pipeline.media.source.source_checks import ProbedFile, check_unchanged
from pipeline.speech.audio_tracks import ChosenAudio, Track, choose_audio
from pipeline.speech.child import WhisperProcess
from pipeline.speech.recognition_log import RecognitionLog, aligned_log
from pipeline.speech.scripted import align_script
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import Transcript

TRANSCRIPTION_SHARE = 0.8
"""The transcription's part of the progress if a script is aligned after it."""


def run_transcription(
    task: TranscriptionTask,
    inputs: TranscriptionInputs,
    listen: Listen,
    cancel: CancelToken,
    log: Path | None,
    *,
    whisper: WhisperProcess,
) -> Transcript:
    """Transcribe a track; `log` is the file that keeps what is transcribed, and another beside it what is aligned.

    Raises SpeechError, SourceError, Cancelled.
    """
    source = inputs.source(task.source)
    check_unchanged(source)
    model = inputs.model(task.model)
    first = Track(index=task.track, offset_s=task.offset_s, channels=task.channels)
    audio = choose_audio(whisper, source.path, (first, *task.others), cancel, limit_s=task.limit_s)
    if audio != ChosenAudio(track=first):
        listen(AudioChosen(audio=audio))
    key = key_of(VERSION, to_json(replace(task, script=None)), model)
    share = 1.0 if task.script is None else TRANSCRIPTION_SHARE
    transcript = transcribe(
        whisper,
        source.path,
        cancel,
        model=model,
        language=task.language,
        track=audio.track.index,
        channel=audio.channel,
        offset_s=audio.track.offset_s,
        limit_s=task.limit_s,
        fast=task.fast,
        multilingual=task.multilingual,
        translate=task.translate,
        report=_reporter(source, listen, 0.0, share),
        on_download=lambda progress: listen(ModelDownloading(progress=progress)),
        log=None if log is None else RecognitionLog(log, key),
    )
    if task.script is not None:
        transcript = align_script(
            whisper,
            source.path,
            cancel,
            transcript,
            task.script,
            model=model,
            track=audio.track.index,
            channel=audio.channel,
            offset_s=audio.track.offset_s,
            report=_reporter(source, listen, share, 1.0),
            log=None if log is None else aligned_log(log),
            key=key,
        )
    check_unchanged(source)
    return transcript


def _reporter(source: ProbedFile, listen: Listen, begin: float, end: float) -> Callable[[float], None]:
    """Return what reports the progress of a part that lies between these fractions of the whole."""

    def report(fraction: float) -> None:
        check_unchanged(source)
        listen(TranscriptionProgress(fraction=begin + fraction * (end - begin)))

    return report
