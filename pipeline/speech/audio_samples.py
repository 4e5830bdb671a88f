"""Three samples over an audio track, to learn what is in it without reading it all. Runs in the child process only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps

from pipeline.speech.audio import RATE_HZ

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

SAMPLE_S = 30.0
"""How long a sample is at most: a window of Whisper's."""
SAMPLES = 3
"""How many there are, each from the middle of its part of the audio; one if the audio fits into it."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A part of a track.

    Attributes:
        mixed: float32 mono (n,), 16 kHz: all channels, mixed together.
        channels: int16 (channels, n), 16 kHz.
    """

    mixed: NDArray[np.float32]
    channels: NDArray[np.int16]

    def mono(self, channel: int | None) -> NDArray[np.float32]:
        """Return float32 mono (n,), 16 kHz: a channel, or all of them for None."""
        return self.mixed if channel is None else _as_float(self.channels[channel])


def samples_of(
    source: Path, track: int | None, *, from_s: float = 0.0, until_s: float | None = None
) -> Iterator[Sample]:
    """Yield samples of a track between two moments; those that can't be read are left out."""
    try:
        with av.open(str(source), metadata_errors="ignore") as container:
            length_s = float(container.duration or 0) / av.time_base
    except (av.FFmpegError, OSError):
        return
    part_s = max(0.0, min(until_s or length_s, length_s or until_s or 0.0) - from_s)
    count = SAMPLES if part_s > SAMPLE_S else 1
    sample_s = min(SAMPLE_S, part_s / count) or SAMPLE_S
    for number in range(count):
        middle_s = from_s + part_s * (number + 0.5) / count
        try:
            sample = _sample(source, track, max(0.0, middle_s - sample_s / 2), sample_s)
        except (av.FFmpegError, OSError):
            continue
        if sample is not None:
            yield sample


def speech(samples: NDArray[np.float32]) -> list[tuple[float, float]]:
    """Return from when to when (seconds) somebody speaks in float32 mono (n,), 16 kHz."""
    found = get_speech_timestamps(samples, VadOptions(speech_pad_ms=0))
    return [(part["start"] / RATE_HZ, part["end"] / RATE_HZ) for part in found]


def find_audio_stream(container: InputContainer, track: int | None) -> AudioStream:
    """Return a track of an opened file that has audio, counted among all streams; None is the first with audio."""
    streams = container.streams.audio
    return next((stream for stream in streams if stream.index == track), streams[0])


def _array(frame: AudioFrame) -> NDArray[np.int16]:
    return np.asarray(frame.to_ndarray(), dtype=np.int16)


def _as_float(samples: NDArray[np.int16]) -> NDArray[np.float32]:
    scaled: NDArray[np.float32] = np.divide(samples, np.float32(32768), dtype=np.float32)
    return scaled


def _sample(source: Path, track: int | None, begin_s: float, length_s: float) -> Sample | None:
    with av.open(str(source), metadata_errors="ignore") as container:
        stream = find_audio_stream(container, track)
        if begin_s > 0:
            container.seek(round(begin_s * av.time_base) + (container.start_time or 0))
        mix = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
        part = av.AudioResampler(format="s16p", rate=RATE_HZ)
        mixed: list[NDArray[np.int16]] = []
        parted: list[NDArray[np.int16]] = []
        wanted, count = round(length_s * RATE_HZ), 0
        for frame in _frames(container, stream):
            frame.pts = None
            # handed on once: FFmpeg refuses a frame without a channel layout, as many WAV files have, a second time
            for piece in part.resample(frame):
                parted.append(_array(piece))
                piece.pts = None
                mixed += [_array(converted)[0] for converted in mix.resample(piece)]
                count += piece.samples
            if count >= wanted:
                break
    if not parted or not mixed:
        return None
    return Sample(mixed=_as_float(np.concatenate(mixed)), channels=np.concatenate(parted, axis=1))


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Decode until the channels change: no sample has two kinds of them. A broken packet costs itself only."""
    layout = stream.layout.name
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            continue
        for frame in frames:
            if frame.layout.name != layout:
                return
            yield frame
