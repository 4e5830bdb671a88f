"""Loops of the decoder are said once; what a speaker repeats stays."""

from __future__ import annotations

import pytest

from pipeline.speech.repeats import without_loops
from pipeline.speech.transcript import Segment, Word


def segments(texts: list[str], *, ratio: float, word_s: float = 0.3) -> list[Segment]:
    """Segments with these texts one after the other, each word of a length."""
    made, clock = [], 0.0
    for text in texts:
        words = []
        for word in text.split():
            words.append(Word(start_s=clock, end_s=clock + word_s, text=f" {word}", probability=0.9))
            clock += word_s
        made.append(
            Segment(start_s=words[0].start_s, end_s=clock, text=text, words=tuple(words), compression_ratio=ratio)
        )
    return made


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["I think so", "I think so", "I think so", "I think so"], ["I think so"]),
        (["and then we go we go we go we go we go home"], ["and then we go home"]),
        (["no no no no no no no no"], ["no"]),
        (["we begin", "thank you", "thank you", "thank you", "and end"], ["we begin", "thank you", "and end"]),
    ],
    ids=["equal neighbours", "words within a sentence", "a single word", "between others"],
)
def test_loops(texts, expected):
    """In text that compresses too well, what comes several times in a row is said once."""
    assert expected == [segment.text for segment in without_loops(segments(texts, ratio=3.1))]


def test_faster_than_anybody_speaks():
    """Repeats that take no time are a loop, however well the text compresses."""
    fast = segments(["you know you know you know you know"], ratio=1.2, word_s=0.03)
    assert ["you know"] == [segment.text for segment in without_loops(fast)]


@pytest.mark.parametrize(
    ("texts", "ratio"),
    [
        (["press one", "press two", "press three"], 3.1),
        (["very very good"], 3.1),
        (["row row row your boat"], 3.1),
        (["again and again and again and again"], 1.9),
    ],
    ids=["other words follow", "twice", "three times a word", "text that compresses as others do"],
)
def test_what_is_repeated_by_a_speaker_stays(texts, ratio):
    """What people do repeat is kept."""
    spoken = segments(texts, ratio=ratio)
    assert spoken == without_loops(spoken)
