"""Asks Whisper's process which track, and which channel of it, captions come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.errors import SpeechError
from pipeline.speech.child import WhisperProcess


@dataclass(frozen=True, kw_only=True)
class Track:
    """A track that may be transcribed.

    Attributes:
        index: Counted among all streams of the file.
        offset_s: How much later than the video it starts.
        channels: How many it has.
    """

    index: int
    offset_s: float = 0.0
    channels: int = 1


@dataclass(frozen=True, kw_only=True)
class ChosenAudio:
    """What is transcribed: a track, mixed together or only one of its channels, counted from 0."""

    track: Track
    channel: int | None = None


def choose_audio(
    whisper: WhisperProcess,
    source: Path,
    tracks: Sequence[Track],
    cancel: CancelToken,
    *,
    limit_s: float | None = None,
) -> ChosenAudio:
    """Return the first of these tracks that has speech, or its only channel that has; the first one where none has.

    `limit_s` is where the video ends, if before the audio does.

    Raises SpeechError, Cancelled.
    """
    first = tracks[0]
    if len(tracks) == 1 and first.channels == 1:
        return ChosenAudio(track=first)
    asked = {
        "task": "choose",
        "source": str(source.absolute()),
        "tracks": [track.index for track in tracks],
        "from_s": max(0.0, -first.offset_s),
        "until_s": None if limit_s is None else max(0.0, limit_s - first.offset_s),
    }
    with whisper.answers(asked, cancel) as answers:
        answer = next(answers)
    if answer["kind"] == "error":
        raise SpeechError(
            f"The audio of {source} can't be looked at ({answer.get('reason', answer.get('message'))}): "
            "check that the file plays."
        )
    chosen = next(track for track in tracks if track.index == answer["track"])
    return ChosenAudio(track=chosen, channel=answer["channel"])
