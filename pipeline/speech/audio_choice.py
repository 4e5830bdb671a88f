"""Which of a source's audio tracks has speech, and in which of its channels. Runs in the child process only.

How it is chosen. Of each track, three samples over its length are looked at with the speech detector until there was
speech, the track that plays by default first. The first one whose channels, mixed together, have speech is taken. Where
none has, single channels are looked at in the same order, the centre first: stereo with one side inverted cancels
itself out when it is mixed, a timecode on the left or music around the centre covers the voice. Where no channel has
speech either, it stays with the track that plays by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av

from pipeline.speech.audio_samples import Sample, find_audio_stream, samples_of, speech

LEAST_SPEECH_S = 1.0
"""With less speech in all samples, a track has none: the detector takes a bit of music or noise for speech."""
CENTRE = "FC"
"""FFmpeg's name of the centre channel."""


def choose_track(
    source: Path, tracks: Sequence[int], *, from_s: float = 0.0, until_s: float | None = None
) -> tuple[int, int | None]:
    """Return the track to transcribe, and the channel if only one of them is to be used.

    `tracks` count among all streams, in the order of preference; only what lies between the two moments matters. What
    can't be read has no speech.
    """
    looked_at: dict[int, list[Sample]] = {}
    for track in tracks:
        looked_at[track] = []
        spoken_s = 0.0
        for sample in samples_of(source, track, from_s=from_s, until_s=until_s):
            looked_at[track].append(sample)
            spoken_s += _speech_s(sample, None)
            if spoken_s >= LEAST_SPEECH_S:
                return track, None
    for track, samples in looked_at.items():
        for channel in _channel_order(source, track) if samples else ():
            if sum(_speech_s(sample, channel) for sample in samples) >= LEAST_SPEECH_S:
                return track, channel
    return tracks[0], None


def _speech_s(sample: Sample, channel: int | None) -> float:
    return sum(end_s - start_s for start_s, end_s in speech(sample.mono(channel)))


def _channel_order(source: Path, track: int) -> list[int]:
    """Return the channels of a track, none where it has one only; the centre is the first."""
    with av.open(str(source), metadata_errors="ignore") as container:
        names = [channel.name for channel in find_audio_stream(container, track).layout.channels]
    return sorted(range(len(names)), key=lambda channel: names[channel] != CENTRE) if len(names) > 1 else []
