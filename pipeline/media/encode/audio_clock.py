"""Places a track's samples by the times of its packets.

Knows no container and no codec; times and positions are samples at 48 kHz.

The algorithm: what was decoded waits until a second of it is there, so that a time is judged by those that follow it.

- A step, where the times move by more than a hundredth of a second and stay there (packets were lost, or come twice):
silence is filled
  in, or samples are left out, to the sample.
- Drift, where the times of half a second lie a little beside what was counted: that half second is made longer or
shorter, by a
  hundredth at most, which nobody hears.
- Jitter, where times differ and come back (containers that round to milliseconds, recordings of streams): nothing is
done. How much they
  jitter decides how many of them have to agree before that is a step.
"""

from __future__ import annotations

import itertools
import statistics
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.media.encode.audio_format import RATE_HZ

LOOKAHEAD = RATE_HZ
"""How many samples are collected before anything is decided about the first of them."""

BLOCK = RATE_HZ // 2
"""How many samples are judged together when there is no step in them."""

STEP = RATE_HZ // 100
"""Less than this is left to slow correction: a hundredth of a second."""

DRIFT = RATE_HZ * 3 // 1000
"""Less than this is not corrected at all."""

QUIET = RATE_HZ * 12 // 10_000
"""Times that usually differ by no more than this from what was counted are exact, or were rounded to milliseconds."""

AGREE_QUIET, AGREE_NOISY = 3, 24
"""How many timestamps have to agree on a step, by how much they jitter."""

STRETCH = 0.01
"""The largest share by which audio is made longer or shorter."""

ANEW = 5 * RATE_HZ
"""Times that go back by more than this begin anew, as in files that were put together byte by byte:
they are counted on.
"""

ALONE = RATE_HZ
"""How far the very last timestamp of a track may move it; a later one is broken."""

FADE = RATE_HZ // 1000
"""Over how many samples audio that breaks off is faded out and in, so that it does not click."""

TAPS = 8
"""Samples on either side that an interpolated one is made of."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """Where a track can be entered again: the time of a packet as its container says it,
    and the position of its first sample.
    """

    pts: int
    position: int


@dataclass(frozen=True, kw_only=True)
class PlacedSamples:
    """Samples as float32 (rows, n) from `position` on;
    `entry` where the track can be entered again at their first one.
    """

    position: int
    samples: NDArray[np.float32]
    entry: Entry | None = None


@dataclass
class _Unit:
    time: float | None
    samples: NDArray[np.float32]
    pts: int | None
    held_back: int


class AudioClock:
    """Takes what is decoded of one track, gives out a line of samples without a hole from position 0, or from `entry`,
    on.
    """

    def __init__(self, rows: int, entry: Entry | None = None) -> None:
        self.position = 0 if entry is None else entry.position
        self._rows = rows
        self._begun = entry is not None
        self._moved = 0.0
        self._units: deque[_Unit] = deque()
        self._waiting = 0
        self._before = np.zeros((rows, TAPS), dtype=np.float32)
        self._fade_in = False

    def put(self, samples: NDArray[np.float32], time: float | None, pts: int | None = None, held_back: int = 0) -> None:
        """Take the samples, float32 (rows, n), that should be heard from `time` on;
        None where nothing tells their time.

        `pts` is that of the packet that they came from; the first `held_back` of them are of the one before, as a
        resampler gave them.
        """
        self._units.append(_Unit(time, samples, pts, held_back))
        self._waiting += samples.shape[1]

    def take(self, *, last: bool = False) -> Iterator[PlacedSamples]:
        """Yield what is decided; all that is left when it was the `last` of the track."""
        while self._units and (last or self._waiting >= LOOKAHEAD):
            yield from self._decide()

    def silence(self, until: int) -> Iterator[PlacedSamples]:
        """Yield silence up to a position, in blocks."""
        while self.position < until:
            yield self._give(np.zeros((self._rows, min(RATE_HZ, until - self.position)), dtype=np.float32), None)

    def _decide(self) -> Iterator[PlacedSamples]:
        errors = self._errors()
        timed = [error for error in errors if error is not None]
        if not self._begun:
            self._begun = True
            agree = _agree(_jitter(timed))
            yield from self._step(statistics.median(timed[:agree]) if timed else 0.0)
            return
        if self._waiting and timed and timed[0] < -ANEW and _agreed(timed) < -ANEW:
            self._moved -= _agreed(timed)
            return
        number, by = self._next_step(errors)
        if number == 0:
            yield from self._step(by)
            return
        count = self._block_units() if number is None else min(number, self._block_units())
        yield from self._block(count, errors, ends_in_step=number is not None and count == number)

    def _errors(self) -> list[float | None]:
        """Return by how much each waiting unit would come too early, were it appended as things stand."""
        found: list[float | None] = []
        at = self.position
        for unit in self._units:
            found.append(None if unit.time is None else unit.time + self._moved - at)
            at += unit.samples.shape[1]
        return found

    def _next_step(self, errors: Sequence[float | None]) -> tuple[int | None, float]:
        """Return before which of the units of the next block the times step, None for none, and by how much."""
        timed = [error for error in errors if error is not None]
        jitter = _jitter(timed)
        agree = _agree(jitter)
        least = max(float(STEP), 4 * jitter)
        passed = 0
        for number, error in enumerate(errors[: self._block_units()]):
            if error is None:
                continue
            those = timed[passed : passed + agree]
            passed += 1
            by = statistics.median(those)
            enough = len(those) > 1 or abs(by) <= ALONE
            if abs(error) > least and abs(by) > least and abs(error - by) <= max(3 * QUIET, 2 * jitter) and enough:
                return number, by
        return None, 0.0

    def _block_units(self) -> int:
        length = count = 0
        for unit in self._units:
            if length >= BLOCK:
                break
            length += unit.samples.shape[1]
            count += 1
        return count

    def _step(self, by: float) -> Iterator[PlacedSamples]:
        move = round(by)
        self._fade_in = move != 0 and self.position > 0
        if move > 0:
            yield from self.silence(self.position + move)
        while move < 0 and self._units:
            unit = self._units[0]
            taken = min(-move, unit.samples.shape[1])
            move += taken
            self._waiting -= taken
            if taken == unit.samples.shape[1]:
                self._units.popleft()
            else:
                unit.samples = unit.samples[:, taken:]
                unit.time, unit.pts = None if unit.time is None else unit.time + taken, None

    def _block(self, count: int, errors: Sequence[float | None], *, ends_in_step: bool) -> Iterator[PlacedSamples]:
        units = [self._units.popleft() for _ in range(count)]
        samples = np.concatenate([unit.samples for unit in units], axis=1) if count > 1 else units[0].samples
        length = samples.shape[1]
        self._waiting -= length
        timed = [error for error in errors[:count] if error is not None]
        drift = statistics.median(timed) if timed else 0.0
        if abs(drift) > DRIFT and not ends_in_step:
            most = int(STRETCH * length)
            samples = _stretched(samples, max(-most, min(most, round(drift))), self._before, self._after())
        if self._fade_in or ends_in_step:
            samples = _faded(samples, begin=self._fade_in, end=ends_in_step)
            self._fade_in = False
        if samples.shape[1]:
            first = units[0]
            yield self._give(
                samples, None if first.pts is None else Entry(pts=first.pts, position=self.position + first.held_back)
            )

    def _after(self) -> NDArray[np.float32]:
        found = np.zeros((self._rows, TAPS), dtype=np.float32)
        if self._units:
            head = self._units[0].samples[:, :TAPS]
            found[:, : head.shape[1]] = head
        return found

    def _give(self, samples: NDArray[np.float32], entry: Entry | None) -> PlacedSamples:
        placed = PlacedSamples(position=self.position, samples=samples, entry=entry)
        self.position += samples.shape[1]
        self._before = np.concatenate([self._before, samples[:, -TAPS:]], axis=1)[:, -TAPS:]
        return placed


def _jitter(errors: Sequence[float]) -> float:
    """Return by how much one time usually differs from the next, from what was counted."""
    return statistics.median([abs(b - a) for a, b in itertools.pairwise(errors)] or [0.0])


def _agree(jitter: float) -> int:
    return AGREE_QUIET if jitter <= QUIET else AGREE_NOISY


def _agreed(errors: Sequence[float]) -> float:
    return statistics.median(errors[:AGREE_QUIET])


def _stretched(
    samples: NDArray[np.float32], change: int, before: NDArray[np.float32], after: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return samples that last longer by `change`; `before` and `after` are the TAPS samples beside them.

    Each is made of the sixteen around it by a windowed sinc: the first one stays, and what follows the last one fits.
    """
    length = samples.shape[1]
    made = length + change
    if made <= 0 or change == 0:
        return samples
    places = np.arange(made) * (length / made)
    whole = places.astype(np.int64)
    part = places - whole
    around = np.concatenate([before, samples, after], axis=1)
    result = np.zeros((samples.shape[0], made), dtype=np.float32)
    for tap in range(1 - TAPS, TAPS + 1):
        distance = part - tap
        weight = np.sinc(distance) * (0.5 + 0.5 * np.cos(np.pi * distance / TAPS))
        result += around[:, whole + (TAPS + tap)] * weight.astype(np.float32)
    return result


def _faded(samples: NDArray[np.float32], *, begin: bool, end: bool) -> NDArray[np.float32]:
    length = min(FADE, samples.shape[1] // 2)
    samples = samples.copy()
    slope = np.linspace(0, 1, length, endpoint=False, dtype=np.float32)
    if begin:
        samples[:, :length] *= slope
    if end and length:
        samples[:, -length:] *= slope[::-1]
    return samples
