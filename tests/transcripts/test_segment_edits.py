"""What a person does to segments: words keep their times, nothing is lost, and each is one step to undo."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest
from datasets import TRANSCRIPTS_KIND, HeldClock, opened
from hypothesis import given
from hypothesis import strategies as st

from pipeline.speech.transcript import Word
from transcripts import segment_edits
from transcripts.errors import DocumentError, UnknownRowError
from transcripts.segment_edits import SegmentEditError, corrected, joined_fields, moved, parted, retimed, words_of_text

WORDS = [["The", 1.0, 0.2, 0.98], ["dot", 1.2, 0.3, 0.41], ["product", 1.5, 0.5, 0.9], ["is", 2.4, 0.1, 0.9]]
SPOKEN = ("a", "b", "c", "dd", "ee,", "F.")
ROW = {
    "id": "s1",
    "media_id": "m1",
    "start": 1.0,
    "duration": 2.0,
    "text": "The dot product is",
    "speaker": "sp1",
    "alignment": {"word": WORDS, "phone": [["D", 1.0, 0.1], ["I", 2.4, 0.1]]},
    "house_rule": 7,
}


def times(words):
    """Return words as text, start and end."""
    return [(one.text.strip(), one.start_s, one.end_s) for one in words]


def heard(listed=WORDS):
    """Return words with their times."""
    return [Word(start_s=s, end_s=round(s + d, 3), text=text, probability=p) for text, s, d, p in listed]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("The dot product is", [("The", 1.0, 1.2), ("dot", 1.2, 1.5), ("product", 1.5, 2.0), ("is", 2.4, 2.5)]),
        ("The cross product is", [("The", 1.0, 1.2), ("cross", 1.2, 1.5), ("product", 1.5, 2.0), ("is", 2.4, 2.5)]),
        ("The scalar is", [("The", 1.0, 1.2), ("scalar", 1.2, 2.0), ("is", 2.4, 2.5)]),
        ("The product is", [("The", 1.0, 1.2), ("product", 1.5, 2.0), ("is", 2.4, 2.5)]),
        (
            "The dot product here is",
            [("The", 1.0, 1.2), ("dot", 1.2, 1.5), ("product", 1.5, 2.0), ("here", 2.0, 2.4), ("is", 2.4, 2.5)],
        ),
        (
            "The one dot product is",
            [("The", 1.0, 1.1), ("one", 1.1, 1.2), ("dot", 1.2, 1.5), ("product", 1.5, 2.0), ("is", 2.4, 2.5)],
        ),
        ("", []),
    ],
    ids=["same", "another word", "two in one", "one less", "one in a pause", "one without a pause", "nothing"],
)
def test_words_keep_their_times(text, wanted):
    """A word that stayed has the time it had; another one has that of what it replaces, a new one that between."""
    assert wanted == times(words_of_text(heard(), text))


def test_what_a_person_typed_has_no_probability():
    """A word that was heard keeps its probability; nobody knows that of a new one."""
    assert [0.98, None, 0.9, 0.9] == [one.probability for one in words_of_text(heard(), "The cross product is")]


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c", "dd", "ee,", "F."]), st.integers(0, 3), st.integers(0, 5)), min_size=1
    ),
    st.lists(st.sampled_from([*SPOKEN, "new"])),
)
def test_words_of_any_text(spoken, text):
    """The words are those of the text in its order; their times never go back and stay within what was heard."""
    at_s, words = 10.0, []
    for word, pause, length in spoken:
        start_s = round(at_s + pause / 10, 3)
        at_s = round(start_s + length / 10, 3)
        words.append(Word(start_s=start_s, end_s=at_s, text=word, probability=0.5))
    made = words_of_text(words, " ".join(text))

    assert text == [one.text.strip() for one in made]
    assert all(one.start_s <= one.end_s for one in made)
    assert all(one.start_s <= other.start_s for one, other in pairwise(made))
    assert all(words[0].start_s <= one.start_s and one.end_s <= words[-1].end_s for one in made)
    if text == [word.text for word in words]:
        assert times(words) == times(made)


def test_corrected_row():
    """Text, words and the mark change, and nothing else."""
    assert {
        "text": "The cross product is",
        "edited": True,
        "alignment": {
            "word": [["The", 1.0, 0.2, 0.98], ["cross", 1.2, 0.3, None], *WORDS[2:]],
            "phone": ROW["alignment"]["phone"],
        },
    } == corrected(ROW, "The cross product is")
    assert {"text": "x", "edited": True} == corrected({"id": 1, "text": "y", "alignment": {"word": [["y"]]}}, "x")


def test_parted_row():
    """Each part has its own words; the first ends with its last word, the second begins with its first."""
    first, second = parted(ROW, len("The dot"))
    assert ("The dot", 0.5, WORDS[:2]) == (first["text"], first["duration"], first["alignment"]["word"])
    assert ("product is", 1.5, 1.5, WORDS[2:]) == (
        second["text"],
        second["start"],
        second["duration"],
        second["alignment"]["word"],
    )
    assert ([["D", 1.0, 0.1]], [["I", 2.4, 0.1]]) == (first["alignment"]["phone"], second["alignment"]["phone"])
    assert ("m1", "sp1", 7, None) == tuple(second.get(name) for name in ("media_id", "speaker", "house_rule", "id"))


def test_parted_within_a_word():
    """Both halves share the time of the word."""
    first, second = parted(ROW, len("The dot pro"))
    assert [["The", 1.0, 0.2, 0.98], ["dot", 1.2, 0.3, 0.41], ["pro", 1.5, 0.214, None]] == first["alignment"]["word"]
    assert ["duct", 1.714, 0.286, None] == second["alignment"]["word"][0]


def test_parted_without_words():
    """Without times of words, the time is shared by length."""
    first, second = parted({"id": 1, "start": 1, "duration": 2, "text": "abc def"}, 4)
    assert (("abc", 1.0), ("def", 2.0, 1.0)) == (
        (first["text"], first["duration"]),
        (second["text"], second["start"], second["duration"]),
    )


@pytest.mark.parametrize("at", [0, 18, 99], ids=["begin", "end", "beyond"])
def test_nothing_to_part(at):
    """A part without a text is none."""
    with pytest.raises(SegmentEditError, match="Put the cursor"):
        parted(ROW, at)


@given(st.integers(1, 17))
def test_parted_and_joined(at):
    """Joining what was parted between two words gives what there was before; nothing is lost anywhere else."""
    first, second = parted(ROW, at)
    whole = joined_fields({**ROW, **first}, second)
    assert "".join(ROW["text"].split()) == "".join(whole["text"].split())
    assert ROW["duration"] == whole["duration"]
    if ROW["text"][at] == " " or ROW["text"][at - 1] == " ":
        assert (ROW["text"], ROW["alignment"]) == (whole["text"], whole["alignment"])


def test_joined_text():
    """With a space between, but not where the script has none; the speaker is the first's, if it has one."""
    assert "a b" == joined_fields({"text": "a ", "start": 0}, {"text": "b", "start": 1, "duration": 1})["text"]
    assert "内積数" == joined_fields({"text": "内積"}, {"text": "数"})["text"]
    assert "sp2" == joined_fields({"text": "a", "speaker": None}, {"text": "b", "speaker": "sp2"})["speaker"]
    assert "speaker" not in joined_fields({"text": "a", "speaker": "sp1"}, {"text": "b", "speaker": "sp2"})
    alone = joined_fields({"text": "a", "alignment": {"word": WORDS[:1]}}, {"text": "b"})
    assert {} == alone["alignment"]


def test_moved_row():
    """Segment and words move together; nothing begins before the video."""
    fields = moved(ROW, -0.25)
    assert (0.75, [0.75, 0.95, 1.25, 2.15]) == (fields["start"], [one[1] for one in fields["alignment"]["word"]])
    assert moved(moved(ROW, 0.1) | {"id": 1}, -0.1)["alignment"] == ROW["alignment"]
    with pytest.raises(SegmentEditError, match="before its video"):
        moved(ROW, -1.1)


def test_retimed_row():
    """Words within the new times keep theirs, others are put within them, and none is left without any time."""
    fields = retimed(ROW, 1.3, 2.6)
    assert (1.3, 1.3, True) == (fields["start"], fields["duration"], fields["edited"])
    words = [(text, start, round(start + duration, 3)) for text, start, duration, _ in fields["alignment"]["word"]]
    assert [("product", 1.5, 2.0), ("is", 2.4, 2.5)] == words[2:]
    assert 1.3 == words[0][1] < words[0][2] <= words[1][1] < words[1][2] <= 1.5
    assert ROW["alignment"]["word"] == retimed(ROW, 0.5, 4.0)["alignment"]["word"]
    for start_s, end_s in ((-0.1, 1.0), (2.0, 2.0), (2.0, 1.0)):
        with pytest.raises(SegmentEditError):
            retimed(ROW, start_s, end_s)


@pytest.fixture
def document(tmp_path):
    """A small dataset, open."""
    with opened(TRANSCRIPTS_KIND.write(tmp_path / "course.json"), HeldClock()) as found:
        yield found


EDITS = {
    "text": lambda document: segment_edits.set_text(document, "s1", "The cross product."),
    "split": lambda document: segment_edits.split(document, "s1", 3),
    "merge": lambda document: segment_edits.join_segments(document, "s1", "s2"),
    "shift": lambda document: segment_edits.shift(document, ["s1", "s2", "s3"], 1.5),
    "times": lambda document: segment_edits.set_times(document, "s1", 0.1, 2.0),
    "new speaker": lambda document: segment_edits.set_speaker(document, "s2", "  Dr.  Brown "),
    "known speaker": lambda document: segment_edits.set_speaker(document, "s2", "Dr. Green"),
    "nobody": lambda document: segment_edits.set_speaker(document, "s1", ""),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_one_step(document, edit):
    """Each edit changes something, is undone in one step, and made again in one."""
    before = json.loads(document.snapshot_bytes())
    edit(document)
    after = json.loads(document.snapshot_bytes())
    assert before != after
    assert document.undo()
    assert before == {key: value for key, value in json.loads(document.snapshot_bytes()).items() if key in before}
    assert not document.can_undo
    document.redo()
    assert after == json.loads(document.snapshot_bytes())


def test_speakers(document):
    """A name that is new is put into the dataset once."""
    segment_edits.set_speaker(document, "s2", "Dr. Brown")
    segment_edits.set_speaker(document, "s3", "Dr. Brown")
    assert ["Dr. Green", "Dr. Brown"] == [row["name"] for row in document.rows("speakers")]
    assert 1 == len({document.get("segments", one)["speaker"] for one in ("s2", "s3")})


def test_all_or_nothing(document):
    """If one of many segments can't be moved, none is; a segment that is gone is a sentence."""
    before = document.snapshot_bytes()
    with pytest.raises(DocumentError):
        segment_edits.shift(document, ["s3", "s1"], -1.0)
    with pytest.raises(UnknownRowError, match="There is no segment 's9' any more"):
        segment_edits.set_text(document, "s9", "x")
    assert not segment_edits.set_text(document, "s1", "The dot product.")
    assert before == document.snapshot_bytes()
