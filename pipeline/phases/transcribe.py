"""Phase 3: what is said, as transcript and subtitle files.

Knows neither Whisper nor how the stream gets its subtitles.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.caption_files import cues_of
from pipeline.errors import CodecError, SpeechError
from pipeline.events import LogLevel
from pipeline.job_folders import RECOGNITION_LOG
from pipeline.media.stream_layout import TRANSCRIPT_JSON
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.phase import PhaseContext, PhaseResult
from pipeline.phases.speech_run import SpeechRun, SpeechTools, shaped, speech_request, to_be_translated
from pipeline.phases.transcript_forms import TRANSCRIPT, TranscriptForms, forms_summary, transcript_of
from pipeline.speech.cues import Cue
from pipeline.speech.languages import language_name
from pipeline.speech.transcript import Transcript
from pipeline.speech.transcript_file import transcript_from_json


def load_cues(folder: Path, name: str = TRANSCRIPT_JSON) -> tuple[str, list[Cue]]:
    """Return language and cues that a phase left in a job's folder, in the file of this name.

    Raises SpeechError when they can't be read.

    Without speech or without audio there are no cues, and the language is empty.
    """
    path = folder / name
    if not path.exists():
        return "", []
    try:
        transcript, cues = transcript_from_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SpeechError(f"The transcript {path} can't be read ({error.strerror}): check its permissions.") from error
    except (UnicodeDecodeError, CodecError) as error:
        reason = str(error).rstrip(".") if isinstance(error, CodecError) else "its text is not UTF-8"
        raise SpeechError(
            f"The transcript {path} can't be read ({reason}): start the job fresh to make it again."
        ) from error
    return (transcript.language or "", cues) if cues else ("", [])


class TranscribePhase:
    """Writes transcript.srt, .txt and .json and subtitles.vtt.

    Args:
        tools: what it is made with.
        heard: what was transcribed already.
    """

    name = PhaseName.TRANSCRIPT

    def __init__(self, tools: SpeechTools, heard: Transcript | None = None) -> None:
        self._tools = tools
        self._heard = heard

    def check(self, context: PhaseContext) -> None:
        """Check that the model is available; download it if necessary, and load it. Raises SpeechError, Cancelled."""
        plan = context.plan
        if plan.transcript_captions is not None or not plan.media.audio or self._heard is not None:
            return
        # What is to be translated is checked by that phase, which sees to the same model.
        if TranscriptForms(context, TRANSCRIPT).needed and not to_be_translated(context):
            self._tools.prepare(context)

    def run(self, context: PhaseContext) -> PhaseResult:
        """Transcribe the first of the audio tracks that are converted, or take over the editor's own captions.

        Raises SpeechError, SourceChangedError, OutputError, Cancelled.
        """
        plan, own = context.plan, context.plan.transcript_captions
        if own is None and not plan.media.audio:
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text="No audio in this video: no transcript.")
        forms = TranscriptForms(context, TRANSCRIPT)
        used = forms.used_again()
        if used is not None:
            return used
        run = SpeechRun(context, self._tools.engine, activity="Transcribing", log_file=RECOGNITION_LOG)
        if own is not None:
            cues = cues_of(own, plan.job.trim)
            transcript = transcript_of(cues, own.language)
        else:
            transcript = self._heard or forms.earlier_transcript() or self._listen(context, run)
            cues = shaped(context, transcript, self._tools.ffmpeg)
        facts = forms.write(transcript, cues)
        run.forget()
        return PhaseResult(
            text=forms_summary(facts) if cues or own is None else "None of the captions lies in this part."
        )

    def _listen(self, context: PhaseContext, run: SpeechRun) -> Transcript:
        request = speech_request(context)
        transcript = run.transcript(request.language)
        if PhaseName.TRANSLATION not in context.plan.phases:
            self._tools.release_model()
        if request.language is None and transcript.language is not None:
            name, sure = language_name(transcript.language), transcript.language_probability
            context.log(f"The language is {name}, {100 * sure:.0f} %.", LogLevel.INFO)
        return transcript
