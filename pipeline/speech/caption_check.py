"""Checks cues against a profile: every rule that one breaks, with the reason in words. Pure; changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import accumulate, pairwise

from pipeline.speech.caption_profiles import CaptionProfile
from pipeline.speech.cues import Cue
from pipeline.speech.phrase_breaks import DASHES, UGLY, breaks
from pipeline.speech.word_segmenter import is_unspaced, phrases

TOLERANCE_S = 0.002
"""Subtitle files have whole milliseconds: two roundings make no difference."""
FASTEST_RATE, SLOWEST_RATE = 60.0, 23.976
"""Usual frame rates; of a video that is not known, any of them may be its own."""


class CaptionRule(str, Enum):
    """What can be wrong with a cue."""

    LINE_LENGTH = "line length"
    LINES = "lines"
    SPEED = "speed"
    SHORTEST = "too short"
    LONGEST = "too long"
    GAP = "gap"
    OVERLAP = "overlap"
    EMPTY = "empty"
    TIMES = "times"
    BREAK = "break"


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    """A rule that a cue breaks: `cue` counts from 1, `text` is the reason in a sentence."""

    cue: int
    start_s: float
    end_s: float
    rule: CaptionRule
    text: str


@dataclass(frozen=True, kw_only=True)
class CaptionReport:
    """What a check has found in so many cues."""

    cues: int
    broken: tuple[BrokenRule, ...]

    @property
    def outside(self) -> int:
        """How many cues are outside the profile's limits; where a text is split is not a limit."""
        return len({found.cue for found in self.broken if found.rule is not CaptionRule.BREAK})

    @property
    def by_rule(self) -> Mapping[CaptionRule, int]:
        """How many times each rule is broken; rules that no cue breaks are left out."""
        return Counter(found.rule for found in self.broken)


def check_cues(
    cues: Sequence[Cue], profile: CaptionProfile, *, language: str | None = None, frame_rate: float | None = None
) -> CaptionReport:
    """Return every rule of a profile that cues break, in the order of the cues.

    `language` is of the text, for the places where it is parted. Without a frame rate, a gap is right that is so for
    any usual rate.
    """
    broken: list[BrokenRule] = []
    for number, cue in enumerate(cues, start=1):
        after = cues[number] if number < len(cues) else None
        found = [*_text(cue, profile), *_time(cue, profile), *_gap(cue, after, profile, frame_rate)]
        found += ((CaptionRule.BREAK, text) for text in _parted(cue, after, profile, language))
        broken += (
            BrokenRule(cue=number, start_s=cue.start_s, end_s=cue.end_s, rule=rule, text=text) for rule, text in found
        )
    return CaptionReport(cues=len(cues), broken=tuple(broken))


def outside_text(report: CaptionReport, profile: CaptionProfile) -> str:
    """Return in a sentence how many cues are outside a profile's limits and why; empty where none is."""
    if not report.outside:
        return ""
    reasons = {rule: count for rule, count in report.by_rule.items() if rule is not CaptionRule.BREAK}
    named = ", ".join(f"{rule.value} {count}" for rule, count in sorted(reasons.items()))
    verb = "is" if report.outside == 1 else "are"
    return f"{report.outside} of {report.cues} captions {verb} outside the limits of {profile.rules.value} ({named})."


Found = tuple[CaptionRule, str]


def _text(cue: Cue, profile: CaptionProfile) -> Iterator[Found]:
    lines = _lines(cue)
    if not lines:
        yield CaptionRule.EMPTY, "there is no text in it"
    if len(lines) > profile.lines:
        yield CaptionRule.LINES, f"{len(lines)} lines, where {profile.lines} are allowed"
    for number, line in enumerate(lines, start=1):
        length = profile.characters(line)
        if length > profile.line_characters:
            yield (
                CaptionRule.LINE_LENGTH,
                f"line {number} has {length:g} characters, where {profile.line_characters} are allowed",
            )


def _time(cue: Cue, profile: CaptionProfile) -> Iterator[Found]:
    shown_s = cue.end_s - cue.start_s
    if shown_s <= 0:
        how = f"ends {-shown_s:.2f} s before it begins" if shown_s else "ends when it begins"
        yield CaptionRule.TIMES, f"it {how}, so that it is never shown"
        return
    if shown_s < profile.shortest_s - TOLERANCE_S:
        yield (CaptionRule.SHORTEST, f"shown for {shown_s:.2f} s, where {profile.shortest_s:.2f} s is the least")
    if shown_s > profile.longest_s + TOLERANCE_S:
        yield (CaptionRule.LONGEST, f"shown for {shown_s:.2f} s, where {profile.longest_s:g} s is the most")
    text = "\n".join(_lines(cue))
    if not profile.reading_s(text) > shown_s + TOLERANCE_S:
        return
    if profile.words_per_minute:
        speed = f"{len(text.split()) * 60 / shown_s:.0f} words a minute, where {profile.words_per_minute:g}"
    else:
        speed = f"{profile.characters(text) / shown_s:.1f} characters a second, where {profile.characters_per_s:g}"
    yield CaptionRule.SPEED, f"{speed} are allowed"


def _gap(cue: Cue, after: Cue | None, profile: CaptionProfile, frame_rate: float | None) -> Iterator[Found]:
    if after is None:
        return
    gap_s = after.start_s - max(cue.start_s, cue.end_s)
    frames = profile.gap_frames
    if gap_s < -TOLERANCE_S:
        yield CaptionRule.OVERLAP, f"the next cue begins {-gap_s:.2f} s before this one ends"
    elif gap_s < frames / (frame_rate or FASTEST_RATE) - TOLERANCE_S:
        yield CaptionRule.GAP, f"{gap_s * 1000:.0f} ms to the next cue, where {frames} frames are the least"
    elif (frames + 1) / (frame_rate or SLOWEST_RATE) <= gap_s < profile.least_gap_s - TOLERANCE_S:
        closed = f"{frames} frames" if frames else "none"
        yield CaptionRule.GAP, f"{gap_s:.2f} s to the next cue: a gap is {closed} or at least {profile.least_gap_s:g} s"


def _parted(cue: Cue, after: Cue | None, profile: CaptionProfile, language: str | None) -> Iterator[str]:
    """Yield the places at the ends of lines, and at that of a cue which the next one follows, where nothing is parted
    well.
    """
    lines = _lines(cue)
    follows = after is not None and -TOLERANCE_S <= after.start_s - cue.end_s < profile.least_gap_s
    ends = lines + (_lines(after)[:1] if follows and after is not None else [])
    words = [line.split() for line in ends]
    places = breaks([word for line in words for word in line], language)
    firsts = list(accumulate(len(line) for line in words))
    for number, (line, following) in enumerate(pairwise(ends)):
        where = f"line {number + 1}" if number < len(lines) - 1 else "the cue"
        if following.startswith(DASHES):
            continue  # another speaker
        if is_unspaced(line[-1] + following[0]):
            if not _ends_phrase(line, following, language):
                yield f"{where} ends inside a word"
        elif places[firsts[number]] in UGLY:
            ended, begun = words[number][-1], words[number + 1][0]
            yield f"{where} ends {places[firsts[number]].value}: “{ended} | {begun}”"


def _ends_phrase(line: str, following: str, language: str | None) -> bool:
    """Whether a phrase of a script without spaces ends where a line does."""
    last, first = line.split()[-1], following.split()[0]
    return len(last) in accumulate(len(part) for part in phrases(last + first, language))


def _lines(cue: Cue) -> list[str]:
    """Return the lines that are seen."""
    return [line.strip() for line in cue.text.split("\n") if line.strip()]
