"""Reads audio tracks as one line of samples each: float32 at 48 kHz, in channels that were asked for,
where its packets say.

One pass over the file for all tracks. A packet that can't be decoded costs itself only; format, channels and rate may
change anywhere. Times count from the first moment of the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.media.encode.audio_clock import AudioClock, Entry, PlacedSamples
from pipeline.media.encode.audio_format import RATE_HZ
from pipeline.media.encode.mixing import Mix, channel, matrix
from pipeline.media.source.source_checks import unreadable_source

if TYPE_CHECKING:
    from numpy.typing import NDArray

ENTRY_S = 1.0
"""How much is decoded before the position at which a track is entered:
what a decoder knows then is what it would have known.
"""

LEAST_SAMPLES = RATE_HZ // 50
"""Frames are joined until they hold this many samples: some codecs have thousands of them a second."""

FULL_SCALE = {
    "u8": (128.0, 128.0),
    "s16": (0.0, 32768.0),
    "s32": (0.0, 2.0**31),
    "s64": (0.0, 2.0**63),
    "flt": (0.0, 1.0),
    "dbl": (0.0, 1.0),
}
"""The middle and the height of each sample format (libavutil/samplefmt.h)."""

LAYOUTS = ("mono", "stereo", "2.1", "4.0", "5.0", "5.1", "6.1", "7.1")
"""Channel layouts by number of rows, for rows that are only resampled."""

INTERPOLATING = ("mpegts", "mpeg")
"""Containers in which only the first frame of a packet has its own timestamp; libavformat computes the others."""

CHECK_EVERY = 100
"""After how many packets it is checked whether to go on."""

Wanted = Mix | int
"""What is wanted of a track: a mix of its channels, or a single channel, numbered from 0."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some samples of a track; `placed.samples` has the rows of all that is wanted of it, in that order."""

    index: int
    placed: PlacedSamples


class AudioReader:
    """Reads what is wanted of each track, by the track's index among all streams of the file.

    `start_s` is the container's time of the first moment: what lies before it is not read, nor what lies after
    `limit_s`, counted from there. `entries` are where to enter tracks; without one a track is read from its beginning.
    `errors` counts what could not be decoded and where the file could not be read any further, `ends` is where the last
    packet of each track ends, in seconds.
    """

    def __init__(
        self,
        path: Path,
        start_s: float,
        wanted: Mapping[int, Sequence[Wanted]],
        entries: Mapping[int, Entry] | None = None,
        *,
        limit_s: float | None = None,
    ) -> None:
        self.errors = 0
        self.ends = dict.fromkeys(wanted, 0.0)
        self._path = path
        self._start_s = start_s
        self._wanted = wanted
        self._entries = entries or {}
        self._limit_s = limit_s
        self._tracks: dict[int, _Track] = {}

    def blocks(self, check: Callable[[], None] = lambda: None) -> Iterator[Block]:
        """Yield the tracks' samples as they come in the file, then what is left of each;
        `check` is called now and then.

        Raises SourceError, and what `check` raises.
        """
        import av
        import av.error

        try:
            with av.open(str(self._path.absolute()), metadata_errors="replace") as container:
                streams = [container.streams[index] for index in self._wanted]
                interpolates = container.format.name in INTERPOLATING
                for stream in streams:
                    wanted, entry = self._wanted[stream.index], self._entries.get(stream.index)
                    self._tracks[stream.index] = _Track(stream, self._start_s, wanted, entry, self._limit_s)
                for number, packet in enumerate(self._packets(container.demux(streams))):
                    if number % CHECK_EVERY == 0:
                        check()
                    track = self._tracks[packet.stream.index]
                    if not track.wants(packet):
                        continue
                    frames = decoded_frames(packet)
                    if frames is None:
                        self.errors += 1
                        continue
                    for frame in frames:
                        for placed in track.take(frame, timed=not interpolates or packet.pos is not None):
                            yield Block(index=track.index, placed=placed)
                for track in self._tracks.values():
                    for placed in track.rest():
                        yield Block(index=track.index, placed=placed)
        except (av.error.FFmpegError, OSError) as error:
            raise unreadable_source(self._path, error) from error

    def _packets(self, packets: Iterator[Any]) -> Iterator[Any]:
        """Yield PyAV's packets until the file ends, or is so broken that it can't be read any further,
        which counts as an error.

        Raises OSError when a drive or a network fails: the rest is there, but not now.
        """
        import av.error

        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except OSError:  # first: what the system says is PyAV's error too
                raise
            except av.error.FFmpegError:
                self.errors += 1
                return
            time = packet.dts if packet.pts is None else packet.pts
            if packet.size and time is not None:
                end_s = float((time + (packet.duration or 0)) * packet.time_base) - self._start_s
                self.ends[packet.stream_index] = max(self.ends[packet.stream_index], end_s)
            yield packet


def decoded_frames(packet: Any) -> list[Any] | None:  # noqa: ANN401  # PyAV's packet
    """Return the frames of a packet, None when it can't be decoded: one broken packet costs itself only."""
    import av.error

    try:
        return list(packet.decode())
    except av.error.FFmpegError:
        return None


class _Track:
    """One track on its way from frames to placed samples."""

    def __init__(
        self,
        stream: Any,  # noqa: ANN401  # PyAV's stream
        start_s: float,
        wanted: Sequence[Wanted],
        entry: Entry | None,
        limit_s: float | None,
    ) -> None:
        self.index: int = stream.index
        self._tick_s = float(stream.time_base)
        self._start_s = start_s
        self._wanted = wanted
        self._entry = entry
        rows = sum(w.channels if isinstance(w, Mix) else 1 for w in wanted)
        self._clock = AudioClock(rows, entry)
        self._form: tuple[Any, ...] = ()
        self._matrix: NDArray[np.float32] | None = None
        self._resamplers: list[Any] = []
        self._parts: list[NDArray[np.float32]] = []
        self._begun = False
        self._limit_s = limit_s
        self._time: float | None = None
        self._pts: int | None = None
        self._owed = 0.0  # samples that the resamplers hold
        self._held_back = 0

    def wants(self, packet: Any) -> bool:  # noqa: ANN401  # PyAV's packet
        """Whether a packet has to be decoded: not if it lies well before where the track is entered,
        or after the end of a part.
        """
        if packet.pts is None:
            return True
        if self._entry is not None:
            return bool(packet.pts >= self._entry.pts - ENTRY_S / self._tick_s)
        time_s = packet.pts * self._tick_s - self._start_s
        return bool((self._begun or time_s >= -ENTRY_S) and (self._limit_s is None or time_s <= self._limit_s))

    def take(self, frame: Any, *, timed: bool) -> Iterator[PlacedSamples]:  # noqa: ANN401  # PyAV's frame
        """Take a decoded frame; yield what is placed by now."""
        if self._entry is not None:
            if frame.pts is None or frame.pts < self._entry.pts:
                return
            self._entry = None
        elif not self._begun and timed and frame.pts is not None:
            end_s = frame.pts * float(frame.time_base) - self._start_s + frame.samples / frame.sample_rate
            if end_s <= 0:  # before the first moment of a part
                return
        self._begun = True
        self._adapt(frame)
        has_time = timed and frame.pts is not None
        if not self._parts:
            self._held_back = round(self._owed)
            begin = (frame.pts * float(frame.time_base) - self._start_s) * RATE_HZ if has_time else 0.0
            self._time = begin - self._held_back if has_time else None
            self._pts = frame.pts if has_time else None
        samples = self._resampled(self._mixed(_as_float(frame)), frame.sample_rate)
        self._owed += frame.samples * RATE_HZ / frame.sample_rate - samples.shape[1]
        self._parts.append(samples)
        if sum(part.shape[1] for part in self._parts) >= LEAST_SAMPLES:
            self._put()
            yield from self._clock.take()

    def rest(self) -> Iterator[PlacedSamples]:
        """Yield what is left when the track has ended."""
        self._put(self._left())
        yield from self._clock.take(last=True)

    def _put(self, *more: NDArray[np.float32]) -> None:
        parts = [part for part in (*self._parts, *more) if part.shape[1]]
        if parts:
            self._clock.put(
                np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0], self._time, self._pts, self._held_back
            )
        self._parts, self._time, self._pts = [], None, None

    def _adapt(self, frame: Any) -> None:  # noqa: ANN401  # PyAV's frame
        """Begin a conversion anew where the channels or the rate are others than before."""
        count = frame.layout.nb_channels
        names = tuple(described.name for described in frame.layout.channels)
        form = (names, count, frame.sample_rate)
        if form == self._form:
            return
        if self._form:
            self._put(self._left())
        self._form = form
        self._owed = 0.0
        rows = [matrix(names, w) if isinstance(w, Mix) else channel(count, w) for w in self._wanted]
        mixed = np.concatenate(rows)
        self._matrix = None if np.array_equal(mixed, np.eye(count)) else mixed
        self._resamplers = [] if frame.sample_rate == RATE_HZ else [_resampler(part) for part in _parts(len(mixed))]

    def _mixed(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        return samples if self._matrix is None else self._matrix @ samples

    def _resampled(self, samples: NDArray[np.float32], rate_hz: int) -> NDArray[np.float32]:
        import av

        if not self._resamplers:
            return samples
        made = []
        for (first, count), resampler in zip(_parts(len(samples)), self._resamplers, strict=True):
            rows = np.ascontiguousarray(samples[first : first + count])
            frame = av.AudioFrame.from_ndarray(rows, format="fltp", layout=LAYOUTS[count - 1])
            frame.sample_rate = rate_hz
            made.append(_joined(resampler.resample(frame), count))
        return np.concatenate(made)

    def _left(self) -> NDArray[np.float32]:
        """Return what the resamplers still hold."""
        if not self._resamplers:
            return np.zeros((0, 0), dtype=np.float32)
        counts = [count for _, count in _parts(sum(w.channels if isinstance(w, Mix) else 1 for w in self._wanted))]
        made = [
            _joined(resampler.resample(None), count) for count, resampler in zip(counts, self._resamplers, strict=True)
        ]
        self._resamplers = []
        return np.concatenate(made)


def _parts(rows: int) -> list[tuple[int, int]]:
    """Return rows in groups that have a layout's name: the first of each, and how many."""
    return [(first, min(len(LAYOUTS), rows - first)) for first in range(0, rows, len(LAYOUTS))]


def _resampler(part: tuple[int, int]) -> Any:  # noqa: ANN401  # PyAV's resampler
    import av

    return av.AudioResampler(format="fltp", layout=LAYOUTS[part[1] - 1], rate=RATE_HZ)


def _joined(frames: Sequence[Any], rows: int) -> NDArray[np.float32]:
    arrays = [np.asarray(frame.to_ndarray(), dtype=np.float32) for frame in frames]
    return np.concatenate(arrays, axis=1) if arrays else np.zeros((rows, 0), dtype=np.float32)


def _as_float(frame: Any) -> NDArray[np.float32]:  # noqa: ANN401  # PyAV's frame
    """Return a frame's samples as float32 (channels, n), full scale from -1 to 1."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    middle, height = FULL_SCALE[frame.format.name.removesuffix("p")]
    if height == 1.0:
        return np.asarray(samples, dtype=np.float32)
    return np.asarray((samples - np.float32(middle)) * np.float32(1 / height), dtype=np.float32)
