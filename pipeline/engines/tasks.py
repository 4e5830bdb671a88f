"""The tasks that engines run, and their results: frozen data that `pipeline.codec` turns into JSON and back.

A task has no open file, no function and no path that only one computer knows: it identifies the source by its content,
and the folder for the result is passed to the engine separately. So a worker that has only the task, the source and an
empty folder can do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.fingerprint import Fingerprint
from pipeline.job import SegmentType
from pipeline.media.encode.audio_coding import Length
from pipeline.model import AudioRendition, Plan
from pipeline.speech.audio_tracks import Track


@dataclass(frozen=True, kw_only=True)
class SourceReference:
    """Identifies the source by its content. `name` is the name of its file, for people."""

    name: str
    content: Fingerprint


@dataclass(frozen=True, kw_only=True)
class AudioPlan:
    """How all audio of a stream is made.

    `mixed` says for each rendition whether it is mixed down from more channels. `start_s` and `limit_s` are the start
    and the end of the part of the source, as in `MediaInfo`. With `loudness_lufs` None the loudness is not changed.
    """

    renditions: tuple[AudioRendition, ...]
    mixed: tuple[bool, ...]
    start_s: float
    limit_s: float | None
    loudness_lufs: float | None


@dataclass(frozen=True, kw_only=True)
class AudioStretch:
    """A stretch of the only audio rendition, which is muxed into the video's segments.

    From `start` (inclusive) to `end` (exclusive), in ticks of 90 kHz of the stream; `end` None is the stream's end,
    which `length` gives.
    """

    audio: AudioPlan
    start: int
    end: int | None
    length: Length


@dataclass(frozen=True, kw_only=True)
class EncodeTask:
    """A chunk of the video, encoded into the segments of every rendition.

    Attributes:
        name: the chunk's name, unique in its stream.
        source: the source to encode.
        ffmpeg: the version that encodes all chunks of the stream: chunks of two versions may not fit together.
        arguments: ffmpeg's arguments, with the source's name left open; outputs are relative to the task's folder.
        renditions: the folders of the renditions.
        segment_type: the type of the segments.
        frames: the number of frames that the result must have, None if it is not known in advance.
        ends: whether the chunk extends to the source's end.
        audio: the audio to mux into the segments, None if audio has segments of its own or there is none.
    """

    name: str
    source: SourceReference
    ffmpeg: str
    arguments: tuple[str, ...]
    renditions: tuple[str, ...]
    segment_type: SegmentType
    frames: int | None
    ends: bool
    audio: AudioStretch | None

    @property
    def encoder(self) -> str | None:
        """The encoder of the video, by ffmpeg's name; None where the arguments name none."""
        following = zip(self.arguments, self.arguments[1:], strict=False)
        return next((value for name, value in following if name == "-c:v"), None)


@dataclass(frozen=True, kw_only=True)
class EncodeResult:
    """The result of a chunk: its frames, and how many errors ffmpeg reported.

    `starts` are the times at which each rendition's segments begin, in ticks of 90 kHz of the stream; `last`, for the
    chunk that ends the source, is the time from the start of the last segment to the last frame.
    """

    frames: int
    errors: int
    starts: Mapping[str, tuple[int, ...]]
    last: int | None


@dataclass(frozen=True, kw_only=True)
class ModelReference:
    """A Whisper model: one with a public name, or a folder of the editor's, of which `name` is the last part."""

    name: str
    is_folder: bool


@dataclass(frozen=True, kw_only=True)
class TranscriptionTask:
    """The transcription of a track of the source. The result is a `Transcript`.

    Attributes:
        source: the video.
        model: the Whisper model.
        language: the code of the spoken language, None to detect it.
        track: the index of the track among all streams of the source.
        offset_s: how much later than the video the track starts.
        limit_s: the time at which the video ends, if the audio is longer.
        script: the text that is spoken, to be aligned; None for what Whisper recognizes.
        channels: the number of channels of the track.
        others: tracks to transcribe instead, if this one has no speech and they do.
        fast: whether to use a faster method that may miss sentences.
        multilingual: whether each window is transcribed in its own language.
        translate: whether to translate into English.
    """

    source: SourceReference
    model: ModelReference
    language: str | None
    track: int
    offset_s: float
    limit_s: float | None
    script: str | None = None
    channels: int = 1
    others: tuple[Track, ...] = ()
    fast: bool = False
    multilingual: bool = False
    translate: bool = False


def source_reference(path: Path, content: Fingerprint) -> SourceReference:
    """Return a reference to a source with this content."""
    return SourceReference(name=path.name, content=replace(content, mtime_ns=None))


def audio_plan(plan: Plan) -> AudioPlan:
    """Return how a job's audio is made."""
    channels = {stream.index: stream.channels for stream in plan.media.audio}
    return AudioPlan(
        renditions=plan.audio,
        mixed=tuple(not r.parts and channels.get(r.source_index, 0) > r.channels for r in plan.audio),
        start_s=plan.media.start_s,
        limit_s=plan.media.limit_s,
        loudness_lufs=plan.job.audio.loudness_lufs,
    )
