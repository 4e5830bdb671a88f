"""Every rule that a cue breaks is found, with the reason."""

from __future__ import annotations

import pytest

from pipeline.job import CaptionRules
from pipeline.speech.caption_check import CaptionRule, check_cues, outside_text
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cues import Cue

NETFLIX = caption_profile(language="en")
BBC = caption_profile(CaptionRules.BBC, "en")


def cue(start_s: float, end_s: float, text: str = "Good morning.") -> Cue:
    """A cue that keeps all rules unless its times don't."""
    return Cue(start_s=start_s, end_s=end_s, text=text)


BROKEN = [
    ([cue(0, 3, "a" * 43)], "line length", "line 1 has 43 characters, where 42 are allowed"),
    ([cue(0, 3, "Yes.\nWell.\nGo.")], "lines", "3 lines, where 2 are allowed"),
    ([cue(0, 1, "a" * 21)], "speed", "21.0 characters a second, where 20 are allowed"),
    ([cue(0, 0.8, "Hi.")], "too short", "shown for 0.80 s, where 0.83 s is the least"),
    ([cue(0, 7.1)], "too long", "shown for 7.10 s, where 7 s is the most"),
    ([cue(1, 1)], "times", "it ends when it begins, so that it is never shown"),
    ([cue(1, 0.5)], "times", "it ends 0.50 s before it begins, so that it is never shown"),
    ([cue(0, 2, " \n ")], "empty", "there is no text in it"),
    ([cue(0, 2), cue(1.5, 4)], "overlap", "the next cue begins 0.50 s before this one ends"),
    (
        [cue(0, 2, "We saw him in the"), cue(1.5, 4, "house of Peter.")],
        "overlap",
        "the next cue begins 0.50 s before this one ends",
    ),
    ([cue(0, 2), cue(2.04, 4)], "gap", "40 ms to the next cue, where 2 frames are the least"),
    ([cue(0, 2), cue(2.3, 4)], "gap", "0.30 s to the next cue: a gap is 2 frames or at least 0.5 s"),
    (
        [cue(0, 4, "We saw him in the\nhouse of Peter.")],
        "break",
        "line 1 ends between words of one phrase: “the | house”",
    ),
    (
        [cue(0, 4, "We went to see Mr."), cue(4.08, 8, "Brown in his house.")],
        "break",
        "the cue ends inside a name, a number or an abbreviation: “Mr. | Brown”",
    ),
]


@pytest.mark.parametrize(("cues", "rule", "text"), BROKEN, ids=[f"{rule}: {text}"[:40] for _, rule, text in BROKEN])
def test_a_broken_rule_is_found(cues: list[Cue], rule: str, text: str):
    """Alone, at its cue and its time, with the limit in its reason."""
    (found,) = check_cues(cues, NETFLIX, language="en", frame_rate=25).broken
    assert (1, cues[0].start_s, cues[0].end_s, rule, text) == (
        found.cue,
        found.start_s,
        found.end_s,
        found.rule.value,
        found.text,
    )


RIGHT = [
    pytest.param([cue(0, 2, "a" * 40)], id="as fast as allowed"),
    pytest.param([cue(0, 0.833)], id="as short as allowed, in whole milliseconds"),
    pytest.param([cue(0, 7)], id="as long as allowed"),
    pytest.param([cue(0, 2), cue(2.08, 4)], id="two frames"),
    pytest.param([cue(0, 2), cue(2.5, 4)], id="half a second"),
    pytest.param([cue(0, 2, "- Is it the\n- House. Yes.")], id="two speakers"),
    pytest.param([cue(0, 2, "We went to the"), cue(4, 6, "house.")], id="a pause after an article"),
    pytest.param([], id="no cue"),
]


@pytest.mark.parametrize("cues", RIGHT)
def test_what_is_right_is_not_found(cues: list[Cue]):
    """A limit itself is allowed."""
    assert () == check_cues(cues, NETFLIX, language="en", frame_rate=25).broken


def test_words_are_counted_by_bbc():
    """Five words in 1.5 seconds are 200 a minute."""
    (found,) = check_cues([cue(0, 1.5, "one two three four five")], BBC, frame_rate=25).broken
    assert (CaptionRule.SPEED, "200 words a minute, where 180 are allowed") == (found.rule, found.text)


@pytest.mark.parametrize(("gap_s", "expected"), [(0.0, 0), (0.04, 1), (0.9, 1), (1.0, 0)])
def test_bbc_has_no_gap_or_one_of_a_second(gap_s: float, expected: int):
    """What lies between is found."""
    assert expected == len(check_cues([cue(0, 2), cue(2 + gap_s, 5)], BBC, frame_rate=25).broken)


@pytest.mark.parametrize(("gap_s", "expected"), [(0.02, 1), (0.034, 0), (0.084, 0), (0.12, 0), (0.13, 1), (0.5, 0)])
def test_a_gap_is_right_that_is_so_at_any_usual_rate(gap_s: float, expected: int):
    """Where nobody knows the video's: two frames of 60 a second, or of 23.976."""
    assert expected == len(check_cues([cue(0, 2), cue(2 + gap_s, 5)], NETFLIX).broken)


def test_a_line_of_japanese_must_not_end_inside_a_word():
    """Nothing but the words tells where one ends."""
    profile = caption_profile(CaptionRules.NETFLIX_DEAF, "ja")
    texts = ["動画を変\n換する", "動画を\n変換する"]
    found = [[f.text for f in check_cues([cue(0, 3, t)], profile, language="ja").broken] for t in texts]
    assert [["line 1 ends inside a word"], []] == found


def test_cues_outside_are_counted_once_and_places_are_no_limit():
    """A cue that breaks two limits is one, and one that is only parted badly is none."""
    cues = [cue(0, 0.5, "a" * 43), cue(2, 6, "We saw him in the\nhouse of Peter.")]
    report = check_cues(cues, NETFLIX, language="en", frame_rate=25)
    assert (2, 1) == (report.cues, report.outside)
    said = "1 of 2 captions is outside the limits of netflix (line length 1, speed 1, too short 1)."
    assert said == outside_text(report, NETFLIX)


def test_nothing_is_said_of_captions_that_keep_the_rules():
    """Then there is nothing to know."""
    assert "" == outside_text(check_cues([cue(0, 2)], NETFLIX), NETFLIX)
