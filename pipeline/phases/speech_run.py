"""Transcribes a job's audio and shapes captions from it, for its transcript and for a translation.

Knows neither Whisper nor what the captions are for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.checkpoints import key_of
from pipeline.engines.engine import AudioChosen, Engine, ModelDownloading, TaskEvent, TranscriptionProgress
from pipeline.engines.tasks import ModelReference, SourceReference, TranscriptionTask, source_reference
from pipeline.errors import EncodeError
from pipeline.events import LogLevel
from pipeline.job import TranscriptionRequest
from pipeline.job_folders import SHOTS_LOG
from pipeline.media.encode.shot_changes import shot_changes, shot_changes_of_source
from pipeline.media.source.source_checks import ProbedFile
from pipeline.media_info import AudioStream, MediaInfo
from pipeline.model import PhaseName
from pipeline.phases.model_loading import DownloadReport, prepare_model
from pipeline.phases.phase import PhaseContext, Progress
from pipeline.phases.transcript_forms import AUDIO_ONLY_RATE, TRANSLATION, TranscriptForms
from pipeline.speech.audio_tracks import ChosenAudio, Track
from pipeline.speech.caption_check import check_cues, outside_text
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.child import WhisperProcess
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.cues import Cue
from pipeline.speech.languages import ENGLISH
from pipeline.speech.model_folder import is_folder_name, public_name
from pipeline.speech.names import correct_names, corrections_text
from pipeline.speech.recognition_log import aligned_log
from pipeline.speech.shot_snapping import snapped
from pipeline.speech.transcript import Transcript


def speech_request(context: PhaseContext) -> TranscriptionRequest:
    """Return what is asked of Whisper."""
    return context.plan.job.transcription or TranscriptionRequest()


def to_be_translated(context: PhaseContext) -> bool:
    """Whether a translation is wanted and not there, as far as is known before the audio is transcribed."""
    request = speech_request(context)
    foreign = request.multilingual or request.language != ENGLISH
    return request.translate and foreign and TranscriptForms(context, TRANSLATION).needed


@dataclass(frozen=True, kw_only=True)
class SpeechTools:
    """What a transcript and a translation are made with.

    Attributes:
        engine: runs the transcription.
        ffmpeg: the program.
        whisper: the process that has the model.
        keeps_model: whether another job follows, for which the model stays loaded.
        transcribes_here: whether the engine transcribes on this machine, which then needs the model.
    """

    engine: Engine
    ffmpeg: Path
    whisper: WhisperProcess
    keeps_model: bool
    transcribes_here: bool = True

    def prepare(self, context: PhaseContext, *, translate: bool = False) -> None:
        """Check that the model is available and can do what is asked; download it if necessary, and load it.

        Raises SpeechError, Cancelled.
        """
        if not self.transcribes_here:
            return
        plan, request = context.plan, speech_request(context)
        encodes = self.engine.slots(plan.encoder) if plan.renditions else 0
        prepare_model(context, request, self.whisper, encodes, translate=translate)

    def release_model(self) -> None:
        """End the process that has the model, unless another job needs it."""
        if not self.keeps_model:
            self.whisper.end()


class SpeechRun:
    """Transcribes the audio of one job.

    `activity` is shown meanwhile; `log_file` is the name of the file in the job's folder that keeps what has been
    transcribed so far. With `translate`, what is said in `language` is written in English.
    """

    def __init__(
        self, context: PhaseContext, engine: Engine, *, activity: str, log_file: str, translate: bool = False
    ) -> None:
        self._context = context
        self._engine = engine
        self._activity = activity
        self._log = context.workspace.folder / log_file
        self._translate = translate
        self._on_download = DownloadReport(context, speech_request(context).model)

    def transcript(self, language: str | None) -> Transcript:
        """Return what is said, names corrected. Raises SpeechError, SourceChangedError, OutputError, Cancelled."""
        context, request = self._context, speech_request(self._context)
        context.report(Progress(fraction=0.0, text="Loading the Whisper model..."))
        inputs = _JobInputs(context.plan.media, request.model)
        running = self._engine.submit_transcription(self._task(language), inputs, self._listen, self._log)
        with context.cancel.on_cancel(running.cancel):
            transcript = running.result()
        transcript = correct_names(transcript, request.names)
        for sentence in corrections_text(transcript):
            context.log(sentence, LogLevel.INFO)
        return transcript

    def forget(self) -> None:
        """Remove what was kept in case the run is cut short."""
        for log in (self._log, aligned_log(self._log)):
            log.unlink(missing_ok=True)

    def _task(self, language: str | None) -> TranscriptionTask:
        context, request, media = self._context, speech_request(self._context), self._context.plan.media
        track, *others = _tracks(media, request)
        return TranscriptionTask(
            source=source_reference(media.path, context.workspace.source_of_checkpoints),
            model=_model_reference(request.model),
            language=language,
            track=track.index,
            offset_s=track.start_s,
            channels=track.channels,
            others=tuple(Track(index=one.index, offset_s=one.start_s, channels=one.channels) for one in others),
            limit_s=media.limit_s,
            script=None if self._translate else context.plan.script,
            fast=request.fast,
            multilingual=request.multilingual,
            translate=self._translate,
        )

    def _listen(self, event: TaskEvent) -> None:
        context = self._context
        if isinstance(event, ModelDownloading):
            self._on_download(event.progress)
        elif isinstance(event, AudioChosen) and not self._translate:  # the transcript has said it before
            context.log(_choice_note(event.audio, context.plan.media.audio), LogLevel.INFO)
        elif isinstance(event, TranscriptionProgress):
            context.report(Progress(fraction=event.fraction, text=f"{self._activity} {event.fraction:.0%}"))


def shaped(context: PhaseContext, transcript: Transcript, ffmpeg: Path) -> list[Cue]:
    """Return a transcript's cues, and say which break the rules."""
    video = context.plan.media.video
    profile = caption_profile(speech_request(context).profile, transcript.language)
    frame_rate = float(video.frame_rate) if video else AUDIO_ONLY_RATE
    cues = shape_cues(transcript, profile, frame_rate=frame_rate)
    cues = snapped(cues, _shot_changes(context, ffmpeg) if cues else (), profile, frame_rate)
    outside = outside_text(check_cues(cues, profile, frame_rate=frame_rate), profile)
    if outside:
        context.log(outside, LogLevel.INFO)
    return cues


def _shot_changes(context: PhaseContext, ffmpeg: Path) -> list[float]:
    """Return when shots change: of the encoded stream, where one is made, else of the source.

    None where there is no video or it can't be read.
    """
    plan = context.plan
    if not plan.renditions:
        return []
    smallest = min(plan.renditions, key=lambda r: r.width * r.height)
    workspace, log = context.workspace, context.workspace.folder / SHOTS_LOG
    try:
        if PhaseName.HLS in plan.phases:
            pixels = smallest.width * smallest.height
            return shot_changes(workspace.folder / smallest.name, ffmpeg, context.cancel, pixels=pixels, log=log)
        context.report(Progress(fraction=1.0, text="Finding changes of shot"))
        key = key_of(workspace.source_of_checkpoints.fields)
        return shot_changes_of_source(plan.media, ffmpeg, context.cancel, log=log, key=key)
    except (EncodeError, OSError, ValueError) as error:
        context.log(f"Shot changes were not detected ({error}): captions keep their times.", LogLevel.DETAIL)
        return []


def _tracks(media: MediaInfo, request: TranscriptionRequest) -> list[AudioStream]:
    """Return the tracks to transcribe, in the order of preference."""
    if request.track is None:
        return sorted(media.audio, key=lambda stream: not stream.default)
    return [media.audio[request.track - 1]]


def _choice_note(audio: ChosenAudio, tracks: Sequence[AudioStream]) -> str:
    """Return what to say of the audio that captions come from; tracks and channels count from 1, as in options."""
    number = next(place for place, track in enumerate(tracks, start=1) if track.index == audio.track.index)
    track = f"audio track {number}" if len(tracks) > 1 else "the audio track"
    if audio.channel is None:
        return f"Captions come from {track}: the one that plays by default has no speech in three samples."
    return (
        f"Captions come from channel {audio.channel + 1} of {track} alone: "
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
