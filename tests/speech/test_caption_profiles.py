"""The rules of captions are those of their publishers."""

from __future__ import annotations

import pytest

from pipeline.job import CaptionRules
from pipeline.speech.caption_profiles import AUDIENCES, TITLES, caption_profile

NETFLIX = [
    ("en", 42, 20, 20, 17),
    ("de", 42, 17, 20, 13),
    ("fr", 42, 17, 20, 13),
    (None, 42, 17, 20, 13),
    ("ar", 42, 20, 23, 17),
    ("hi", 42, 22, 25, 18),
    ("zh", 16, 9, 11, 7),
    ("ko", 16, 12, 14, 9),
    ("th", 35, 17, 20, 13),
    ("ja", 13, 4, 7, 4),
]


@pytest.mark.parametrize(("language", "line", "adult", "deaf", "children"), NETFLIX, ids=[str(r[0]) for r in NETFLIX])
def test_netflix_has_a_line_and_three_speeds_for_each_language(language, line, adult, deaf, children):
    """Characters a line, and a second for adults, the deaf and children."""
    rules = (CaptionRules.NETFLIX, CaptionRules.NETFLIX_DEAF, CaptionRules.NETFLIX_CHILDREN)
    profiles = [caption_profile(name, language) for name in rules]
    assert (line, [adult, deaf, children]) == (profiles[0].line_characters, [p.characters_per_s for p in profiles])


def test_japanese_for_the_deaf_has_longer_lines():
    """16 characters in place of 13."""
    assert 16 == caption_profile(CaptionRules.NETFLIX_DEAF, "ja").line_characters


def test_bbc_counts_words():
    """37 characters a line, 180 words a minute, and no gap or one of a second."""
    profile = caption_profile(CaptionRules.BBC, "en-GB")
    expected = (37, None, 180.0, 0, 1.0)
    found = (profile.line_characters, profile.characters_per_s, profile.words_per_minute, profile.gap_frames)
    assert expected == (*found, profile.least_gap_s)


def test_bbc_counts_characters_where_nothing_parts_words():
    """Then they are Netflix's."""
    profile = caption_profile(CaptionRules.BBC, "ja")
    assert (13, 4.0, None) == (profile.line_characters, profile.characters_per_s, profile.words_per_minute)


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "two words", 9),
        ("en", "two\nlines", 8),
        ("en", "\u200fمرحبا", 5),
        ("ja", "方法ABC", 3.5),
        ("ko", "한국어 3", 4),
    ],
)
def test_characters_are_counted(language: str, text: str, expected: float):
    """A line end and a mark of direction count for nothing, half-width characters of wide scripts for half of one."""
    assert expected == caption_profile(language=language).characters(text)


@pytest.mark.parametrize(
    ("rules", "expected_s"), [(CaptionRules.NETFLIX, 1.0), (CaptionRules.BBC, 4 / 3), (CaptionRules.BBC_CHILDREN, 1.5)]
)
def test_reading_takes_as_long_as_the_speed_says(rules: CaptionRules, expected_s: float):
    """Twenty characters, or four words."""
    assert expected_s == pytest.approx(caption_profile(rules, "en").reading_s("four words of length"))


def test_all_rules_are_in_the_tables():
    """Whichever an editor chooses has an audience and a title."""
    assert (set(CaptionRules), set(CaptionRules)) == (set(AUDIENCES), set(TITLES))
