"""Does a transcription task: what is said in a track of the source, on the video's clock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from config import VERSION
from pipeline.cancel import CancelToken
from pipeline.checkpoints import key_of
from pipeline.codec import to_json
from pipeline.engines.engine import Listen, ModelDownloading, SoundChosen, TranscriptionInputs, TranscriptionProgress
from pipeline.engines.tasks import TranscriptionTask
from pipeline.media.source.source_checks import check_unchanged
from pipeline.speech.child import WhisperProcess
from pipeline.speech.heard_log import HeardLog
from pipeline.speech.scripted import align_script
from pipeline.speech.sound import Sound, Track, choose_sound
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import Transcript

HEARING_SHARE = 0.8
"""What part of the progress the hearing is, where a script is aligned after it."""


def run_transcription(
    task: TranscriptionTask,
    inputs: TranscriptionInputs,
    listen: Listen,
    cancel: CancelToken,
    log: Path | None,
    *,
    whisper: WhisperProcess,
) -> Transcript:
    """Transcribe a track; `log` is the file that keeps what is heard. Raises SpeechError, SourceError, Cancelled."""
    source = inputs.source(task.source)
    check_unchanged(source)

    share = 1.0 if task.script is None else HEARING_SHARE

    def report(fraction: float) -> None:
        check_unchanged(source)
        listen(TranscriptionProgress(fraction=fraction * share))

    def report_aligned(fraction: float) -> None:
        check_unchanged(source)
        listen(TranscriptionProgress(fraction=share + fraction * (1.0 - share)))

    model = inputs.model(task.model)
    first = Track(index=task.track, offset_s=task.offset_s, channels=task.channels)
    sound = choose_sound(whisper, source.path, (first, *task.others), cancel, limit_s=task.limit_s)
    if sound != Sound(track=first):
        listen(SoundChosen(sound=sound))
    transcript = transcribe(
        whisper,
        source.path,
        cancel,
        model=model,
        language=task.language,
        track=sound.track.index,
        channel=sound.channel,
        offset_s=sound.track.offset_s,
        limit_s=task.limit_s,
        fast=task.fast,
        multilingual=task.multilingual,
        translate=task.translate,
        report=report,
        on_download=lambda progress: listen(ModelDownloading(progress=progress)),
        log=None if log is None else HeardLog(log, key_of(VERSION, to_json(replace(task, script=None)), model)),
    )
    if task.script is not None:
        transcript = align_script(
            whisper,
            source.path,
            cancel,
            transcript,
            task.script,
            model=model,
            track=sound.track.index,
            channel=sound.channel,
            offset_s=sound.track.offset_s,
            report=report_aligned,
        )
    check_unchanged(source)
    return transcript
