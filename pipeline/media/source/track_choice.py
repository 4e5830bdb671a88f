"""Chooses a source's video and audio tracks: of one programme, as asked for, or as players would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import Problem, Setting, SettingsError
from pipeline.job import TrackChoice
from pipeline.media.source.covers import is_cover
from pipeline.media.source.transport_tables import programmes
from pipeline.media_info import Programme

PyAVStream = Any
"""A PyAV stream: what its stubs say of it changes with its type."""


@dataclass(frozen=True, kw_only=True)
class ChosenTracks:
    """The streams of a source that are read, and those to choose from: `videos` are those of the chosen programme.

    `undecodable` counts the audio tracks that would be read if anything could decode them.
    """

    video: PyAVStream | None
    audio: tuple[PyAVStream, ...]
    videos: tuple[PyAVStream, ...]
    undecodable: int
    programmes: tuple[Programme, ...] = ()
    programme: Programme | None = None

    def has(self, stream: PyAVStream) -> bool:
        """Whether a stream is of the programme that is read."""
        return self.programme is None or stream.id in self.programme.stream_ids


def choose_tracks(path: Path, container: Any, choice: TrackChoice) -> ChosenTracks:  # noqa: ANN401  # PyAV's container
    """Return what is read of an opened source.

    Raises SettingsError naming what there is when something else was asked for.
    """
    several = programmes(path) if container.format.name == "mpegts" else ()
    several = several if len(several) > 1 else ()
    # one without a size has no packet that tells it, as after a change of PIDs that the table did not announce
    videos = [s for s in container.streams.video if s.codec_context is not None and s.width and not is_cover(s)]
    heard = [s for s in container.streams.audio if _can_be_decoded(s)]
    programme = _programme(several, choice.programme, [s for s in (_preferred(videos), *heard) if s is not None], path)
    if programme is not None:
        videos = [s for s in videos if s.id in programme.stream_ids]
    audio = [s for s in container.streams.audio if programme is None or s.id in programme.stream_ids]
    video = _preferred(videos)
    if choice.video is not None:
        video = videos[_indexes(path, "video track", (choice.video,), len(videos))[0]]
    if choice.audio:
        audio = [audio[index] for index in _indexes(path, "audio track", choice.audio, len(audio))]
    decodable = tuple(s for s in audio if _can_be_decoded(s))
    return ChosenTracks(
        video=video,
        audio=decodable,
        videos=tuple(videos),
        undecodable=sum(s.codec_context is None for s in audio),
        programmes=several,
        programme=programme,
    )


def _programme(
    several: Sequence[Programme], wanted: int | None, streams: Sequence[PyAVStream], path: Path
) -> Programme | None:
    """Return the programme asked for, else that of the first of these streams; None where there are not two.

    A programme may be announced and have nothing in it.
    """
    if wanted is not None:
        found = next((p for p in several if p.number == wanted), None)
        if found is None:
            there = ", ".join(f"{p.number} ({p.name})" if p.name else str(p.number) for p in several)
            what = f"choose from {there}" if there else "it has one programme only, leave out --programme"
            raise SettingsError(Problem(text=f"{path} has no programme {wanted}: {what}.", setting=Setting.TRACKS))
        return found
    return next((p for s in streams for p in several if s.id in p.stream_ids), several[0] if several else None)


def _preferred(videos: Sequence[PyAVStream]) -> PyAVStream | None:
    """Return the video to convert: the one marked as default, then the largest; never a cover."""
    return max(videos, key=lambda s: (bool(s.disposition & s.disposition.default), s.width * s.height), default=None)


def _indexes(path: Path, what: str, numbers: Sequence[int], count: int) -> list[int]:
    """Return the places that these numbers mean, each once."""
    wrong = [number for number in numbers if not 1 <= number <= count]
    if wrong:
        there = f"choose from 1 to {count}" if count > 1 else f"it has {'one only' if count else 'none'}"
        raise SettingsError(Problem(text=f"{path} has no {what} {wrong[0]}: {there}.", setting=Setting.TRACKS))
    return [number - 1 for number in dict.fromkeys(numbers)]


def _can_be_decoded(stream: PyAVStream) -> bool:
    """Leave out tracks without a decoder or with a header that tells nothing: ffmpeg refuses to begin with them."""
    context = stream.codec_context
    return context is not None and context.channels > 0 and context.sample_rate > 0
