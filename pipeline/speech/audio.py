"""The audio of a source as Whisper wants it: float32 mono (n,), 16 kHz, on the audio track's own clock.

faster-whisper's own reader drops timestamps, so that a hole in the audio makes every later caption early, and stops at
the first packet that can't be decoded. Runs in the child process only, for it imports PyAV.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from pipeline.errors import SpeechError

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler
    from av.audio.stream import AudioStream
    from av.container import InputContainer
    from numpy.typing import NDArray

RATE_HZ = 16_000
HOLE_S = 0.2
"""A jump in the timestamps from this on is a hole to be filled with silence; less is jitter."""
LEAST_SKIP_S = 60.0
"""Less audio than this is decoded and thrown away rather than passed over."""
LEAD_S = 5.0
"""How long before the wanted moment a track is entered: the first frames of a codec may need those before them."""
TIMED = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
"""Formats whose every packet has its time: of others, ffmpeg guesses where it is after a jump (MP3 by its bit rate)."""
LONGEST_HOLE_S = 3600.0
"""A jump from this on is a broken timestamp, not a hole, where the file does not say how long it is."""


_Placed = tuple[int, "NDArray[np.float32]"]
"""The number of the first sample, and samples."""


@dataclass(frozen=True, kw_only=True)
class SourceAudio:
    """A source's audio track: `duration_s` as declared, 0 where nothing tells it, and its samples in small pieces."""

    duration_s: float
    pieces: Iterator[NDArray[np.float32]]


def read_audio(
    source: Path,
    track: int | None = None,
    *,
    channel: int | None = None,
    from_s: float = 0.0,
    until_s: float | None = None,
) -> SourceAudio:
    """Open an audio track of a file, or a part of it between two of its own times.

    Raises SpeechError, also for its pieces.

    `track` counts among all streams; None is the first with audio. `channel` counts from 0; None mixes all of them
    together.
    """
    try:
        container = av.open(str(source), metadata_errors="ignore")
    except (av.FFmpegError, OSError) as error:
        raise SpeechError(f"The audio of {source} can't be read: check that the file plays.") from error
    if not container.streams.audio:
        raise SpeechError(f"{source} has no audio to transcribe.")
    stream = next((s for s in container.streams.audio if s.index == track), container.streams.audio[0])
    end_s = _declared_duration(container, stream)
    if until_s is not None:
        end_s = min(end_s, until_s) if end_s else until_s
    placed = _placed(container, stream, source, channel, from_s)
    return SourceAudio(duration_s=max(0.0, end_s - from_s), pieces=_part(placed, from_s, until_s))


def _declared_duration(container: InputContainer, stream: AudioStream) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return container.duration / av.time_base if container.duration else 0.0


def _part(placed: Iterator[_Placed], from_s: float, until_s: float | None) -> Iterator[NDArray[np.float32]]:
    first, end = round(from_s * RATE_HZ), None if until_s is None else round(until_s * RATE_HZ)
    for begin, samples in placed:
        wanted = samples[max(0, first - begin) : None if end is None else max(0, end - begin)]
        if len(wanted):
            yield wanted
        if end is not None and begin + len(samples) >= end:
            return


def _placed(
    container: InputContainer, stream: AudioStream, source: Path, channel: int | None, from_s: float
) -> Iterator[_Placed]:
    """Yield the samples from the beginning, or from somewhere before `from_s`, and the number of the first of each."""
    longest = _declared_duration(container, stream) or LONGEST_HOLE_S
    origin_s = _seconds(stream.start_time, stream.time_base)
    converter = _Converter(channel)
    try:
        with container:
            frames, written = _entered(container, stream, origin_s, from_s)
            for frame in frames:
                start_s = _seconds(frame.pts, frame.time_base)
                origin_s = start_s if origin_s is None else origin_s
                position_s = 0.0 if start_s is None or origin_s is None else start_s - origin_s
                if HOLE_S < position_s - written / RATE_HZ and position_s < longest:
                    silence = np.zeros(round(position_s * RATE_HZ) - written, dtype=np.float32)
                    yield written, silence
                    written += len(silence)
                for samples in converter.convert(frame):
                    yield written, samples
                    written += len(samples)
            for samples in converter.rest():
                yield written, samples
                written += len(samples)
    except (av.FFmpegError, OSError) as error:
        raise SpeechError(f"The audio of {source} can't be decoded: check that the file plays.") from error


def _entered(
    container: InputContainer, stream: AudioStream, origin_s: float | None, from_s: float
) -> tuple[Iterator[AudioFrame], int]:
    """Enter a long track a little before `from_s`, where its container tells times that can be relied on.

    Returns its frames from there on, and the number of the first sample of the first of them.
    """
    base = stream.time_base
    if from_s < LEAST_SKIP_S or container.format.name not in TIMED or base is None or origin_s is None:
        return _frames(container, stream), 0
    try:
        container.seek(int((origin_s + from_s - LEAD_S) / base), stream=stream)
    except (av.FFmpegError, OSError):
        return _frames(container, stream), 0
    frames = _frames(container, stream)
    first = next(frames, None)
    start_s = None if first is None else _seconds(first.pts, first.time_base)
    if first is None or start_s is None or not 0.0 <= start_s - origin_s <= from_s:
        container.seek(0, stream=stream)  # it can't be entered there
        return _frames(container, stream), 0
    return chain([first], frames), round((start_s - origin_s) * RATE_HZ)


def _seconds(ticks: int | None, time_base: Fraction | None) -> float | None:
    return None if ticks is None or time_base is None else float(ticks * time_base)


class _Converter:
    """Resamples to 16 kHz mono, also where a broadcast changes from stereo to 5.1 half-way.

    Of a part that has fewer channels than the one that is wanted, all are mixed together.
    """

    def __init__(self, channel: int | None) -> None:
        self._channel = channel
        self._single = False
        self._resampler: AudioResampler | None = None
        self._layout: tuple[str, str, int] | None = None

    def convert(self, frame: AudioFrame) -> Iterator[NDArray[np.float32]]:
        layout = (frame.format.name, frame.layout.name, frame.sample_rate)
        if self._resampler is None or layout != self._layout:
            yield from self.rest()
            # s16, as Whisper was trained: mixing down to float would not be scaled back into -1 to 1
            self._single = self._channel is not None and self._channel < frame.layout.nb_channels
            self._resampler = av.AudioResampler(
                format="s16p", layout=frame.layout if self._single else "mono", rate=RATE_HZ
            )
            self._layout = layout
        frame.pts = None
        yield from self._run(self._resampler, frame)

    def rest(self) -> Iterator[NDArray[np.float32]]:
        if self._resampler is not None:
            yield from self._run(self._resampler, None)
            self._resampler = None

    def _run(self, resampler: AudioResampler, frame: AudioFrame | None) -> Iterator[NDArray[np.float32]]:
        for converted in resampler.resample(frame):
            channel = self._channel if self._single and self._channel is not None else 0
            yield np.asarray(converted.to_ndarray()[channel], dtype=np.float32) / np.float32(32768)


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """Decode packet by packet, so that one broken packet costs itself only."""
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            continue
        yield from frames
