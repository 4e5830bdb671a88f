"""Whatever is heard, the cues hold all of it in its order, and each limit is met or counted."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.job import CaptionRules
from pipeline.speech.caption_check import CaptionRule, check_cues
from pipeline.speech.caption_profiles import caption_profile
from pipeline.speech.cue_shaping import shape_cues
from pipeline.speech.transcript import Segment, Transcript, Word

FRAME_RATE = 25.0
LETTERS = st.text(alphabet="abcdefghijklmnoé́", min_size=1, max_size=60)
WORDS = st.one_of(
    st.sampled_from(["the", "and", "Mr.", "U.S.", "3", "p.m.", "No.", "I", "said.", "yes,", "over", "Peter", "–", "a"]),
    st.sampled_from(["大家好，", "学びます。", "今日は", "สวัสดีครับ", "नमस्ते", "مرحبا،", "한국어"]),
    LETTERS,
)
SECONDS = st.floats(min_value=-1.0, max_value=12.0, allow_nan=False)


@st.composite
def segments(draw: st.DrawFn) -> Segment:
    """A segment with words at times that may overlap, run backwards or be missing."""
    words, clock = [], draw(st.floats(min_value=0.0, max_value=60.0, allow_nan=False))
    for text in draw(st.lists(WORDS, min_size=1, max_size=25)):
        clock = max(0.0, clock + draw(st.one_of(st.just(0.05), SECONDS)))
        end = clock + draw(st.one_of(st.just(0.3), SECONDS))
        words.append(Word(start_s=clock, end_s=end, text=draw(st.sampled_from([" ", " ", ""])) + text))
        clock = end
    text = "".join(word.text for word in words).strip()
    times = {"start_s": words[0].start_s, "end_s": max(words[-1].end_s, words[0].start_s)}
    return Segment(**times, text=text, words=tuple(words) if draw(st.booleans()) else ())


TRANSCRIPTS = st.builds(
    Transcript,
    language=st.sampled_from(["en", "de", "ja", "zh", "th", "ar", "hi", None]),
    language_probability=st.just(1.0),
    duration_s=st.floats(min_value=0.0, max_value=600.0, allow_nan=False),
    segments=st.lists(segments(), max_size=6).map(tuple),
)
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@MANY
@given(transcript=TRANSCRIPTS, rules=st.sampled_from(CaptionRules))
def test_no_word_is_lost_or_invented(transcript: Transcript, rules: CaptionRules):
    """Every character that was heard stands in a cue, once and in its order."""
    cues = shape_cues(transcript, caption_profile(rules, transcript.language), frame_rate=FRAME_RATE)
    heard = [
        segment.text if not segment.words else "".join(w.text for w in segment.words) for segment in transcript.segments
    ]
    assert "".join("".join(heard).split()) == "".join("".join(cue.text for cue in cues).split())


@MANY
@given(transcript=TRANSCRIPTS, rules=st.sampled_from(CaptionRules))
def test_a_word_with_spaces_around_it_is_never_cut(transcript: Transcript, rules: CaptionRules):
    """Unless it is longer than a line: all line ends are where a space was."""
    profile = caption_profile(rules, "en")
    short = [w for s in transcript.segments for w in s.text.split() if profile.characters(w) <= profile.line_characters]
    cues = shape_cues(transcript, profile, frame_rate=FRAME_RATE)
    shown = " ".join(cue.text for cue in cues).split()
    latin = [word for word in short if word.isascii()]
    assert [] == [word for word in latin if shown.count(word) < latin.count(word)]


@MANY
@given(transcript=TRANSCRIPTS, rules=st.sampled_from(CaptionRules))
def test_what_can_always_be_met_is(transcript: Transcript, rules: CaptionRules):
    """Lines, their length, the longest time, and that cues do not overlap hang on no speaker."""
    profile = caption_profile(rules, transcript.language)
    report = check_cues(shape_cues(transcript, profile, frame_rate=FRAME_RATE), profile, frame_rate=FRAME_RATE)
    never = {CaptionRule.LINES, CaptionRule.LINE_LENGTH, CaptionRule.LONGEST, CaptionRule.OVERLAP, CaptionRule.EMPTY}
    assert [] == [found for found in report.broken if found.rule in never]


@MANY
@given(transcript=TRANSCRIPTS, rules=st.sampled_from(CaptionRules))
def test_what_can_not_be_met_is_counted(transcript: Transcript, rules: CaptionRules):
    """Each cue that is too fast, too short or has a gap that is neither closed nor long enough is in the report."""
    profile = caption_profile(rules, transcript.language)
    cues = shape_cues(transcript, profile, frame_rate=FRAME_RATE)
    report = check_cues(cues, profile, frame_rate=FRAME_RATE)
    fast = [n for n, c in enumerate(cues, 1) if profile.reading_s(c.text) > c.end_s - c.start_s + 0.002]
    short = [n for n, c in enumerate(cues, 1) if c.end_s - c.start_s < profile.shortest_s - 0.002]
    gaps_s = [(n, b.start_s - a.end_s) for n, (a, b) in enumerate(pairwise(cues), 1)]
    frames = profile.gap_frames / FRAME_RATE
    odd = [n for n, gap_s in gaps_s if frames + 1 / FRAME_RATE <= gap_s < profile.least_gap_s - 0.002]
    counted = {
        rule: [found.cue for found in report.broken if found.rule is rule]
        for rule in (CaptionRule.SPEED, CaptionRule.SHORTEST, CaptionRule.GAP)
    }
    assert (fast, short, odd) == tuple(counted.values())
