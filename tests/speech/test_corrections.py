"""A corrected text in a transcript: no word lost or invented, times kept where words stayed."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.speech.corrections import with_corrections
from pipeline.speech.cues import Cue
from pipeline.speech.transcript import Segment, Transcript, Word


def _segment(text: str, start_s: float, *, timed: bool = True) -> Segment:
    words = tuple(
        Word(start_s=start_s + n, end_s=start_s + n + 0.5, text=f" {word}", probability=0.9)
        for n, word in enumerate(text.split())
    )
    return Segment(
        start_s=start_s, end_s=start_s + len(words), text=text, words=words if timed else (), mean_log_probability=-0.1
    )


def _transcript(*segments: Segment) -> Transcript:
    return Transcript(language="en", language_probability=0.9, duration_s=100.0, segments=segments)


HEARD = _transcript(_segment("we sea the hart", 0.0), _segment("it beats", 10.0))


def _cues(*texts: str) -> list[Cue]:
    return [Cue(start_s=n * 10.0, end_s=n * 10.0 + 5.0, text=text) for n, text in enumerate(texts)]


def _times(segment: Segment) -> list[tuple[str, float, float]]:
    return [(word.text, word.start_s, word.end_s) for word in segment.words]


def test_nothing_changed():
    """Other lines and cuts of captions change no word."""
    assert HEARD == with_corrections(HEARD, _cues("we sea\nthe hart", "it", "beats"))


def test_a_word_for_a_word():
    """Takes its time, and is no longer what Whisper was sure of; the other segment is as it was."""
    made = with_corrections(HEARD, _cues("we see the heart", "it beats"))
    assert [(" we", 0.0, 0.5), (" see", 1.0, 1.5), (" the", 2.0, 2.5), (" heart", 3.0, 3.5)] == _times(made.segments[0])
    assert [0.9, None, 0.9, None] == [word.probability for word in made.segments[0].words]
    assert ("we see the heart", True, None) == (
        made.segments[0].text,
        made.segments[0].edited,
        made.segments[0].mean_log_probability,
    )
    assert HEARD.segments[1] == made.segments[1]


def test_words_gone_and_words_new():
    """What is new between two words gets the time between them; a caption of its own is a segment of its own."""
    made = with_corrections(HEARD, [*_cues("sea the red hart", "it beats"), Cue(start_s=30, end_s=34, text="The end")])
    assert [(" sea", 1.0, 1.5), (" the", 2.0, 2.5), (" red", 2.5, 3.0), (" hart", 3.0, 3.5)] == _times(made.segments[0])
    assert ["sea the red hart", "it beats", "The end"] == [segment.text for segment in made.segments]
    assert (30.0, 34.0, True) == (made.segments[2].start_s, made.segments[2].end_s, made.segments[2].edited)


def test_all_gone_and_all_new():
    """A transcript without words is made of the captions, one of captions without words is empty."""
    assert () == with_corrections(HEARD, []).segments
    (made,) = with_corrections(_transcript(), _cues("Hello there")).segments
    assert ("Hello there", 0.0, 5.0) == (made.text, made.start_s, made.end_s)


def test_segments_without_words_stay_so():
    """As those of captions that were never heard."""
    heard = _transcript(_segment("we sea the hart", 0.0, timed=False))
    (made,) = with_corrections(heard, _cues("we see the heart")).segments
    assert ("we see the heart", (), True, 0.0, 4.0) == (made.text, made.words, made.edited, made.start_s, made.end_s)


def test_a_script_without_spaces():
    """Is compared by its characters, and gets no spaces where a line was broken."""
    word = Word(start_s=0.0, end_s=4.0, text="今日は晴", probability=0.9)
    heard = _transcript(Segment(start_s=0.0, end_s=4.0, text="今日は晴", words=(word,)))
    (made,) = with_corrections(heard, _cues("今日は\n雨")).segments
    assert ("今日は雨", [("今", 0.0, 1.0), ("日", 1.0, 2.0), ("は", 2.0, 3.0), ("雨", 3.0, 4.0)]) == (
        made.text,
        [(word.text.strip(), word.start_s, word.end_s) for word in made.words],
    )


TEXTS = st.lists(st.sampled_from(["a", "b", "c", "the", "心", "e."]), min_size=1, max_size=6).map(" ".join)


@settings(deadline=None, max_examples=150)
@given(st.lists(TEXTS, max_size=5), st.lists(TEXTS, max_size=5))
def test_no_word_is_lost_or_invented(before, after):
    """Whatever was heard and whatever it was corrected to; times never go back."""
    heard = _transcript(*(_segment(text, n * 10.0) for n, text in enumerate(before)))
    made = with_corrections(heard, _cues(*after))
    assert re.sub(r"\s", "", "".join(after)) == re.sub(r"\s", "", "".join(s.text for s in made.segments))
    for segment in made.segments:
        assert re.sub(r"\s", "", segment.text) == re.sub(r"\s", "", "".join(word.text for word in segment.words))
    times = [(word.start_s, word.end_s) for segment in made.segments for word in segment.words]
    assert (True, sorted(start for start, _ in times)) == (
        all(start <= end for start, end in times),
        [start for start, _ in times],
    )
