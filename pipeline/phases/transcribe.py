"""Phase 3: what is said, as transcript and subtitle files.

Knows neither Whisper nor how the stream gets its subtitles.
"""

from __future__ import annotations

from pathlib import Path

from pipeline.caption_files import cues_of
from pipeline.engines.engine import Engine
from pipeline.errors import CodecError, SpeechError
from pipeline.events import LogLevel
from pipeline.job_folders import HEARD_LOG
from pipeline.media.stream_layout import TRANSCRIPT_JSON
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.hearing import Hearing, prepare_hearing, shaped, speech_request, to_be_translated
from pipeline.phases.phase import PhaseContext, PhaseResult
from pipeline.phases.transcript_forms import TRANSCRIPT, TranscriptForms, summary, transcript_of
from pipeline.speech.child import WhisperProcess
from pipeline.speech.cues import Cue
from pipeline.speech.languages import language_name
from pipeline.speech.transcript import Transcript
from pipeline.speech.transcript_file import from_json


def load_cues(folder: Path, name: str = TRANSCRIPT_JSON) -> tuple[str, list[Cue]]:
    """Return language and cues that a phase left in a job's folder, in the file of this name.

    Raises SpeechError when they can't be read.

    Without speech or without audio there are no cues, and the language is empty.
    """
    path = folder / name
    if not path.exists():
        return "", []
    try:
        transcript, cues = from_json(path.read_text(encoding="utf-8"))
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
        engine: transcribes.
        ffmpeg: the program.
        whisper: the process that has the model.
        keeps_model: whether another job follows, for which the model stays loaded.
        heard: what was heard already.
    """

    name = PhaseName.TRANSCRIPT

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
        """See that the model can be had; fetch it if need be, and have it loaded. Raises SpeechError, Cancelled."""
        plan = context.plan
        if plan.transcript_captions is not None or not plan.media.audio or self._heard is not None:
            return
        # What is to be translated is checked by that phase, which sees to the same model.
        if TranscriptForms(context, TRANSCRIPT).needed and not to_be_translated(context):
            prepare_hearing(context, self._engine, self._whisper)

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
        hearing = Hearing(context, self._engine, activity="Transcribing", log_file=HEARD_LOG)
        if own is not None:
            cues = cues_of(own, plan.job.trim)
            transcript = transcript_of(cues, own.language)
        else:
            transcript = self._heard or forms.heard_before() or self._listen(context, hearing)
            cues = shaped(context, transcript, self._ffmpeg)
        facts = forms.write(transcript, cues)
        hearing.forget()
        return PhaseResult(text=summary(facts) if cues or own is None else "None of the captions lies in this part.")

    def _listen(self, context: PhaseContext, hearing: Hearing) -> Transcript:
        request = speech_request(context)
        transcript = hearing.transcript(request.language)
        if not self._keeps_model and PhaseName.TRANSLATION not in context.plan.phases:
            self._whisper.end()
        if request.language is None and transcript.language is not None:
            name, sure = language_name(transcript.language), transcript.language_probability
            context.log(f"The language is {name}, {100 * sure:.0f} %.", LogLevel.INFO)
        return transcript
