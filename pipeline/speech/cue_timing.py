"""When cues are shown: long enough to be read, and clear of the next one. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from pipeline.speech.caption_profiles import CaptionProfile
from pipeline.speech.cues import Cue

LEAST_CUE_S = 0.2
"""What a cue keeps even where the times that Whisper gave leave it nothing."""
LONGEST_GAP_S = 0.12
"""What frames between cues come to at most, where a video has very few a second."""


@dataclass(frozen=True, kw_only=True)
class SpokenText:
    """The text of a cue, and when it is spoken."""

    start_s: float
    end_s: float
    text: str


def gap_s(profile: CaptionProfile, frame_rate: float) -> float:
    """Return the gap between cues that follow each other at once, in whole milliseconds; 25 frames where the rate is
    not known (0).
    """
    frames_s = profile.gap_frames / (frame_rate if frame_rate > 0 else 25.0)
    return ceil(round(min(LONGEST_GAP_S, frames_s) * 1000, 6)) / 1000


def timed(texts: Sequence[SpokenText], profile: CaptionProfile, frame_rate: float, duration_s: float) -> list[Cue]:
    """Return the cues of texts in their order: each from when it is spoken until it has been read.

    A cue uses the silence after it, up to `tail_s`, and longer where reading takes longer. A gap that would be too
    short to be seen as one is closed. No cue lasts longer than the profile allows, and none overlaps another, whatever
    the times of the texts are.
    """
    gap = gap_s(profile, frame_rate)
    cues: list[Cue] = []
    earliest_s = 0.0
    for index, text in enumerate(texts):
        start_s = round(max(earliest_s, text.start_s), 3)
        next_s = round(texts[index + 1].start_s, 3) if index + 1 < len(texts) else None
        end_s = round(max(_end_s(text, start_s, next_s, profile, gap, duration_s), start_s + LEAST_CUE_S), 3)
        cues.append(Cue(start_s=start_s, end_s=end_s, text=text.text))
        earliest_s = end_s + gap
    return cues


def _end_s(
    text: SpokenText, start_s: float, next_s: float | None, profile: CaptionProfile, gap: float, duration_s: float
) -> float:
    """Return when a cue ends that begins at `start_s`, the next one at `next_s`."""
    latest_s = start_s + profile.longest_s
    spoken_end_s = min(max(start_s, text.end_s), latest_s)
    needed_s = max(start_s + max(profile.shortest_s, profile.reading_s(text.text)), spoken_end_s)
    end_s = min(max(needed_s, spoken_end_s + profile.tail_s), max(duration_s, spoken_end_s), latest_s)
    if next_s is None or next_s - end_s >= profile.least_gap_s:
        return end_s
    if next_s - gap <= latest_s:
        return next_s - gap
    # it can't last until the next one: a gap that can be seen as one is left, if reading and speech allow that
    return max(min(end_s, next_s - profile.least_gap_s), min(needed_s, latest_s))
