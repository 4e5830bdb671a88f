"""The rules that captions are made by and checked against: a table by publisher, audience and language. Pure.

Sources of the numbers:

- Netflix, Timed Text Style Guide, General Requirements: two lines, 5/6 s to 7 s. Timing Guidelines: two frames between
  cues, and no gap from three frames up to half a second; a cue may stay half a second after the speech. The guides of
  the single languages: characters a line and a second; `NetflixQualityController` of Subtitle Edit has them in one
  place. A half-width character of Chinese, Japanese or Korean counts as half a character.
- BBC, Subtitle Guidelines: 3.1, 37 characters a line; 3.3, two lines; 4.1, 160 to 180 words a minute; 4.5, a gap of at
  least a second, or none. They name no shortest and longest time, for which Netflix's stand here, and no speed for
  children, for whom the slower end of the range stands here. They are for English: in a script without spaces, where
  nobody counts words, lines and speed are Netflix's.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum

from pipeline.job import CaptionRules


class Audience(Enum):
    """Whom captions are for: it decides how fast they may be."""

    ADULT = "adult"
    DEAF = "deaf"
    CHILDREN = "children"


@dataclass(frozen=True, kw_only=True)
class CaptionProfile:
    """What captions keep to.

    Attributes:
        rules: whose rules these are.
        line_characters: how long a line may be.
        lines: how many there may be.
        characters_per_s: how fast a cue may be, None where words are counted.
        words_per_minute: the same in words, None where characters are counted.
        shortest_s: how long a cue is shown at least.
        longest_s: and at most.
        gap_frames: how many frames there are between cues that follow each other at once.
        least_gap_s: how long any other gap is at least; what lies between is closed to `gap_frames`.
        tail_s: how long a cue stays after the speech where there is room.
        wide_script: whether a full-width character counts as one and any other as half of one.
    """

    rules: CaptionRules
    line_characters: int
    lines: int = 2
    characters_per_s: float | None = None
    words_per_minute: float | None = None
    shortest_s: float = 5 / 6
    longest_s: float = 7.0
    gap_frames: int = 2
    least_gap_s: float = 0.5
    tail_s: float = 0.5
    wide_script: bool = False

    def characters(self, text: str) -> float:
        """Return how many characters a text counts as; line ends and what has no width of its own count for nothing."""
        columns = sum(_columns(character) for character in text)
        return columns / 2 if self.wide_script else float(columns)

    def reading_s(self, text: str) -> float:
        """Return how long a text has to be shown to be no faster than allowed."""
        by_characters = self.characters(text) / self.characters_per_s if self.characters_per_s else 0.0
        by_words = len(text.split()) * 60 / self.words_per_minute if self.words_per_minute else 0.0
        return max(by_characters, by_words)


@dataclass(frozen=True, kw_only=True)
class _Row:
    """Netflix's numbers for a language: characters a line, and a second by audience."""

    line: int
    adult: int
    deaf: int
    children: int
    deaf_line: int | None = None


NETFLIX_OTHERS = _Row(line=42, adult=17, deaf=20, children=13)
NETFLIX_ROWS: Mapping[str, _Row] = {
    "en": _Row(line=42, adult=20, deaf=20, children=17),
    "ar": _Row(line=42, adult=20, deaf=23, children=17),
    "hi": _Row(line=42, adult=22, deaf=25, children=18),
    "zh": _Row(line=16, adult=9, deaf=11, children=7),
    "yue": _Row(line=16, adult=9, deaf=11, children=7),
    "ko": _Row(line=16, adult=12, deaf=14, children=9),
    "ja": _Row(line=13, adult=4, deaf=7, children=4, deaf_line=16),
    "th": _Row(line=35, adult=17, deaf=20, children=13),
}
"""By ISO 639 code; any other language has the numbers of NETFLIX_OTHERS."""

WIDE_SCRIPTS = frozenset({"zh", "yue", "ja", "ko"})
WITHOUT_SPACES = frozenset({"zh", "yue", "ja", "th", "lo", "km", "my", "bo"})
"""Languages whose words can't be counted by spaces."""

BBC_LINE = 37
BBC_WORDS_PER_MINUTE: Mapping[Audience, int] = {Audience.ADULT: 180, Audience.CHILDREN: 160}
BBC_LEAST_GAP_S = 1.0

AUDIENCES: Mapping[CaptionRules, Audience] = {
    CaptionRules.NETFLIX: Audience.ADULT,
    CaptionRules.NETFLIX_CHILDREN: Audience.CHILDREN,
    CaptionRules.NETFLIX_DEAF: Audience.DEAF,
    CaptionRules.BBC: Audience.ADULT,
    CaptionRules.BBC_CHILDREN: Audience.CHILDREN,
}

TITLES: Mapping[CaptionRules, str] = {
    CaptionRules.NETFLIX: "Netflix",
    CaptionRules.NETFLIX_CHILDREN: "Netflix, for children",
    CaptionRules.NETFLIX_DEAF: "Netflix, for the deaf",
    CaptionRules.BBC: "BBC",
    CaptionRules.BBC_CHILDREN: "BBC, for children",
}
"""What rules are called where an editor chooses them."""


def caption_profile(rules: CaptionRules = CaptionRules.NETFLIX, language: str | None = None) -> CaptionProfile:
    """Return the profile of some rules for a language, a code such as `pt` or `pt-BR`; None is any other language."""
    code = (language or "").replace("_", "-").partition("-")[0].lower()
    audience = AUDIENCES[rules]
    row = NETFLIX_ROWS.get(code, NETFLIX_OTHERS)
    speeds = {Audience.ADULT: row.adult, Audience.DEAF: row.deaf, Audience.CHILDREN: row.children}
    netflix = CaptionProfile(
        rules=rules,
        line_characters=(row.deaf_line or row.line) if audience is Audience.DEAF else row.line,
        characters_per_s=float(speeds[audience]),
        wide_script=code in WIDE_SCRIPTS,
    )
    if rules not in (CaptionRules.BBC, CaptionRules.BBC_CHILDREN):
        return netflix
    bbc = replace(netflix, gap_frames=0, least_gap_s=BBC_LEAST_GAP_S)
    if code in WIDE_SCRIPTS | WITHOUT_SPACES:
        return bbc
    words = float(BBC_WORDS_PER_MINUTE[audience])
    return replace(bbc, line_characters=BBC_LINE, characters_per_s=None, words_per_minute=words)


def _columns(character: str) -> int:
    if unicodedata.category(character) in ("Cf", "Cc"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
