"""Finding a text in all segments and replacing it."""

from __future__ import annotations

import json

import pytest
from datasets import HeldClock, opened
from hypothesis import given, settings
from hypothesis import strategies as st

from transcripts.errors import DocumentError
from transcripts.find_replace import Query, find_all, replace_all


@pytest.mark.parametrize(
    ("query", "text", "after"),
    [
        (Query(find="doc product", replacement="dot product"), "A doc product.", "A dot product."),
        (Query(find="doc", replacement="dot"), "Doctors doc, Doc", "Doctors dot, dot"),
        (Query(find="doc", replacement="dot", whole_words=False), "Doctors", "dottors"),
        (Query(find="doc", replacement="dot", match_case=True), "Doc doc", "Doc dot"),
        (Query(find="a.b", replacement="\\1 $0"), "a.b axb", "\\1 $0 axb"),
        (Query(find="a  b", replacement="c"), "a\nb", "c"),
        (Query(find="größe", replacement=""), "Die GRÖSSE, die Größe", "Die GRÖSSE, die "),
        (Query(find="c++", replacement="C"), "c++ c+", "C c+"),
        (Query(find="", replacement="x"), "abc", "abc"),
        (Query(find="内積", replacement="積", whole_words=False), "内積は", "積は"),
    ],
    ids=["words", "whole", "part", "case", "no pattern", "spaces", "umlaut", "signs", "nothing", "no spaces"],
)
def test_replaced(query, text, after):
    """Plain text is found and replaced, across spaces and line ends, whole words unless parts are wanted."""
    assert after == query.replaced(text)
    assert (query.count(text) > 0) is (text != after)


@settings(deadline=None)
@given(st.text(max_size=30), st.text(max_size=5), st.text(max_size=5), st.booleans(), st.booleans())
def test_any_text(text, find, replacement, match_case, whole_words):
    """Nothing that is typed is an error, and what is not found is left as it is."""
    query = Query(find=find, replacement=replacement, match_case=match_case, whole_words=whole_words)
    if not query.count(text):
        assert text == query.replaced(text)


@pytest.fixture
def document(tmp_path):
    """A course of two videos, the second first in the list of segments."""
    texts = [
        ("m2", 5, "doc"),
        ("m1", 2, "A doc."),
        ("m1", 1, "Doc, doc!"),
        ("m1", 0, "dot"),
        (None, 0, "doc"),
        ("m1", 3, 7),
    ]
    content = {
        "format": "transcripts",
        "media": [{"id": "m1"}, {"id": "m2"}],
        "segments": [
            {"id": f"s{n}", "media_id": media, "start": start, "duration": 1, "text": text}
            for n, (media, start, text) in enumerate(texts)
        ],
    }
    path = tmp_path / "course.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with opened(path, HeldClock()) as found:
        yield found


def test_found_by_video_and_time(document):
    """What is found stands by video and time, with the text as it would be."""
    hits = find_all(document, Query(find="doc", replacement="dot"))
    assert [("s2", "dot, dot!", 2), ("s1", "A dot.", 1), ("s0", "dot", 1), ("s4", "dot", 1)] == [
        (hit.id, hit.after, hit.count) for hit in hits
    ]


def test_replaced_in_one_step(document):
    """All but what was left out and what was changed since, as one step to undo, marked as edited."""
    hits = find_all(document, Query(find="doc", replacement="dot"))
    document.update("segments", "s1", text="Another doc.")
    assert 2 == replace_all(document, hits, without={"s4"})
    texts = {row["id"]: row["text"] for row in document.rows("segments")}
    assert ("dot", "Another doc.", "dot, dot!", "doc") == tuple(texts[one] for one in ("s0", "s1", "s2", "s4"))
    assert document.get("segments", "s2")["edited"]
    document.undo()
    assert ["doc", "Doc, doc!"] == [document.get("segments", one)["text"] for one in ("s0", "s2")]


def test_refused(document, monkeypatch):
    """If it can't be kept, nothing is replaced."""
    from transcripts.journal import Journal

    def full(self, step):
        raise DocumentError("The disk is full.")

    before = document.snapshot_bytes()
    monkeypatch.setattr(Journal, "append", full)
    with pytest.raises(DocumentError):
        replace_all(document, find_all(document, Query(find="doc", replacement="dot")))
    assert before == document.snapshot_bytes()
