"""A script is matched with what was heard: every word is kept, none is added, and each has a time."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.script import LONGEST_WINDOW_S, alignment_windows, place_script, written_transcript
from pipeline.speech.transcript import Segment, Transcript, Word


def _heard(text: str, *, pause_after: int = 10**6) -> Transcript:
    """A word a second, half a second long, and ten seconds more after every so many words."""
    words = []
    start_s = 1.0
    for number, word in enumerate(text.split(), start=1):
        words.append(Word(start_s=start_s, end_s=start_s + 0.5, text=f" {word}", probability=0.5))
        start_s += 11.0 if number % pause_after == 0 else 1.0
    segments = (Segment(start_s=1.0, end_s=start_s, text=text, words=tuple(words)),) if words else ()
    return Transcript(language="en", language_probability=1.0, duration_s=start_s, segments=segments)


def _starts(heard: Transcript, script: str) -> list[float]:
    return [round(word.start_s, 3) for word in place_script(heard, script)]


@pytest.mark.parametrize(
    ("script", "starts"),
    [
        ("We see, THE heart.", [1.0, 2.0, 3.0, 4.0]),
        ("we see the red heart", [1.0, 2.0, 3.0, 3.5, 4.0]),
        ("we the heart", [1.0, 3.0, 4.0]),
        ("we do see a heart", [1.0, 1.5, 2.0, 3.0, 4.0]),
        ("Well we see the heart", [0.0, 1.0, 2.0, 3.0, 4.0]),
    ],
    ids=["same", "one more", "one less", "other", "begins before"],
)
def test_roughly_placed(script, starts):
    """Words have the times at which they were heard, others those between."""
    assert starts == _starts(_heard("we see the heart"), script)


def test_windows_end_in_pauses():
    """None is longer than Whisper hears at once, and each has all of the audio of its words."""
    heard = _heard(" ".join(f"w{n}" for n in range(60)), pause_after=15)
    words = place_script(heard, " ".join(f"w{n}" for n in range(60)))
    windows = alignment_windows(words)
    assert [(0, 15), (15, 30), (30, 45), (45, 60)] == [(window.first, window.end) for window in windows]
    for window in windows:
        assert window.until_s - window.from_s <= LONGEST_WINDOW_S + 1
        assert window.from_s <= words[window.first].start_s
        assert words[window.end - 1].end_s <= window.until_s


def test_lines_are_segments():
    """A line of the script is a segment with its words as they are written; empty lines are none."""
    heard = _heard("we see the heart")
    made = written_transcript(place_script(heard, "We “see”\n\n  the heart. \n"), heard)
    assert ["We “see”", "the heart."] == [segment.text for segment in made.segments]
    assert [(1.0, 2.5), (3.0, 4.5)] == [(segment.start_s, segment.end_s) for segment in made.segments]


TEXTS = st.lists(st.sampled_from(["a", "b", "the", "the,", "–", "心臓", "end."]), max_size=40).map(" ".join)


@settings(deadline=None, max_examples=150)
@given(TEXTS, st.lists(TEXTS, min_size=1, max_size=4))
def test_every_word_is_kept(heard, lines):
    """Whatever was heard; times never go back, and the windows hold each word once."""
    transcript, script = _heard(heard), "\n".join(lines)
    words = place_script(transcript, script)
    made = written_transcript(words, transcript)
    assert re.sub(r"\s", "", script) == re.sub(r"\s", "", "".join(segment.text for segment in made.segments))
    times = [time for word in words for time in (word.start_s, word.end_s)]
    assert sorted(times) == times
    windows = alignment_windows(words)
    assert [*range(len(words))] == [n for window in windows for n in range(window.first, window.end)]
