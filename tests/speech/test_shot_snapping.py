"""Cues begin and end at changes of shot that are near, and keep their limits."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.job import CaptionRules
from pipeline.speech.caption_check import CaptionRule, check_cues
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cues import Cue
from pipeline.speech.shot_snapping import begin_for, end_for, snapped

RATE = 24.0
NETFLIX = caption_profile(language="en")
CUT_S = 100.0


def frames(number: float) -> float:
    """So many frames of 24 a second in seconds."""
    return number / RATE


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(13, 13), (12, 0), (5, 0), (0, 0), (-1, 0), (-8, 0), (-9, -12), (-12, -12), (-13, -13)],
)
def test_a_begin_near_a_change_is_moved(offset: int, expected: int):
    """Up to twelve frames after and eight before it: onto it; nine to twelve before: to twelve before."""
    moved_s = begin_for(CUT_S + frames(offset), [CUT_S], RATE)
    assert CUT_S + frames(expected) == pytest.approx(moved_s)


@pytest.mark.parametrize(("offset", "expected"), [(13, 13), (12, -2), (0, -2), (-2, -2), (-12, -2), (-13, -13)])
def test_an_end_near_a_change_is_moved(offset: int, expected: int):
    """Up to twelve frames before or after it: to two before."""
    moved_s = end_for(CUT_S + frames(offset), [CUT_S], RATE)
    assert CUT_S + frames(expected) == pytest.approx(moved_s)


def cue(start_s: float, end_s: float, text: str = "Good morning.") -> Cue:
    """A cue."""
    return Cue(start_s=start_s, end_s=end_s, text=text)


def times(cues: list[Cue]) -> list[tuple[float, float]]:
    """When cues are shown."""
    return [(c.start_s, c.end_s) for c in cues]


def test_cues_that_follow_each_other_part_at_the_change():
    """The first ends two frames before it, and the second begins on it."""
    cues = [cue(98.0, 100.2), cue(100.284, 103.0)]
    assert [(98.0, 99.916), (100.0, 103.0)] == times(snapped(cues, [CUT_S], NETFLIX, RATE))


def test_a_gap_that_would_become_too_short_is_closed():
    """A begin that moves towards the cue before takes its end along."""
    cues = [cue(97.0, 99.6), cue(100.2, 103.0)]
    assert [(97.0, 99.916), (100.0, 103.0)] == times(snapped(cues, [CUT_S], NETFLIX, RATE))


def test_a_cue_that_would_be_too_fast_stays():
    """Being read comes before the change."""
    cues = [cue(98.9, 100.4, "a" * 30)]
    assert times(cues) == times(snapped(cues, [CUT_S], NETFLIX, RATE))


def test_without_changes_nothing_moves():
    """Nor where the frame rate is not known."""
    cues = [cue(98.0, 100.2), cue(100.284, 103.0)]
    assert cues == snapped(cues, [], NETFLIX, RATE) == snapped(cues, [CUT_S], NETFLIX, 0.0)


LENGTHS = st.lists(
    st.tuples(st.floats(0.2, 7.0), st.sampled_from([0.084, 0.5, 0.8, 3.0]), st.integers(1, 80)), min_size=1, max_size=12
)


@settings(max_examples=100, deadline=None)
@given(
    lengths=LENGTHS,
    cuts=st.lists(st.integers(0, 60 * 24), unique=True).map(sorted),
    rules=st.sampled_from(CaptionRules),
)
def test_moving_breaks_no_limit(lengths: list[tuple[float, float, int]], cuts: list[int], rules: CaptionRules):
    """Whatever the cuts are, no cue breaks a rule of time that it kept before, no text changes, and none overlap."""
    profile = caption_profile(rules, "en")
    cues, clock = [], 0.0
    for length_s, gap, letters in lengths:
        cues.append(cue(round(clock, 3), round(clock + length_s, 3), "a" * letters))
        clock = round(clock + length_s, 3) + gap
    moved = snapped(cues, [frames(cut) for cut in cuts], profile, RATE)
    kinds = {CaptionRule.SPEED, CaptionRule.SHORTEST, CaptionRule.LONGEST, CaptionRule.OVERLAP, CaptionRule.GAP}
    before, after = (
        {(found.cue, found.rule) for found in check_cues(some, profile, frame_rate=RATE).broken if found.rule in kinds}
        for some in (cues, moved)
    )
    assert (set(), [c.text for c in cues]) == (after - before, [c.text for c in moved])
