"""Takes out what Whisper repeats without end. Pure.

A decoder that is caught in a loop says the same words again and again, faster than anybody can speak or for half a
minute. faster-whisper decodes a window again when its text compresses too well; this is for what is left of that.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.speech.transcript import Segment, Word
from pipeline.speech.word_times import with_words

LOOP_RATIO = 2.4
"""A text that compresses better than this repeats itself (OpenAI's Whisper, `compression_ratio_threshold`)."""
SPOKEN_S = 0.08
"""Nobody speaks words that are shorter than this at the mean."""
LONGEST_LOOP = 12
"""How many words a loop has at most."""
REPEATS = 3
"""How often in a row the same words are said at least in a loop; a single word, twice as often."""


def without_loops(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments of a window, each loop said once; a segment that loses all its words is left out.

    The same words several times in a row, within a segment or in equal segments one after the other, are a loop if the
    window's text compresses too well or if they come faster than anybody speaks. What is repeated by a speaker stays.
    """
    owned = [(number, word) for number, segment in enumerate(segments) for word in segment.words]
    keys = [word.text.strip().casefold() for _, word in owned]
    ratios = [segment.compression_ratio or 0.0 for segment in segments]
    kept: list[tuple[int, Word]] = []
    at = 0
    while at < len(owned):
        size, end = _loop(keys, at)
        words = [word for _, word in owned[at:end]]
        looped = size and (ratios[owned[at][0]] > LOOP_RATIO or _mean_s(words) < SPOKEN_S)
        kept += owned[at : at + size] if looped else owned[at : at + 1]
        at = end if looped else at + 1
    if len(kept) == len(owned):
        return list(segments)
    return [
        with_words(segment, words)
        for number, segment in enumerate(segments)
        if (words := [word for owner, word in kept if owner == number])
    ]


def _loop(keys: Sequence[str], at: int) -> tuple[int, int]:
    """Return how many words are repeated from a word on and where the repeats end; (0, at) where there is no loop."""
    for size in range(1, LONGEST_LOOP + 1):
        end = at + size
        while keys[end : end + size] == keys[at : at + size] and end + size <= len(keys):
            end += size
        if (end - at) // size >= (2 * REPEATS if size == 1 else REPEATS):
            return size, end
    return 0, at


def _mean_s(words: Sequence[Word]) -> float:
    return (words[-1].end_s - words[0].start_s) / len(words) if words else 0.0
