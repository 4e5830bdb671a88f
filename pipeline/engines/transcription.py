"""Does a transcription task: what is said in a track of the source, on the video's clock."""

from __future__ import annotations

from pipeline.cancel import CancelToken
from pipeline.engines.engine import Listen, ModelDownloading, TranscriptionInputs, TranscriptionProgress
from pipeline.engines.tasks import TranscriptionTask
from pipeline.media.source.source_checks import check_unchanged
from pipeline.speech.scripted import align_script
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import Transcript

HEARING_SHARE = 0.8
"""What part of the progress the hearing is, where a script is aligned after it."""


def run_transcription(
    task: TranscriptionTask, inputs: TranscriptionInputs, listen: Listen, cancel: CancelToken
) -> Transcript:
    """Transcribe a track. Raises SpeechError, SourceError, Cancelled."""
    source = inputs.source(task.source)
    check_unchanged(source)

    share = 1.0 if task.script is None else HEARING_SHARE

    def report(fraction: float) -> None:
        check_unchanged(source)
        listen(TranscriptionProgress(fraction=fraction * share))

    def report_aligned(fraction: float) -> None:
        check_unchanged(source)
        listen(TranscriptionProgress(fraction=share + fraction * (1.0 - share)))

    transcript = transcribe(
        source.path,
        cancel,
        model=inputs.model(task.model),
        language=task.language,
        track=task.track,
        offset_s=task.offset_s,
        limit_s=task.limit_s,
        report=report,
        on_download=lambda progress: listen(ModelDownloading(progress=progress)),
    )
    if task.script is not None:
        transcript = align_script(
            source.path,
            cancel,
            transcript,
            task.script,
            model=inputs.model(task.model),
            track=task.track,
            offset_s=task.offset_s,
            report=report_aligned,
        )
    check_unchanged(source)
    return transcript
