"""Phase 4: what is said, in English, beside the transcript in the language that is spoken.

Knows neither Whisper nor how the stream gets its subtitles.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.engines.engine import Engine
from pipeline.job_folders import TRANSLATED_LOG
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.hearing import Hearing, prepare_hearing, shaped, speech_request, to_be_translated
from pipeline.phases.phase import PhaseContext, PhaseResult
from pipeline.phases.transcribe import load_cues
from pipeline.phases.transcript_forms import TRANSLATION, TranscriptForms, summary
from pipeline.speech.child import WhisperProcess
from pipeline.speech.languages import ENGLISH
from pipeline.speech.transcript import Transcript


class TranslatePhase:
    """Writes transcript.en.srt, .txt and .json and subtitles.en.vtt.

    Args:
        engine: translates.
        ffmpeg: the program.
        whisper: the process that has the model.
        keeps_model: whether another job follows, for which the model stays loaded.
        heard: what was translated already.
    """

    name = PhaseName.TRANSLATION

    def __init__(
        self,
        engine: Engine,
        ffmpeg: Path,
        whisper: WhisperProcess,
        *,
        keeps_model: bool,
        heard: Transcript | None = None,
    ) -> None:
        self._engine = engine
        self._ffmpeg = ffmpeg
        self._whisper = whisper
        self._keeps_model = keeps_model
        self._heard = heard

    def check(self, context: PhaseContext) -> None:
        """See that the model can be had and translates; fetch it if need be, and have it loaded.

        Raises SpeechError, Cancelled.
        """
        if context.plan.media.audio and self._heard is None and to_be_translated(context):
            prepare_hearing(context, self._engine, self._whisper, translate=True)

    def run(self, context: PhaseContext) -> PhaseResult:
        """Hear the sound once more, to write it in English, unless that is what is spoken.

        Raises SpeechError, SourceChangedError, OutputError, Cancelled.
        """
        result = self._translated(context)
        if not self._keeps_model:
            self._whisper.end()
        return result

    def _translated(self, context: PhaseContext) -> PhaseResult:
        if not context.plan.media.audio:
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text="No audio in this video: no translation.")
        forms = TranscriptForms(context, TRANSLATION)
        used = forms.used_again()
        if used is not None:
            return used
        language, request = load_cues(context.workspace.folder)[0], speech_request(context)
        if not language or (language == ENGLISH and not request.multilingual):
            forms.note_nothing()
            text = "The speech is in English already: no translation." if language else "No speech to translate."
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text=text)
        hearing = Hearing(context, self._engine, activity="Translating", log_file=TRANSLATED_LOG, translate=True)
        transcript = self._heard or forms.heard_before()
        if transcript is None:
            transcript = hearing.transcript(None if request.multilingual else language)
        facts = forms.write(transcript, shaped(context, transcript, self._ffmpeg))
        hearing.forget()
        return PhaseResult(text=f"Translated: {summary(facts)}")
