"""Where somebody speaks in audio that is read piece by piece, and the samples from there.

Owns the speech detector and the part of the audio that is in memory. Runs in the child process only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from pipeline.speech.audio import RATE_HZ
from pipeline.speech.stretch import Stretch

BLOCK_S = 60.0
"""How much audio the detector is given at once."""
CONTEXT_S = 2.0
"""What it is given before and after as well: at the edges of what it is given, it has too little audio to decide."""
SHORTEST_PAUSE_MS = 200
"""A silence shorter than this is a stop within speech. Words are placed by the pauses, so they are found finely."""
FRAME_S = 0.01
"""How finely loudness is looked at."""

Samples = NDArray[np.float32]


class Voice:
    """Audio as far as it has been read: its samples from a moment on, and its stretches of speech.

    Attributes:
        stretches: of speech, in order; the last may go on beyond `known_s`.
        known_s: up to where they are known.
        ended: whether that is the end of the audio.
    """

    def __init__(self, pieces: Iterator[Samples]) -> None:
        """`pieces` are float32 mono (n,), 16 kHz."""
        self.stretches: list[Stretch] = []
        self.ended = False
        self._pieces = pieces
        self._samples = np.zeros(0, dtype=np.float32)
        self._first = 0  # which sample of the audio is the first of those held
        self._known = 0

    @property
    def known_s(self) -> float:
        """Up to where stretches are known."""
        return self._known / RATE_HZ

    @property
    def first_s(self) -> float:
        """From where on samples are held."""
        return self._first / RATE_HZ

    def read_to(self, until_s: float) -> None:
        """Read on, at least to a moment, or to the end. Raises SpeechError."""
        while not self.ended and self.known_s < until_s:
            self._read_block()

    def samples(self, start_s: float, end_s: float) -> Samples:
        """Return float32 mono (n,), 16 kHz, between two moments of what is held."""
        first = round(start_s * RATE_HZ) - self._first
        return self._samples[max(0, first) : max(0, round(end_s * RATE_HZ) - self._first)]

    def forget(self, before_s: float) -> None:
        """Let go of the samples and the stretches before a moment."""
        first = min(round(before_s * RATE_HZ), self._known - round(CONTEXT_S * RATE_HZ))
        if first > self._first:
            self._samples = self._samples[first - self._first :].copy()
            self._first = first
        self.stretches = [stretch for stretch in self.stretches if stretch.end_s > before_s]

    def quietest_s(self, start_s: float, end_s: float) -> float:
        """Return the moment between two others around which it is quietest."""
        size = round(FRAME_S * RATE_HZ)
        samples = self.samples(start_s, end_s)
        count = len(samples) // size
        if count == 0:
            return start_s
        power = np.square(samples[: count * size].astype(np.float64)).reshape(count, size).mean(axis=1)
        around = np.convolve(power, np.ones(5), "same") / np.convolve(np.ones(count), np.ones(5), "same")
        return start_s + (int(np.argmin(around)) + 0.5) * FRAME_S

    def _read_block(self) -> None:
        wanted = self._known + round((BLOCK_S + CONTEXT_S) * RATE_HZ) - self._first
        held, count = [self._samples], len(self._samples)
        while count < wanted and not self.ended:
            piece = next(self._pieces, None)
            if piece is None:
                self.ended = True
            else:
                held.append(piece)
                count += len(piece)
        self._samples = np.concatenate(held)
        start, end = self._known, self._first + count
        if not self.ended:
            end -= round(CONTEXT_S * RATE_HZ)
        self._detect(start, end)
        self._known = end

    def _detect(self, start: int, end: int) -> None:
        """Note the stretches between two samples of the audio."""
        begin = max(self._first, start - round(CONTEXT_S * RATE_HZ))
        options = VadOptions(min_silence_duration_ms=SHORTEST_PAUSE_MS, speech_pad_ms=0)
        for found in get_speech_timestamps(self._samples[begin - self._first :], options):
            first, last = max(start, begin + found["start"]), min(end, begin + found["end"])
            if first >= last:
                continue
            stretch = Stretch(start_s=first / RATE_HZ, end_s=last / RATE_HZ)
            if self.stretches and stretch.start_s - self.stretches[-1].end_s < SHORTEST_PAUSE_MS / 1000:
                self.stretches[-1] = replace(self.stretches[-1], end_s=stretch.end_s)
            else:
                self.stretches.append(stretch)
