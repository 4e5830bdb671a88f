"""Does a transcription task: what is said in a track of the source, on the video's clock."""

from __future__ import annotations

from pipeline.cancel import CancelToken
from pipeline.engines.engine import Listen, ModelDownloading, TranscriptionInputs, TranscriptionProgress
from pipeline.engines.tasks import TranscriptionTask
from pipeline.media.source.source_checks import check_unchanged
from pipeline.speech.transcribe import transcribe
from pipeline.speech.transcript import Transcript


def run_transcription(
    task: TranscriptionTask, inputs: TranscriptionInputs, listen: Listen, cancel: CancelToken
) -> Transcript:
    """Transcribe a track. Raises SpeechError, SourceError, Cancelled."""
    source = inputs.source(task.source)
    check_unchanged(source)

    def report(fraction: float) -> None:
        check_unchanged(source)
        listen(TranscriptionProgress(fraction=fraction))

    transcript = transcribe(
        source.path,
        cancel,
        model=inputs.model(task.model),
        language=task.language,
        track=task.track,
        offset_s=task.offset_s,
        limit_s=task.limit_s,
        report=report,
        on_download=lambda: listen(ModelDownloading()),
    )
    check_unchanged(source)
    return transcript
