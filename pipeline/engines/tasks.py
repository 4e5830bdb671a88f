"""The tasks that engines run, and their results: frozen data that `pipeline.codec` turns into JSON and back.

A task has no open file, no function and no path that only one computer knows: the source goes by its content, what is
made lies in a folder that whoever runs the task is told, and a worker that has only the task, the source and an empty
folder can do it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.fingerprint import Fingerprint
from pipeline.job import SegmentType
from pipeline.media.encode.audio_coding import Length
from pipeline.model import AudioRendition, Plan
from pipeline.speech.sound import Track


@dataclass(frozen=True, kw_only=True)
class SourceReference:
    """The source by its content. `name` is its file's, for people."""

    name: str
    content: Fingerprint


@dataclass(frozen=True, kw_only=True)
class AudioPlan:
    """How all audio of a stream is made.

    `mixed` says of each rendition whether it is mixed down from more channels. Of a part of a source, `start_s` and
    `limit_s` are where it begins and ends, as in `MediaInfo`. `loudness_lufs` None leaves the loudness as it is.
    """

    renditions: tuple[AudioRendition, ...]
    mixed: tuple[bool, ...]
    start_s: float
    limit_s: float | None
    loudness_lufs: float | None


@dataclass(frozen=True, kw_only=True)
class AudioStretch:
    """A stretch of the only audio rendition, which is muxed into the video's segments.

    From `start` until before `end`, ticks of 90 kHz of the stream; `end` None is the stream's end, which `length`
    gives.
    """

    audio: AudioPlan
    start: int
    end: int | None
    length: Length


@dataclass(frozen=True, kw_only=True)
class EncodeTask:
    """A chunk of the video, encoded into the segments of every rendition.

    Attributes:
        name: of the chunk among those of its stream.
        source: what is encoded.
        ffmpeg: the version that makes all chunks of the stream: those of two may not fit.
        arguments: of ffmpeg, with the source's name left open; outputs are relative to the task's folder.
        renditions: the folders of the renditions.
        segment_type: of the segments.
        frames: how many frames must come of it, None where nobody knows before.
        ends: whether it goes on to the source's end.
        audio: what is muxed into the segments, None where audio has segments of its own or there is none.
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


@dataclass(frozen=True, kw_only=True)
class EncodeResult:
    """The result of a chunk: its frames, and how many errors ffmpeg reported.

    `starts` are when each rendition's segments begin, ticks of 90 kHz of the stream; `last` how long after the last
    segment's begin the last frame is shown, of the chunk that ends the source.
    """

    frames: int
    errors: int
    starts: Mapping[str, tuple[int, ...]]
    last: int | None


@dataclass(frozen=True, kw_only=True)
class ModelReference:
    """A Whisper model: one that is known by its name everywhere, or a folder of the editor's, of which `name` is the
    last part.
    """

    name: str
    is_folder: bool


@dataclass(frozen=True, kw_only=True)
class TranscriptionTask:
    """What is said in a track of the source. What comes of it is a `Transcript`.

    Attributes:
        source: what is heard.
        model: by which it is heard.
        language: its code, None to hear which it is.
        track: counted among all streams of the source.
        offset_s: how much later than the video the track starts.
        limit_s: where the video ends, if before the audio does.
        script: what is said, as it is to be written; None for what is heard.
        channels: how many the track has.
        others: the tracks that are heard in its place where it has no speech and they have.
        fast: whether it may lose sentences.
        multilingual: whether each window is heard in its own language.
        translate: whether it is written in English, whatever is spoken.
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
    """Return what names a source of this content."""
    return SourceReference(name=path.name, content=replace(content, mtime_ns=None))


def audio_plan(plan: Plan) -> AudioPlan:
    """Return how a job's audio is made."""
    channels = {stream.index: stream.channels for stream in plan.media.audio}
    return AudioPlan(
        renditions=plan.audio,
        mixed=tuple(not r.parts and channels.get(r.source_index, 0) > r.channels for r in plan.audio),
        start_s=plan.media.start_s,
        limit_s=plan.media.limit_s,
        loudness_lufs=plan.job.sound.loudness_lufs,
    )
