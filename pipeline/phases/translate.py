"""Phase 4: what is said, in English, beside the transcript in the language that is spoken.

Knows neither Whisper nor how the stream gets its subtitles.
"""

from __future__ import annotations

from pipeline.job_folders import TRANSLATED_LOG
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.phase import PhaseContext, PhaseResult
from pipeline.phases.speech_run import SpeechRun, SpeechTools, shaped, speech_request, to_be_translated
from pipeline.phases.transcribe import load_cues
from pipeline.phases.transcript_forms import TRANSLATION, TranscriptForms, forms_summary
from pipeline.speech.languages import ENGLISH
from pipeline.speech.transcript import Transcript


class TranslatePhase:
    """Writes transcript.en.srt, .txt and .json and subtitles.en.vtt.

    Args:
        tools: what it is made with.
        heard: what was translated already.
    """

    name = PhaseName.TRANSLATION

    def __init__(self, tools: SpeechTools, heard: Transcript | None = None) -> None:
        self._tools = tools
        self._heard = heard

    def check(self, context: PhaseContext) -> None:
        """Check that the model is available and translates; download it if necessary, and load it.

        Raises SpeechError, Cancelled.
        """
        if context.plan.media.audio and self._heard is None and to_be_translated(context):
            self._tools.prepare(context, translate=True)

    def run(self, context: PhaseContext) -> PhaseResult:
        """Translate the speech into English, unless English is what is spoken.

        Raises SpeechError, SourceChangedError, OutputError, Cancelled.
        """
        result = self._translated(context)
        self._tools.release_model()
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
        run = SpeechRun(context, self._tools.engine, activity="Translating", log_file=TRANSLATED_LOG, translate=True)
        transcript = self._heard or forms.earlier_transcript()
        if transcript is None:
            transcript = run.transcript(None if request.multilingual else language)
        facts = forms.write(transcript, shaped(context, transcript, self._tools.ffmpeg))
        run.forget()
        return PhaseResult(text=f"Translated: {forms_summary(facts)}")
