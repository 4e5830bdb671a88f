"""Puts words to the times at which somebody speaks. Pure.

Whisper places words by its attention: to some tenths of a second, and a word beside a pause often lies half in it. The
speech detector knows the edges of speech to some hundredths. With speech whose word times are known (Festival, see
benchmarks/transcribe.py) the median error of the first word after a pause was 0.18 s before and 0.035 s after this.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.speech.phrase_breaks import ENDS, breaks
from pipeline.speech.stretch import Stretch
from pipeline.speech.transcript import Segment, Word

FAR_S = 0.4
"""A word this far from all speech was not said there: Whisper places no word so wrongly."""
SURE = 0.5
"""A word far from all speech is believed from this probability on; what a silence is recognized as has less."""
SNAP_S = 0.5
"""The first word of a stretch begins with it, if it was placed at most so much later; so does the last word end."""
ONSET_S = 0.03
"""How much the detector is late at the beginning of speech."""
SENTENCE_PAUSE_S = 0.15
"""After a sentence there is a pause from this on."""
LONG_PAUSE_S = 1.1
"""A pause from this on parts what is said, whatever the punctuation."""
LEAST_S = 0.02
"""What a word lasts at least: a step of Whisper's timestamps."""


def within_speech(
    segments: Sequence[Segment], stretches: Sequence[Stretch], *, from_s: float, until_s: float
) -> list[Segment]:
    """Return segments with their words in the speech that they belong to, without those imagined where nobody speaks.

    1. A word belongs to the stretch that has most of it, else to the nearest; never to one before the last word's.
    2. It is dropped if that is far away, unless Whisper was sure of it: then it stays where it is.
    3. It is clipped to its stretch. The first word begins with the stretch and the last ends with it.
    4. No word begins before the one before has ended, or before `from_s`, and none ends after `until_s`, where what was
       heard ends: Whisper pads its half minute with silence (SYSTRAN/faster-whisper#1334).
    """
    kept: list[_Kept] = []
    at = 0
    for number, segment in enumerate(segments):
        for word in segment.words:
            if stretches:
                at = _most_of(word, stretches, at)
            if stretches and _belongs(word, stretches[at]) > -FAR_S:
                kept.append(_Kept(word=word, segment=number, stretch=at))
            elif word.probability is not None and word.probability >= SURE:
                kept.append(_Kept(word=word, segment=number, stretch=None))
    words: dict[int, list[Word]] = {}
    clock_s = from_s
    for number, one in enumerate(kept):
        word = _clipped(kept, number, stretches)
        start_s = min(max(clock_s, word.start_s), until_s)
        clock_s = min(max(start_s, word.end_s), until_s)
        words.setdefault(one.segment, []).append(replace(word, start_s=start_s, end_s=clock_s))
    return [with_words(segments[number], spoken) for number, spoken in words.items()]


def with_words(segment: Segment, words: Sequence[Word]) -> Segment:
    """Return a segment with other words, at least one."""
    text = "".join(word.text for word in words).strip()
    return replace(segment, start_s=words[0].start_s, end_s=words[-1].end_s, text=text, words=tuple(words))


def sentences(segment: Segment) -> list[Segment]:
    """Return a segment in parts that end with a sentence or before a long pause: without timestamps Whisper parts none.

    A full stop within a number or after an abbreviation ends nothing.
    """
    parts: list[list[Word]] = [[]]
    places = breaks([word.text.strip() for word in segment.words], segment.language)
    for word, place in zip(segment.words, places, strict=True):
        if parts[-1]:
            pause_s = word.start_s - parts[-1][-1].end_s
            if pause_s >= LONG_PAUSE_S or (place in ENDS and pause_s >= SENTENCE_PAUSE_S):
                parts.append([])
        parts[-1].append(word)
    return [segment] if len(parts) == 1 else [with_words(segment, part) for part in parts]


@dataclass(frozen=True, kw_only=True)
class _Kept:
    """A word that is believed, its segment and its stretch by their numbers."""

    word: Word
    segment: int
    stretch: int | None


def _most_of(word: Word, stretches: Sequence[Stretch], first: int) -> int:
    return max(range(first, len(stretches)), key=lambda number: _belongs(word, stretches[number]))


def _belongs(word: Word, stretch: Stretch) -> float:
    """Return how many seconds of a word lie in a stretch, or how far it is away, as a negative number."""
    return min(word.end_s, stretch.end_s) - max(word.start_s, stretch.start_s)


def _clipped(kept: Sequence[_Kept], number: int, stretches: Sequence[Stretch]) -> Word:
    word, at = kept[number].word, kept[number].stretch
    if at is None:
        return word
    stretch = stretches[at]
    first = number == 0 or kept[number - 1].stretch != at
    last = number == len(kept) - 1 or kept[number + 1].stretch != at
    start_s = min(max(word.start_s, stretch.start_s), stretch.end_s - LEAST_S)
    end_s = max(min(word.end_s, stretch.end_s), stretch.start_s + LEAST_S)
    if first and start_s - stretch.start_s <= SNAP_S:
        start_s = stretch.start_s - ONSET_S
    if last and stretch.end_s - end_s <= SNAP_S:
        end_s = stretch.end_s
    return replace(word, start_s=start_s, end_s=max(start_s, end_s))
