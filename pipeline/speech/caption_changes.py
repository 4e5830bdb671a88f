"""The captions of a transcript that was changed: new where it says something else, as they were elsewhere. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

from pipeline.speech.caption_profiles import CaptionProfile
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.cue_timing import gap_s
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Segment, Transcript

USUAL_RATE = 25.0
"""The frame rate that gaps are made for where the video's is not known."""


def captions_after(
    before: Transcript,
    cues: Sequence[Cue],
    now: Transcript,
    profile: CaptionProfile,
    *,
    frame_rate: float = USUAL_RATE,
) -> list[Cue]:
    """Return the captions of a transcript that was edited: where it says what it said, they stay as they are.

    Args:
        before: the transcript that the captions were made of.
        cues: those captions, in order of time.
        now: the transcript as it is.
        profile: by which passages are made that changed.
        frame_rate: the video's, for the gaps.
    """
    old, new = ([_said(one) for one in whole.segments] for whole in (before, now))
    blocks = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    changed = [block for block in blocks if block[0] != "equal"]
    spans = [
        (one.start_s, one.end_s)
        for _, old_from, old_to, new_from, new_to in changed
        for one in (*before.segments[old_from:old_to], *now.segments[new_from:new_to])
    ]
    gone, touched = _touched(spans, cues, before.segments)
    wanted = {number for _, _, _, first, after in changed for number in range(first, after)}
    for kind, old_from, old_to, new_from, _ in blocks:
        if kind == "equal":
            wanted |= {new_from + at - old_from for at in range(old_from, old_to) if at in touched}
    kept = [cue for number, cue in enumerate(cues) if number not in gone]
    starts = sorted(cue.start_s for cue in kept)
    gap = gap_s(profile, frame_rate)
    made = list(kept)
    for run in _runs(sorted(wanted)):
        segments = now.segments[run.start : run.stop]
        next_s = next((start_s for start_s in starts if start_s >= segments[0].end_s), None)
        end_s = now.duration_s if next_s is None else max(segments[-1].end_s, next_s - gap)
        passage = replace(now, segments=segments, duration_s=end_s)
        made += shape_cues(passage, profile, frame_rate=frame_rate)
    return sorted(made, key=lambda cue: (cue.start_s, cue.end_s))


def _said(segment: Segment) -> tuple[float, float, str]:
    return round(segment.start_s, 3), round(segment.end_s, 3), " ".join(segment.text.split())


def _touched(
    spans: Sequence[tuple[float, float]], cues: Sequence[Cue], segments: Sequence[Segment]
) -> tuple[set[int], set[int]]:
    """Return which captions and segments have a part in some times, and in each other's, as a caption may be of two."""
    found: tuple[set[int], set[int]] = (set(), set())
    waiting = list(spans)
    places = [_Places([(one.start_s, one.end_s) for one in several]) for several in (cues, segments)]
    while waiting:
        span = waiting.pop()
        for numbers, place in zip(found, places, strict=True):
            for number in place.overlapping(*span):
                if number not in numbers:
                    numbers.add(number)
                    waiting.append(place.spans[number])
    return found


class _Places:
    """Spans of time in order of their starts, of which few are long."""

    def __init__(self, spans: Sequence[tuple[float, float]]) -> None:
        self.spans = spans
        self._starts = [start_s for start_s, _ in spans]
        self._longest_s = max((end_s - start_s for start_s, end_s in spans), default=0.0)

    def overlapping(self, start_s: float, end_s: float) -> Iterator[int]:
        """Yield the numbers of those that share any time with a span."""
        first = bisect_left(self._starts, start_s - self._longest_s)
        for number in range(first, bisect_left(self._starts, end_s)):
            if self.spans[number][1] > start_s:
                yield number


def _runs(numbers: Sequence[int]) -> Iterator[range]:
    """Yield numbers that follow each other."""
    first = 0
    for at in range(1, len(numbers) + 1):
        if at == len(numbers) or numbers[at] != numbers[at - 1] + 1:
            yield range(numbers[first], numbers[at - 1] + 1)
            first = at
