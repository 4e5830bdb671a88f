"""A transcript as rows and back: nothing is lost, and a text that was changed has words with times."""

import pytest
from finished_jobs import heard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.transcript import Segment, Transcript, Word
from transcripts.errors import InvalidRowError
from transcripts.rows import json_copy
from transcripts.video_rows import segment_rows, transcript_from

WORDS = st.lists(st.sampled_from(["a", "b", "Größe", "-", "the", "dot.", "商品"]), min_size=1, max_size=8)


def there_and_back(transcript):
    """A transcript that has been rows as a file keeps them."""
    media = {"language": transcript.language, "language_probability": transcript.language_probability}
    media["duration"] = transcript.duration_s
    rows = [{"id": str(number), **json_copy(row)} for number, row in enumerate(segment_rows(transcript, "m1"))]
    return transcript_from(media, rows)


def test_nothing_is_lost():
    """Times, words with their spaces, numbers, and what a person has edited come back as they were."""
    whole = heard("The dot product, as we know it.", "It is a number.", edited=[1])
    back = there_and_back(whole)
    assert whole.segments == back.segments
    assert (whole.language, whole.language_probability) == (back.language, back.language_probability)


def test_words_of_scripts_without_spaces_get_none():
    """The text says where spaces are."""
    words = (Word(start_s=1.0, end_s=1.4, text="今日は"), Word(start_s=1.4, end_s=2.0, text="晴れ"))
    segment = Segment(start_s=1.0, end_s=2.0, text="今日は晴れ", words=words, language="ja")
    whole = Transcript(language="ja", language_probability=1.0, duration_s=2.0, segments=(segment,))
    assert (segment,) == there_and_back(whole).segments


def test_a_changed_text_has_words_with_times():
    """Words that stayed keep their times, a new one has the time of what it replaces."""
    rows = segment_rows(heard("The doc product."), "m1")
    rows[0]["text"] = "The dot product."
    (segment,) = transcript_from({}, rows).segments
    assert [(" The", 1.0), (" dot", 1.333), (" product.", 1.667)] == [
        (f" {word.text.strip()}", word.start_s) for word in segment.words
    ]


@given(heard_words=WORDS, said=WORDS)
def test_words_are_always_those_of_the_text(heard_words, said):
    """Whatever a text was changed into, its words make it up again, within the segment's times and in their order."""
    rows = segment_rows(heard(" ".join(heard_words)), "m1")
    rows[0]["text"] = " ".join(said)
    (segment,) = transcript_from({}, rows).segments
    assert " ".join(said).split() == "".join(word.text for word in segment.words).split()
    times = [time for word in segment.words for time in (word.start_s, word.end_s)]
    assert sorted(times) == times
    assert segment.start_s - 0.001 <= times[0]
    assert times[-1] <= segment.end_s + 0.001


@pytest.mark.parametrize("broken", [None, "1", -1, True, float("nan")], ids=str)
def test_a_segment_without_times_is_named(broken):
    """No caption is made of a guess."""
    row = {**segment_rows(heard("Words."), "m1")[0], "id": "s7", "start": broken}
    with pytest.raises(InvalidRowError, match="The segment 's7' has no start that is a number of seconds"):
        transcript_from({}, [row])


@pytest.mark.parametrize(
    "alignment",
    [None, {"word": None}, {"word": [["The"]]}, {"word": [[1, 2, 3]]}, {"word": [["The", "x", 1]]}, []],
    ids=["none", "no list", "short", "no text", "no time", "no object"],
)
def test_words_that_can_not_be_read_are_left_out(alignment):
    """The text stands with the segment's own times."""
    row = {**segment_rows(heard("The dot."), "m1")[0], "alignment": alignment}
    (segment,) = transcript_from({}, [row]).segments
    assert ("The dot.", ()) == (segment.text, segment.words)


def test_segments_come_in_order_of_time():
    """Rows stand in the file as they were added."""
    rows = segment_rows(heard("First.", "Second."), "m1")
    assert ["First.", "Second."] == [one.text for one in transcript_from({}, rows[::-1]).segments]


def test_a_dataset_of_another_program():
    """Without a language or a length of the video, both are told by the segments."""
    rows = [{"id": 1, "start": 2, "duration": 1, "text": " Bonjour \n à tous ", "language": "fr"}]
    found = transcript_from({}, rows)
    assert ("fr", 3.0, "Bonjour à tous") == (found.language, found.duration_s, found.segments[0].text)
