"""Encodes an audio track in pieces that join exactly, and reads the encoded packets back.

Knows nothing of where samples come from.

Packets lie on a grid: the n-th begins n times its length after the stream's first moment, so that audio and video
begin together, and a piece has whole packets. What an encoder says before its first sample was there (its delay) is
left out. Each piece is encoded by an encoder of its own that was given some packets' worth of audio before: what it
knows then is what one encoder for all would know.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.errors import EncodeError, IncompleteError
from pipeline.media.encode.arguments import TIMELINE_S
from pipeline.media.encode.audio_format import LAYOUTS, RATE_HZ
from pipeline.media.encode.chunks import Cutting
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.model import AudioRendition

PIECE_S = 60
"""How much audio a piece has: no more is lost when the program is killed, and the video need not wait for more."""

LEAD = 16
"""How many packets are encoded before the first of a piece and then left out."""

LATEST_COPY = CLOCK_HZ // 4
"""How many ticks the first copy of a frame can miss the beginning of its segment by: copies come more often."""

AUDIO_FILE = "audio.nut"
"""What a stretch of audio is named that is muxed into the video segments: NUT keeps its times to the sample."""


@dataclass(frozen=True, kw_only=True)
class Coding:
    """How many samples a packet of a codec has,
    and how many an encoder puts before the first (libavcodec's initial_padding).
    """

    packet: int
    delay: int


CODINGS = {"aac": Coding(packet=1024, delay=1024), "ac3": Coding(packet=1536, delay=256)}


def first_packet(codec: str, ticks: int) -> int:
    """Return the number of the first packet that begins at a time of the stream or after it, in ticks of 90 kHz."""
    return -(-ticks * RATE_HZ // (CLOCK_HZ * CODINGS[codec].packet))


def packet_ticks(codec: str, number: int) -> Fraction:
    """Return when a packet begins, in ticks of 90 kHz."""
    return Fraction(number * CODINGS[codec].packet * CLOCK_HZ, RATE_HZ)


@dataclass(frozen=True, kw_only=True)
class Length:
    """How long a stream is, and how short its last segment may be: a packet of audio must begin in it.

    Ticks of 90 kHz.
    """

    ticks: int
    shortest_segment: int = 0

    @property
    def samples(self) -> int:
        """The same in samples."""
        return self.ticks * RATE_HZ // CLOCK_HZ

    def packets(self, codec: str) -> int:
        """Return how many packets there are: they fill the stream,
        and one more where none might begin in its last segment.
        """
        return first_packet(codec, self.ticks) + (self.shortest_segment < packet_ticks(codec, 1))


def length_of(cutting: Cutting, segment_s: int) -> Length:
    """Return how long the audio must be: where the last frame is held, or pauses are filled,
    the copies' times are not known before.
    """
    if not (cutting.held or cutting.pauses):
        return Length(ticks=cutting.length, shortest_segment=cutting.frame_ticks)
    rest = cutting.length % (segment_s * CLOCK_HZ) or segment_s * CLOCK_HZ
    return Length(ticks=cutting.length, shortest_segment=max(0, rest - LATEST_COPY))


class PieceWriter:
    """Encodes the packets from `first` until before `last` into a file.

    Samples are put from `position` on, without a hole.
    """

    def __init__(self, path: Path, rendition: AudioRendition, first: int, last: int) -> None:
        import av

        self._coding = CODINGS[rendition.codec]
        self.first = first
        self.position = self.begins(rendition.codec, first)
        self._path, self._last = path, last
        self._number = first - LEAD - 1  # the first packet holds the encoder's delay
        self._layout = LAYOUTS[rendition.channels]
        self._rest: NDArray[np.float32] = np.zeros((rendition.channels, 0), dtype=np.float32)
        self._container = av.open(str(path), "w", format="nut")
        stream: Any = self._container.add_stream(rendition.codec, rate=RATE_HZ)
        stream.bit_rate = rendition.bit_rate
        stream.layout = self._layout
        stream.format = "fltp"
        self._stream = stream

    @staticmethod
    def begins(codec: str, first: int) -> int:
        """Return the position of the first sample that a piece needs whose first packet is `first`."""
        return (first - LEAD - 1) * CODINGS[codec].packet + CODINGS[codec].delay

    @property
    def done(self) -> bool:
        """Whether all its packets are written."""
        return self._number >= self._last

    def put(self, samples: NDArray[np.float32]) -> None:
        """Take float32 (channels, n) that follow what was put before. Raises EncodeError."""
        import av

        self.position += samples.shape[1]
        samples = np.concatenate([self._rest, samples], axis=1)
        whole = samples.shape[1] // self._coding.packet * self._coding.packet
        self._rest = samples[:, whole:]
        if whole and not self.done:
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(samples[:, :whole]), format="fltp", layout=self._layout
            )
            frame.sample_rate = RATE_HZ
            with _incomplete_on_error("the audio can't be encoded"):
                self._write(frame)

    def end(self, last: int | None = None) -> None:
        """Finish the file, with packets until before `last` where the stream ends in it. Raises EncodeError."""
        self._last = self._last if last is None else min(self._last, last)
        with _incomplete_on_error("the audio can't be encoded"):
            if not self.done:
                self._write(None)
            self._container.close()

    def discard(self) -> None:
        """Close the file and remove it."""
        with contextlib.suppress(EncodeError), _incomplete_on_error("the audio can't be encoded"):
            self._container.close()
        self._path.unlink(missing_ok=True)

    def _write(self, frame: Any) -> None:  # noqa: ANN401  # PyAV's frame
        for packet in self._stream.encode(frame):
            if self.first <= self._number < self._last:
                packet.pts = packet.dts = self._number * self._coding.packet + TIMELINE_S * RATE_HZ
                packet.duration = self._coding.packet
                packet.time_base = Fraction(1, RATE_HZ)
                self._container.mux(packet)
            self._number += 1


@contextlib.contextmanager
def _incomplete_on_error(what: str) -> Iterator[None]:
    """Let PyAV's errors be ours, with a text for the log."""
    import av.error

    try:
        yield
    except (av.error.FFmpegError, OSError) as error:
        raise IncompleteError(what) from error


def read_packets(pieces: Sequence[Path]) -> Iterator[tuple[Any, Any]]:
    """Yield the packets of pieces, one after the other, each with its stream. Raises EncodeError."""
    import av

    with _incomplete_on_error("the encoded audio can't be read back"):
        for path in pieces:
            with av.open(str(path)) as container:
                stream = container.streams.audio[0]
                for packet in container.demux(stream):
                    if packet.pts is not None:
                        yield packet, stream


def ticks_of(packet: Any) -> int:  # noqa: ANN401  # PyAV's packet
    """Return when a packet begins, in ticks of 90 kHz of the stream, rounded down."""
    base = packet.time_base
    return int(packet.pts * CLOCK_HZ * base.numerator // base.denominator) - TIMELINE_S * CLOCK_HZ


def write_stretch(pieces: Sequence[Path], target: Path, start: int, end: int) -> None:
    """Copy the packets that begin from `start` until before `end` (ticks of 90 kHz of the stream) into a file of their
    own.

    Every packet belongs to exactly one stretch, and keeps its time. Raises EncodeError.
    """
    import av

    to = None
    with _incomplete_on_error("the encoded audio can't be copied"), av.open(str(target), "w", format="nut") as copy:
        for packet, stream in read_packets(pieces):
            to = to or copy.add_stream_from_template(stream)
            if start <= ticks_of(packet) < end:
                packet.stream = to
                copy.mux(packet)
