"""One rendition's audio on its way from a reader's blocks to encoded pieces: put together, measured, made louder,
encoded.

Knows which pieces there are and how long they are; where they lie is told. Positions are samples at 48 kHz of the
stream.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.media.encode.audio_coding import PIECE_S, Length, PieceWriter, first_packet
from pipeline.media.encode.audio_format import RATE_HZ
from pipeline.media.encode.audio_reader import Wanted
from pipeline.media.encode.limiter import MARGIN, limited
from pipeline.media.encode.loudness import PART, LoudnessMeter
from pipeline.media.encode.mixing import Mix
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.model import AudioRendition

PIECE = PIECE_S * RATE_HZ
EARLY = RATE_HZ
"""How far before a piece decoding of a track starts: the encoder's lead, the limiter's window, and a tenth."""

HISTORY = EARLY
RUN_IN_PARTS = 5
"""Tenths of a second after which nothing is left of what the meter's filters had begun with."""
MIXES = {1: Mix.MONO, 2: Mix.STEREO, 6: Mix.SURROUND}


@dataclass(frozen=True, kw_only=True)
class TrackInput:
    """What a rendition takes of a track."""

    index: int
    wanted: Wanted


def inputs(rendition: AudioRendition) -> tuple[TrackInput, ...]:
    """Return what a rendition is made of: its channels one after the other, or one mix that has them all."""
    if rendition.parts:
        return tuple(TrackInput(index=part.index, wanted=part.channel) for part in rendition.parts)
    return (TrackInput(index=rendition.source_index, wanted=MIXES[rendition.channels]),)


def wanted(renditions: Sequence[AudioRendition]) -> dict[int, list[Wanted]]:
    """Return what is wanted of each track for all renditions, each thing once."""
    found: dict[int, list[Wanted]] = {}
    for rendition in renditions:
        for needed in inputs(rendition):
            of_track = found.setdefault(needed.index, [])
            if needed.wanted not in of_track:
                of_track.append(needed.wanted)
    return found


@dataclass(frozen=True, kw_only=True)
class Level:
    """By what an audio track is multiplied, and what its true peaks stay below; None lets them be."""

    gain: float = 1.0
    ceiling: float | None = None


class AudioEncoder:
    """One rendition, from piece number `first` on.

    `piece_path` returns the file for the piece of a number; None if nothing is encoded. If it `measures`, `powers` are
    those of the tenths of a second from that piece on.
    """

    def __init__(
        self,
        rendition: AudioRendition,
        level: Level,
        rows: Mapping[int, Sequence[Wanted]],
        first: int,
        piece_path: Callable[[int], Path] | None,
        *,
        measures: bool,
    ) -> None:
        self.powers: list[float] = []
        self.position = 0
        self._rendition = rendition
        self._level = level
        self._piece_path = piece_path
        self._slices = [(needed.index, _rows(rows[needed.index], needed.wanted)) for needed in inputs(rendition)]
        self._queues: list[deque[NDArray[np.float32]]] = [deque() for _ in self._slices]
        self._starts: list[int | None] = [None] * len(self._slices)
        self._meter = LoudnessMeter(rendition.channels) if measures else None
        self._first = first
        self._unused: int | None = None
        self._measured_from = 0
        self._begun = False
        self._levelled: NDArray[np.float32] = np.zeros((rendition.channels, 0), dtype=np.float32)
        self._levelled_end = 0
        self._held: NDArray[np.float32] = self._levelled
        self._writers: dict[int, PieceWriter] = {}
        self._next_writer = first
        self._written = first

    @property
    def indexes(self) -> set[int]:
        """The tracks that it is made of."""
        return {index for index, _ in self._slices}

    def put(self, index: int, position: int, samples: NDArray[np.float32]) -> None:
        """Take a block of a track's rows. Raises EncodeError, OSError."""
        for number, (own, rows) in enumerate(self._slices):
            if own == index:
                if self._starts[number] is None:
                    self._starts[number] = position
                self._queues[number].append(samples[rows])
        self._join()

    def done(self, piece: int) -> bool:
        """Whether a piece is encoded and measured."""
        measured = self._meter is None or self._first * PIECE + len(self.powers) * PART >= (piece + 1) * PIECE
        return measured and (self._piece_path is None or self._written > piece)

    def piece_powers(self, piece: int) -> list[float]:
        """Return the powers of a piece."""
        parts = PIECE // PART
        begin = (piece - self._first) * parts
        return self.powers[begin : begin + parts]

    def end(self, length: Length) -> None:
        """Fill up with silence, and finish the last piece. Raises EncodeError."""
        ends = [
            start + sum(part.shape[1] for part in queue) if start is not None else 0 for start, queue in self._ends()
        ]
        for number, at in enumerate(ends):
            if self._starts[number] is None:
                self._starts[number] = at
            # what the limiter and the encoder look ahead by
            self._queues[number].extend(_silence(max(0, length.samples + RATE_HZ - at), self._row_count(number)))
            self._join()
        last = length.packets(self._rendition.codec)
        for number in sorted(self._writers):
            writer = self._writers.pop(number)
            if writer.first < last:
                writer.end(last)
                self._written = number + 1
            else:
                writer.discard()

    def abandon(self) -> None:
        """Close the files that are open."""
        for writer in self._writers.values():
            writer.discard()
        self._writers.clear()

    def _ends(self) -> list[tuple[int | None, deque[NDArray[np.float32]]]]:
        return list(zip(self._starts, self._queues, strict=True))

    def _row_count(self, number: int) -> int:
        rows = self._slices[number][1]
        return int(rows.stop - rows.start)

    def _join(self) -> None:
        """Go on with what all tracks have."""
        if any(start is None for start in self._starts):
            return
        if not self._begun:
            self._begun = True
            begin = max(start for start in self._starts if start is not None)
            begin = -(-begin // PART) * PART  # powers, and the limiter's steps, lie on a grid
            self.position = self._levelled_end = begin
        while True:
            self._drop_early()
            length = min(sum(part.shape[1] for part in queue) for queue in self._queues)
            if any(start is None or start < self.position for start in self._starts) or not length:
                return
            parts = [self._cut(number, min(length, RATE_HZ)) for number in range(len(self._queues))]
            self._go_on(np.concatenate(parts) if len(parts) > 1 else parts[0])

    def _drop_early(self) -> None:
        for number, queue in enumerate(self._queues):
            start = self._starts[number]
            assert start is not None
            while queue and start < self.position:
                taken = min(self.position - start, queue[0].shape[1])
                self._cut(number, taken)
                start += taken

    def _cut(self, number: int, length: int) -> NDArray[np.float32]:
        queue, parts, missing = self._queues[number], [], length
        while missing:
            part = queue.popleft()
            if part.shape[1] > missing:
                queue.appendleft(part[:, missing:])
                part = part[:, :missing]
            parts.append(part)
            missing -= part.shape[1]
        start = self._starts[number]
        assert start is not None
        self._starts[number] = start + length
        return np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]

    def _go_on(self, samples: NDArray[np.float32]) -> None:
        begin = self.position
        self.position += samples.shape[1]
        if self._meter is not None:
            self._measure(self._meter, begin, samples)
        if self._piece_path is not None:
            self._encode(self._raised(samples))

    def _measure(self, meter: LoudnessMeter, begin: int, samples: NDArray[np.float32]) -> None:
        """Measure from the first piece on, after a run-in that fills the meter's filters: they know what came before.

        Without it, a run that goes on would measure something else than one that was never stopped.
        """
        if self._unused is None:
            self._unused = min(RUN_IN_PARTS, max(0, self._first * PIECE - begin) // PART)
            self._measured_from = self._first * PIECE - self._unused * PART
        if self.position > self._measured_from:
            powers = meter.put(samples[:, max(0, self._measured_from - begin) :])
            unused = min(self._unused, len(powers))
            self._unused -= unused
            self.powers += powers[unused:]

    def _raised(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what is ready at its final level, which comes later by what the limiter looks ahead."""
        level = self._level
        if level.gain != 1.0:
            samples = samples * np.float32(level.gain)
        if level.ceiling is None:
            return samples
        if not self._held.shape[1]:
            self._held = np.zeros((samples.shape[0], MARGIN), dtype=np.float32)
        self._held = np.concatenate([self._held, samples], axis=1)
        whole = (self._held.shape[1] - 2 * MARGIN) // PART * PART
        if whole <= 0:
            return samples[:, :0]
        made = limited(self._held[:, : whole + 2 * MARGIN], level.ceiling)
        self._held = self._held[:, whole:]
        return made

    def _encode(self, samples: NDArray[np.float32]) -> None:
        assert self._piece_path is not None
        self._levelled = np.concatenate([self._levelled[:, -HISTORY:], samples], axis=1)
        self._levelled_end += samples.shape[1]
        while self._writer_begins(self._next_writer) < self._levelled_end:
            number, codec = self._next_writer, self._rendition.codec
            ends = [first_packet(codec, (number + n) * PIECE_S * CLOCK_HZ) for n in (0, 1)]
            self._writers[number] = PieceWriter(self._piece_path(number), self._rendition, ends[0], ends[1])
            self._next_writer += 1
        begin = self._levelled_end - self._levelled.shape[1]
        for number, writer in list(self._writers.items()):
            if writer.position < 0:
                writer.put(np.zeros((samples.shape[0], -writer.position), dtype=np.float32))
            writer.put(self._levelled[:, max(0, writer.position - begin) :])
            if writer.done:
                writer.end()
                del self._writers[number]
                self._written = number + 1

    def _writer_begins(self, number: int) -> int:
        return PieceWriter.begins(
            self._rendition.codec, first_packet(self._rendition.codec, number * PIECE_S * CLOCK_HZ)
        )


def _rows(of_track: Sequence[Wanted], mine: Wanted) -> slice:
    counts = [w.channels if isinstance(w, Mix) else 1 for w in of_track]
    number = list(of_track).index(mine)
    return slice(sum(counts[:number]), sum(counts[: number + 1]))


def _silence(length: int, rows: int) -> list[NDArray[np.float32]]:
    block = np.zeros((rows, RATE_HZ), dtype=np.float32)
    return [block] * (length // RATE_HZ) + [block[:, : length % RATE_HZ]]
