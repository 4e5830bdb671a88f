"""Cues can be read: short lines, readable times, breaks where the sentence breaks."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from pipeline.speech.cues import LINE_COLUMNS, WIDE_LINE_COLUMNS, Cue, columns, shape_cues
from pipeline.speech.transcript import Segment, Transcript, Word


def spoken(text: str, *, start_s: float = 0.0, word_s: float = 0.3, space_s: float = 0.1) -> Segment:
    """A segment whose words all last as long."""
    words, clock = [], start_s
    for word in text.split():
        words.append(Word(start_s=clock, end_s=clock + word_s, text=f" {word}"))
        clock += word_s + space_s
    return Segment(start_s=start_s, end_s=words[-1].end_s, text=text, words=tuple(words))


def transcript(*segments: Segment, duration_s: float = 3600.0) -> Transcript:
    """A transcript in English."""
    return Transcript(language="en", language_probability=1.0, duration_s=duration_s, segments=segments)


def texts(*segments: Segment) -> list[str]:
    """The cues' texts alone."""
    return [cue.text for cue in shape_cues(transcript(*segments))]


def test_no_speech_gives_no_cue():
    """Without segments there is nothing to show."""
    assert [] == shape_cues(transcript())


def test_phrases_with_pauses_between_stay_apart():
    """A pause ends a cue, also where both phrases would fit on one line."""
    assert ["welcome lesson one", "chapter seven"] == texts(
        spoken("welcome lesson one"), spoken("chapter seven", start_s=5.0)
    )


def test_words_without_times_share_the_segments_time():
    """Where Whisper gave no word times, a long segment is still parted in proportion to its text."""
    text = "This first sentence is forty letters long. And this second one has about the same length."
    cues = shape_cues(transcript(Segment(start_s=0.0, end_s=9.0, text=text)))
    assert ["This first sentence is forty letters long.", "And this second one has\nabout the same length."] == [
        c.text for c in cues
    ]
    assert 4.0 == pytest.approx(cues[1].start_s, abs=0.5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("One short sentence here. Another short sentence there.", 2, id="a sentence each"),
        pytest.param("Yes. I know that one.", 1, id="a very short one joins the next"),
    ],
)
def test_sentences_are_kept_whole(text: str, expected: int):
    """Sentences get a cue of their own unless it would be too short to read."""
    assert expected == len(texts(spoken(text)))


def test_a_line_breaks_at_the_clause():
    """Two lines part at the comma rather than in the exact middle."""
    assert ["when the light turns green again,\nyou press the big red button"] == texts(
        spoken("when the light turns green again, you press the big red button", word_s=0.2)
    )


def test_a_cue_ends_before_a_conjunction():
    """Without punctuation a cue ends before a conjunction."""
    cues = texts(
        spoken(
            "the player measures how fast the pieces of the film arrive and then it "
            "picks the quality that fits the line best"
        )
    )
    assert {"and", "that"} >= {cue.split()[0] for cue in cues[1:]}


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        pytest.param("word " * 60, LINE_COLUMNS, id="latin"),
        pytest.param(
            "大家好，欢迎来到今天的课程。我们将学习如何使用这个软件来转换视频，并且上传到服务器上。" * 3,
            WIDE_LINE_COLUMNS,
            id="chinese",
        ),
        pytest.param("नमस्ते दोस्तों आज हम वीडियो बनाना सीखेंगे और फिर उसे सर्वर पर भेजेंगे " * 3, LINE_COLUMNS, id="hindi"),
        pytest.param("x" * 200, LINE_COLUMNS, id="one endless word"),
    ],
)
def test_lines_fit(text: str, limit: int):
    """No cue has more than two lines and no line more than its limit, and nothing of the text is lost."""
    cues = shape_cues(transcript(Segment(start_s=0.0, end_s=40.0, text=text)))
    lines = [line for cue in cues for line in cue.text.split("\n")]
    assert limit >= max(columns(line) for line in lines)
    assert 2 >= max(cue.text.count("\n") + 1 for cue in cues)
    assert "".join(text.split()) == "".join("".join(lines).split())


def test_chinese_punctuation_never_begins_a_line():
    """A comma or full stop stays with the character before it."""
    text = "大家好，欢迎来到今天的课程。我们将学习如何使用这个软件来转换视频，并且上传到服务器上。" * 3
    cues = shape_cues(transcript(Segment(start_s=0.0, end_s=40.0, text=text)))
    assert [] == [line for cue in cues for line in cue.text.split("\n") if line[0] in "，。"]


def test_a_short_word_stays_for_a_second():
    """A word of a fifth of a second is shown for a whole one."""
    assert [Cue(start_s=2.0, end_s=3.0, text="yes")] == shape_cues(transcript(spoken("yes", start_s=2.0, word_s=0.2)))


def test_nothing_stays_after_the_end():
    """A cue is not stretched past the end of the sound."""
    assert [Cue(start_s=2.0, end_s=2.5, text="yes")] == shape_cues(
        transcript(spoken("yes", start_s=2.0, word_s=0.2), duration_s=2.5)
    )


def test_fast_speech_stays_longer_where_there_is_room():
    """A cue that is spoken too fast to be read stays on into the pause after it."""
    cue = shape_cues(transcript(spoken("extraordinarily straightforward demonstrations", word_s=0.2, space_s=0.0)))[0]
    assert 2.1 == pytest.approx(cue.end_s - cue.start_s, abs=0.1)


@pytest.mark.parametrize(
    ("frame_rate", "gap_s"), [(25.0, 0.08), (50.0, 0.04), (30000 / 1001, 0.067)], ids=["25", "50", "29.97"]
)
def test_two_frames_part_the_cues(frame_rate: float, gap_s: float):
    """Cues that follow at once leave two frames between them."""
    cues = shape_cues(transcript(spoken("word " * 40, space_s=0.0)), frame_rate=frame_rate)
    assert {gap_s} == {round(after.start_s - before.end_s, 3) for before, after in pairwise(cues)}


def test_a_word_that_whisper_stretched_is_not_shown_for_ever():
    """A cue lasts seven seconds at most."""
    assert 9.0 == shape_cues(transcript(spoken("well", start_s=2.0, word_s=25.0)))[0].end_s


@pytest.mark.parametrize("seed", range(20))
def test_times_never_overlap_or_go_backwards(seed: int):
    """Whatever times Whisper gives, cues come in order, last, and leave a gap; none of the words is lost."""
    rng = random.Random(seed)
    segments, expected = [], []
    for _ in range(30):
        words = []
        for _ in range(rng.randint(1, 12)):
            start = rng.uniform(0, 60) if rng.random() < 0.2 else len(expected) * rng.uniform(0, 0.4)
            words.append(
                Word(
                    start_s=start,
                    end_s=start + rng.choice([0.0, 0.2, -0.3, 12.0]),
                    text=f" w{len(expected)}{rng.choice(['', '.', ','])}",
                )
            )
            expected.append(words[-1].text.strip())
        segments.append(
            Segment(
                start_s=words[0].start_s, end_s=words[-1].end_s, text="".join(w.text for w in words), words=tuple(words)
            )
        )
    cues = shape_cues(transcript(*segments))
    assert expected == " ".join(cue.text for cue in cues).split()
    assert all(0 <= cue.start_s < cue.end_s <= cue.start_s + 7.0005 for cue in cues)
    assert all(after.start_s - before.end_s >= 0.0795 for before, after in pairwise(cues))
