"""The Whisper model of a job: found before the encode, fetched if need be, and loaded beside it if there is room."""

from __future__ import annotations

from pipeline.cancel import CancelToken
from pipeline.events import LogLevel
from pipeline.job import TranscriptionRequest
from pipeline.model import PhaseName
from pipeline.phases.phase import PhaseContext, Progress
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import DownloadProgress, download_note, download_text, find_model, load_model, model_of
from pipeline.speech.model_memory import has_room


class DownloadReport:
    """Says once that a model is downloaded, and shows how far it is."""

    def __init__(self, context: PhaseContext, model: str) -> None:
        self._context = context
        self._model = model
        self._said = False

    def __call__(self, progress: DownloadProgress) -> None:
        """Take how far it is, before it begins and while it runs."""
        if not self._said:
            self._said = True
            self._context.log(download_note(self._model, progress), LogLevel.INFO)
        self._context.report(Progress(fraction=0.0, text=download_text(self._model, progress)))


def prepare_model(
    context: PhaseContext,
    request: TranscriptionRequest,
    whisper: WhisperProcess,
    encodes: int,
    *,
    translate: bool = False,
) -> None:
    """Load the model beside the encode where there is memory for both; else see that it loads, and let it go.

    Whether it can `translate` is known when it is loaded, so that is waited for. `encodes` is how many chunks of the
    video are encoded at the same time. Raises SpeechError, Cancelled.
    """
    name = model_of(request.model)[0]
    if whisper.knows_language(name, request.language, translate=translate):  # it may be hearing another job for an hour
        if PhaseName.HLS in context.plan.phases and not has_room(0, loaded=True, encodes=encodes):
            whisper.end()
        return
    report = DownloadReport(context, request.model)
    size = find_model(whisper, request.model, context.cancel, language=request.language, on_download=report)

    def load(cancel: CancelToken) -> None:
        load_model(whisper, request.model, cancel, language=request.language, translate=translate, on_download=report)

    if PhaseName.HLS not in context.plan.phases:
        load(context.cancel)
        return
    room = has_room(size, loaded=whisper.holds(name), encodes=encodes)
    if room and not translate:
        context.alongside("whisper-loading", load)
        return
    load(context.cancel)
    if not room:
        whisper.end()
