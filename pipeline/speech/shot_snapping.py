"""Moves the begins and ends of cues onto changes of shot that are near. Pure.

Source: Netflix, Timed Text Style Guide, Subtitle Timing Guidelines. With half a second in frames as `half`: a cue that
begins up to half after a change begins on it; one that begins up to 0.75 half - 1 frames before it, too; one that
begins earlier, but not earlier than half before it, begins half before it. One that ends within half of a change,
before or after, ends two frames before it.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

from pipeline.speech.caption_profiles import CaptionProfile
from pipeline.speech.cue_timing import gap_s
from pipeline.speech.cues import Cue

HALF_S = 0.5
NEAR_SHARE = 0.75
"""How much of half a second before a change a cue may begin and still be moved onto it."""
END_FRAMES = 2
TOLERANCE_S = 0.0005


def snapped(cues: Sequence[Cue], cuts_s: Sequence[float], profile: CaptionProfile, frame_rate: float) -> list[Cue]:
    """Return the cues, begun and ended at shot changes where these are near.

    `cuts_s` are the times of first frames after a change, in order. A cue stays where it is if moving it would break a
    limit that it keeps: how long it is shown at least and at most, how fast it is, or the gap to its neighbours.
    """
    moved = list(cues)
    if not cuts_s or frame_rate <= 0:
        return moved
    for index in range(len(moved)):
        _move_begin(moved, index, cuts_s, profile, frame_rate)
        _move_end(moved, index, cuts_s, profile, frame_rate)
    return moved


def begin_for(start_s: float, cuts_s: Sequence[float], frame_rate: float) -> float:
    """Return when a cue begins by the rules that would begin at `start_s`."""
    cut_s = _nearest(start_s, cuts_s)
    before_s = cut_s - start_s
    if abs(before_s) > HALF_S + TOLERANCE_S:
        return start_s
    near_s = (round(NEAR_SHARE * HALF_S * frame_rate) - 1) / frame_rate
    return cut_s if before_s <= near_s + TOLERANCE_S else max(0.0, cut_s - HALF_S)


def end_for(end_s: float, cuts_s: Sequence[float], frame_rate: float) -> float:
    """Return when a cue ends by the rules that would end at `end_s`."""
    cut_s = _nearest(end_s, cuts_s)
    return end_s if abs(end_s - cut_s) > HALF_S + TOLERANCE_S else cut_s - END_FRAMES / frame_rate


def _nearest(time_s: float, cuts_s: Sequence[float]) -> float:
    at = bisect_left(cuts_s, time_s)
    return min(cuts_s[max(0, at - 1) : at + 1], key=lambda cut_s: abs(cut_s - time_s))


def _move_begin(
    cues: list[Cue], index: int, cuts_s: Sequence[float], profile: CaptionProfile, frame_rate: float
) -> None:
    """Move the begin of a cue, and with it the end of one that it follows at once."""
    cue, gap = cues[index], gap_s(profile, frame_rate)
    start_s = round(begin_for(cue.start_s, cuts_s, frame_rate), 3)
    new = replace(cue, start_s=start_s)
    if start_s == cue.start_s or not _keeps(new, cue, profile):
        return
    if index == 0:
        cues[index] = new
        return
    before = cues[index - 1]
    ended = before
    if cue.start_s - before.end_s < profile.least_gap_s or start_s - before.end_s < profile.least_gap_s:
        ended = replace(before, end_s=round(start_s - gap, 3))
    if ended == before or _keeps(ended, before, profile):
        cues[index - 1], cues[index] = ended, new


def _move_end(cues: list[Cue], index: int, cuts_s: Sequence[float], profile: CaptionProfile, frame_rate: float) -> None:
    """Move the end of a cue that no other follows at once: else the next one's begin decides it."""
    cue = cues[index]
    next_s = cues[index + 1].start_s if index + 1 < len(cues) else float("inf")
    if next_s - cue.end_s < profile.least_gap_s - TOLERANCE_S:
        return
    end_s = round(end_for(cue.end_s, cuts_s, frame_rate), 3)
    new = replace(cue, end_s=end_s)
    if _keeps(new, cue, profile) and next_s - end_s >= profile.least_gap_s - TOLERANCE_S:
        cues[index] = new


def _keeps(new: Cue, old: Cue, profile: CaptionProfile) -> bool:
    """Whether a cue that was moved keeps the limits; one that is outside already may not become worse."""
    needed_s = max(profile.shortest_s, profile.reading_s(new.text))
    shown_s, before_s = new.end_s - new.start_s, old.end_s - old.start_s
    least_s, most_s = min(needed_s, before_s), max(profile.longest_s, before_s)
    return least_s - TOLERANCE_S <= shown_s <= most_s + TOLERANCE_S
