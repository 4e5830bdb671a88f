"""Phase 3: what is said, as transcript and subtitle files.

Knows neither Whisper nor how the stream gets its subtitles.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipeline.caption_files import cues_of
from pipeline.corrected_captions import CorrectedCaptions
from pipeline.engines.engine import Engine, ModelDownloading, SoundChosen, TaskEvent, TranscriptionProgress
from pipeline.engines.tasks import ModelReference, SourceReference, TranscriptionTask, source_reference
from pipeline.errors import CodecError, EncodeError, SpeechError
from pipeline.events import LogLevel
from pipeline.facts import TranscriptFacts
from pipeline.files import write_whole
from pipeline.job import TranscriptionRequest
from pipeline.media.encode.shot_changes import shot_changes
from pipeline.media.source.source_checks import ProbedFile
from pipeline.media.stream_layout import TRANSCRIPT_FILES, TRANSCRIPT_JSON
from pipeline.media_info import AudioStream, MediaInfo
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.output_settings import CAPTION_RULES
from pipeline.phases.model_loading import DownloadReport, prepare_model
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress
from pipeline.phases.transcript_forms import (
    corrected_forms,
    has_form,
    is_there,
    transcript_of,
    what_is_left,
    write_forms,
)
from pipeline.speech.caption_check import check_cues, outside_text
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.child import WhisperProcess
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.cues import Cue
from pipeline.speech.languages import language_name
from pipeline.speech.model_folder import is_folder_name, public_name
from pipeline.speech.names import correct_names, corrections_text
from pipeline.speech.shot_snapping import snapped
from pipeline.speech.sound import Sound, Track
from pipeline.speech.transcript import Transcript
from pipeline.speech.transcript_file import from_json

HEARD_LOG = ".heard.jsonl"
"""What has been heard so far, in the job's folder until the transcript is written; hidden, so never published."""
AUDIO_ONLY_RATE = 25.0
"""The frame rate by which captions are spaced where there is no video."""


def load_cues(folder: Path) -> tuple[str, list[Cue]]:
    """Return language and cues that the phase left in a job's folder. Raises SpeechError when they can't be read.

    Without speech or without audio there are no cues, and the language is empty.
    """
    path = folder / TRANSCRIPT_JSON
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
        if self._finished(context) or _standing(context) or _heard_before(context) or what_is_left(context.workspace):
            return
        request = self._request(context)
        _heard_tracks(plan.media, request)
        encodes = self._engine.slots(plan.encoder) if plan.renditions else 0
        prepare_model(context, request, self._whisper, encodes)

    def run(self, context: PhaseContext) -> PhaseResult:
        """Transcribe the first of the audio tracks that are converted, or take over the editor's own captions.

        Raises SpeechError, SourceChangedError, OutputError, Cancelled.
        """
        plan, own = context.plan, context.plan.transcript_captions
        if own is None and not plan.media.audio:
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text="No audio in this video: no transcript.")
        there = self._finished(context) or _taken_over(context)
        if there is not None and context.workspace.correction is not None:
            return PhaseResult(text=f"{_summary(_corrected(context, context.workspace.correction))}, corrected by hand")
        if there is not None:
            return PhaseResult(outcome=PhaseOutcome.REUSED, text=_summary(there))
        restored = _restored(context)
        if restored is not None:
            return PhaseResult(text=f"{_summary(restored)}, restored")
        if own is not None:
            cues = cues_of(own, plan.job.trim)
            transcript = transcript_of(cues, own.language)
        else:
            transcript = self._heard or _heard_before(context) or self._transcript(context)
            cues = self._shaped(context, transcript)
        facts = TranscriptFacts(language=transcript.language if cues else None, cues=len(cues))
        write_forms(context.workspace.folder, transcript, cues)
        context.workspace.mark(facts)
        (context.workspace.folder / HEARD_LOG).unlink(missing_ok=True)
        return PhaseResult(text=_summary(facts) if cues or own is None else "None of the captions lies in this part.")

    def _transcript(self, context: PhaseContext) -> Transcript:
        context.report(Progress(fraction=0.0, text="Loading the Whisper model..."))
        request, media = self._request(context), context.plan.media
        content = context.workspace.source_of_checkpoints
        track, *others = _heard_tracks(media, request)
        task = TranscriptionTask(
            source=source_reference(media.path, content),
            model=_model_reference(request.model),
            language=request.language,
            track=track.index,
            offset_s=track.start_s,
            channels=track.channels,
            others=tuple(Track(index=one.index, offset_s=one.start_s, channels=one.channels) for one in others),
            limit_s=media.limit_s,
            script=context.plan.script,
            fast=request.fast,
            multilingual=request.multilingual,
        )

        on_download = DownloadReport(context, request.model)

        def listen(event: TaskEvent) -> None:
            if isinstance(event, ModelDownloading):
                on_download(event.progress)
            elif isinstance(event, SoundChosen):
                context.log(_choice_note(event.sound, media.audio), LogLevel.INFO)
            elif isinstance(event, TranscriptionProgress):
                context.report(Progress(fraction=event.fraction, text=f"Transcribing {event.fraction:.0%}"))

        log = context.workspace.folder / HEARD_LOG
        running = self._engine.submit_transcription(task, _JobInputs(media, request.model), listen, log)
        with context.cancel.on_cancel(running.cancel):
            transcript = running.result()
        if not self._keeps_model:
            self._whisper.end()
        transcript = correct_names(transcript, request.names)
        for sentence in corrections_text(transcript):
            context.log(sentence, LogLevel.INFO)
        if request.language is None and transcript.language is not None:
            name, sure = language_name(transcript.language), transcript.language_probability
            context.log(f"The language is {name}, {100 * sure:.0f} %.", LogLevel.INFO)
        return transcript

    def _shaped(self, context: PhaseContext, transcript: Transcript) -> list[Cue]:
        """Return a transcript's cues, and say which break the rules."""
        video = context.plan.media.video
        profile = caption_profile(self._request(context).profile, transcript.language)
        frame_rate = float(video.frame_rate) if video else AUDIO_ONLY_RATE
        cues = shape_cues(transcript, profile, frame_rate=frame_rate)
        cues = snapped(cues, self._shot_changes(context) if cues else (), profile, frame_rate)
        outside = outside_text(check_cues(cues, profile, frame_rate=frame_rate), profile)
        if outside:
            context.log(outside, LogLevel.INFO)
        return cues

    def _shot_changes(self, context: PhaseContext) -> list[float]:
        """Return when shots change, none where there is no video or it can't be read by itself."""
        if not context.plan.renditions:
            return []
        smallest = min(context.plan.renditions, key=lambda r: r.width * r.height)
        try:
            return shot_changes(context.workspace.folder / smallest.name, self._ffmpeg, context.cancel)
        except (EncodeError, OSError, ValueError) as error:
            context.log(f"Changes of shot were not looked for ({error}): captions keep their times.", LogLevel.DETAIL)
            return []

    def _finished(self, context: PhaseContext) -> TranscriptFacts | None:
        """Return the facts of a transcript that is done, None where it is not."""
        workspace = context.workspace
        facts = workspace.done.transcript
        there = workspace.media_deleted or is_there(workspace, workspace.folder, facts)
        return facts if there else None

    def _request(self, context: PhaseContext) -> TranscriptionRequest:
        return context.plan.job.transcription or TranscriptionRequest()


def _heard_tracks(media: MediaInfo, request: TranscriptionRequest) -> list[AudioStream]:
    """Return the tracks to hear, in the order of preference. Raises SpeechError when there is none of the number."""
    if request.track is None:
        return sorted(media.audio, key=lambda stream: not stream.default)
    if not 1 <= request.track <= len(media.audio):
        there = (
            f"choose from 1 to {len(media.audio)}" if len(media.audio) > 1 else "it has one, leave out --caption-track"
        )
        raise SpeechError(f"{media.path} has no audio track {request.track} to caption: {there}.")
    return [media.audio[request.track - 1]]


def _choice_note(sound: Sound, tracks: Sequence[AudioStream]) -> str:
    """Return what to say of the sound that captions come from; tracks and channels count from 1, as in options."""
    number = next(place for place, track in enumerate(tracks, start=1) if track.index == sound.track.index)
    track = f"audio track {number}" if len(tracks) > 1 else "the audio track"
    if sound.channel is None:
        return f"Captions come from {track}: the one that plays by default has no speech in three samples."
    return (
        f"Captions come from channel {sound.channel + 1} of {track} alone: "
        "all channels mixed together have no speech in three samples."
    )


class _JobInputs:
    """What a job's transcription names: the source as it was probed, the model as the editor typed it."""

    def __init__(self, source: ProbedFile, model: str) -> None:
        self._source = source
        self._model = model

    def source(self, reference: SourceReference) -> ProbedFile:
        return self._source

    def model(self, reference: ModelReference) -> str:
        return self._model


def _model_reference(model: str) -> ModelReference:
    return ModelReference(name=public_name(model), is_folder=is_folder_name(model))


def _standing(context: PhaseContext) -> TranscriptFacts | None:
    """Return the facts of the transcript that is wanted and that the folder in its place, which is made anew, has."""
    workspace = context.workspace
    facts = workspace.standing.transcript
    return facts if is_there(workspace, workspace.final, facts) else None


def _restored(context: PhaseContext) -> TranscriptFacts | None:
    """Make the forms of a transcript that were lost from those that are left; return its facts. Raises OutputError."""
    left, workspace = what_is_left(context.workspace), context.workspace
    if left is None:
        return None
    transcript, cues = left
    facts = TranscriptFacts(language=transcript.language if cues else None, cues=len(cues))
    for name in TRANSCRIPT_FILES if workspace.done.transcript is None else ():
        if has_form(workspace.final / name, facts):
            write_whole(workspace.folder / name, (workspace.final / name).read_bytes())
    present = [name for name in TRANSCRIPT_FILES if has_form(workspace.folder / name, facts)]
    write_forms(workspace.folder, transcript, cues, leave=[name for name in present if name != TRANSCRIPT_JSON])
    lost = [name for name in TRANSCRIPT_FILES if name not in present]
    missing = f"{' and '.join(lost)} {'was' if len(lost) == 1 else 'were'} missing"
    context.log(f"{missing}: made again from the rest of the transcript.", LogLevel.INFO)
    workspace.mark(facts)
    return facts


def _taken_over(context: PhaseContext) -> TranscriptFacts | None:
    """Copy that transcript, which an editor may have corrected; return its facts, None where there is none.

    Raises OutputError.
    """
    facts, workspace = _standing(context), context.workspace
    if facts is None:
        return None
    for name in TRANSCRIPT_FILES:
        if (workspace.final / name).is_file():
            write_whole(workspace.folder / name, (workspace.final / name).read_bytes())
    workspace.mark(facts)
    return facts


def _heard_before(context: PhaseContext) -> Transcript | None:
    """Return what was heard for the folder in its place, where nothing but the caption rules has changed since."""
    workspace = context.workspace
    if workspace.changes.get(PhaseName.TRANSCRIPT.value) != (CAPTION_RULES,):
        return None
    try:
        return from_json((workspace.final / TRANSCRIPT_JSON).read_text(encoding="utf-8"))[0]
    except (OSError, ValueError, CodecError):
        return None


def _corrected(context: PhaseContext, correction: CorrectedCaptions) -> TranscriptFacts:
    """Make every form say what an editor has corrected in the folder in its place; return the facts.

    The corrected files themselves stay as they are. Raises OutputError.
    """
    workspace, request = context.workspace, context.plan.job.transcription or TranscriptionRequest()
    video = context.plan.media.video
    transcript, cues = corrected_forms(
        correction,
        workspace.final,
        workspace.done.transcript,
        rules=request.profile,
        frame_rate=float(video.frame_rate) if video else AUDIO_ONLY_RATE,
    )
    write_forms(workspace.folder, transcript, cues, leave=correction.kept)
    facts = TranscriptFacts(language=transcript.language, cues=len(cues))
    workspace.mark(facts)
    return facts


def _summary(facts: TranscriptFacts) -> str:
    if not facts.cues or facts.language is None:
        return "No speech found."
    return f"{facts.cues} caption{'' if facts.cues == 1 else 's'}, {language_name(facts.language)}"
