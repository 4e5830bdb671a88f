"""Words are put to the times at which somebody speaks; words that nobody said are left out."""

from __future__ import annotations

import pytest

from pipeline.speech.stretch import Stretch
from pipeline.speech.transcript import Segment, Word
from pipeline.speech.word_times import sentences, within_speech

SPEECH = (Stretch(start_s=1.0, end_s=3.0), Stretch(start_s=4.0, end_s=6.0))


def segment(*words: tuple[float, float, str, float], language: str | None = None) -> Segment:
    """A segment of words with their times and probabilities."""
    made = tuple(Word(start_s=start, end_s=end, text=text, probability=p) for start, end, text, p in words)
    text = "".join(word.text for word in made)
    return Segment(start_s=made[0].start_s, end_s=made[-1].end_s, text=text, words=made, language=language)


def times(
    *words: tuple[float, float, str, float], from_s: float = 0.0, until_s: float = 9.0
) -> list[tuple[float, float, str]]:
    """Where words are placed in the speech from 1 to 3 and from 4 to 6 seconds."""
    segments = within_speech([segment(*words)], SPEECH, from_s=from_s, until_s=until_s)
    return [(round(w.start_s, 2), round(w.end_s, 2), w.text) for s in segments for w in s.words]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([(1.3, 2.0, " a", 0.9), (2.0, 2.8, " b", 0.9)], [(0.97, 2.0, " a"), (2.0, 3.0, " b")]),
        ([(1.0, 2.0, " a", 0.9), (2.0, 3.6, " b", 0.9)], [(0.97, 2.0, " a"), (2.0, 3.0, " b")]),
        ([(1.0, 3.0, " a", 0.9), (3.0, 4.8, " b", 0.9)], [(0.97, 3.0, " a"), (3.97, 4.8, " b")]),
        ([(2.0, 3.6, " a", 0.9), (2.9, 3.0, " b", 0.9)], [(2.0, 3.0, " a"), (3.0, 3.0, " b")]),
        ([(1.8, 2.2, " a", 0.9)], [(1.8, 2.2, " a")]),
        ([(0.7, 0.9, " a", 0.9), (1.0, 2.0, " b", 0.9)], [(0.97, 1.02, " a"), (1.02, 2.0, " b")]),
    ],
    ids=[
        "moved to the edges",
        "not into the pause",
        "not before the speech",
        "none in the pause",
        "too far to move",
        "before its speech",
    ],
)
def test_places(words, expected):
    """The first word begins with its speech, the last ends with it, and none lies in a pause."""
    assert expected == times(*words)


def test_what_nobody_says():
    """A word far from all speech is left out, unless Whisper was sure of it; a segment of such words is left out."""
    assert [(7.0, 7.5, " sure", 0.9)] == [(*t, 0.9) for t in times((7.0, 7.5, " sure", 0.9))]
    assert [] == times((7.0, 7.5, " you", 0.3))
    assert [] == within_speech([segment((7.0, 7.5, " you", 0.3))], (), from_s=0.0, until_s=9.0)


def test_nothing_past_the_end():
    """A word that Whisper is sure of ends with the audio at the latest, as one does that begins there."""
    assert [(7.0, 7.2, " sure"), (7.2, 7.2, " too")] == times(
        (7.0, 7.5, " sure", 0.9), (7.6, 30.0, " too", 0.9), until_s=7.2
    )


def test_sentences():
    """A segment is parted where a sentence ends and before a long pause, not after an abbreviation."""
    heard = segment(
        (0.0, 0.4, " Mr.", 0.9),
        (0.7, 0.9, " Brown", 0.9),
        (0.9, 1.4, " reads.", 0.9),
        (1.7, 2.0, " He", 0.9),
        (2.0, 2.5, " reads", 0.9),
        (4.0, 4.5, " slowly.", 0.9),
        language="en",
    )
    assert [("Mr. Brown reads.", 0.0, 1.4), ("He reads", 1.7, 2.5), ("slowly.", 4.0, 4.5)] == [
        (part.text, part.start_s, part.end_s) for part in sentences(heard)
    ]
    assert [segment((0.0, 0.4, " Yes.", 0.9))] == sentences(segment((0.0, 0.4, " Yes.", 0.9)))


def test_times_never_go_back():
    """Words whose times are mixed up come out in order, none before what was said before."""
    found = times((1.5, 2.5, " a", 0.9), (1.2, 1.9, " b", 0.9), (1.1, 5.0, " c", 0.9), from_s=1.6)
    moments = [moment for start, end, _ in found for moment in (start, end)]
    assert (sorted(moments), 1.6, [" a", " b", " c"]) == (moments, moments[0], [text for _, _, text in found])
