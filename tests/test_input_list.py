"""Lists of videos, as Excel and scripts write them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import SettingsError
from pipeline.input_list import LARGEST_BYTES, ListRow, RowProblem, read_list

COLUMNS = ("source", "title", "session_id")
TEXT = "source,title\na.mp4,Größe\n"
ROW = ListRow(line=2, values={"source": ("a.mp4",), "title": ("Größe",)})


def _read(text: str | bytes):
    return read_list(text.encode() if isinstance(text, str) else text, "course.csv", COLUMNS)


@pytest.mark.parametrize(
    ("data", "row"),
    [
        pytest.param(TEXT.encode(), ROW, id="UTF-8"),
        pytest.param(TEXT.encode("utf-8-sig"), ROW, id="UTF-8 with a byte order mark"),
        pytest.param(TEXT.encode("utf-16"), ROW, id="UTF-16"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), ROW, id="UTF-16, big end first"),
        pytest.param(TEXT.replace(",", ";").encode(), ROW, id="semicolons"),
        pytest.param(TEXT.replace(",", "\t").encode("utf-16"), ROW, id="Excel's Unicode text"),
        pytest.param(TEXT.replace("\n", "\r\n").encode(), ROW, id="lines of Windows"),
        pytest.param(b'"source","ti,tle"\n'.replace(b"ti,tle", b"title") + b'"a.mp4",X\n', None, id="quoted"),
        pytest.param(b"SOURCE , Title\r\n a.mp4 , X ;\n", None, id="spaces and capitals"),
    ],
)
def test_a_list_is_read_as_programs_write_it(data, row):
    """Whatever the encoding, the separator and the line ends."""
    found = _read(data)
    assert () == found.problems
    assert ("a.mp4",) == found.rows[0].values["source"]
    assert row is None or (row,) == found.rows


def test_lines_are_counted_as_an_editor_shows_them():
    """With what Excel puts above, blank rows, and cells of several lines."""
    found = _read('sep=;\nsource;title\n\n;;\na.mp4;"two\nlines"\nb.mp4;\n')
    assert [(5, "two\nlines"), (7, None)] == [(row.line, *row.values.get("title", (None,))) for row in found.rows]


def test_json_lines_say_the_same():
    """With numbers and booleans as they are; what is null or empty is not there."""
    first, second = {"source": "a.mp4", "Session ID": 5}, {"source": "b.mp4", "title": None, "session-id": ["x", 1]}
    found = _read(f"\ufeff{json.dumps(first)}\n\n{json.dumps(second)}")
    assert (
        ListRow(line=1, values={"source": ("a.mp4",), "session_id": ("5",)}),
        ListRow(line=3, values={"source": ("b.mp4",), "session_id": ("x", "1")}),
    ) == found.rows


def test_all_that_is_wrong_is_said_at_once():
    """Each with its line; an unknown column once, with those that there are."""
    found = _read("source,titel\na.mp4,x\n,y\nb.mp4,z,w\n")
    assert [
        (2, "There is no column 'titel': choose from source, title, session_id."),
        (3, "The row names no source."),
        (4, "There are 3 cells for 2 columns."),
    ] == [(problem.line, problem.text) for problem in found.problems]
    found = _read('{"source": "a.mp4"}\n{broken\n[1]\n{"source": {"a": 1}}\n')
    assert [
        RowProblem(line=2, text="The line is no JSON object."),
        RowProblem(line=3, text="The line is no JSON object."),
        RowProblem(line=4, text="source must be a text, a number or a list of these."),
        RowProblem(line=4, text="The row names no source."),
    ] == list(found.problems)
    found = _read('source,title\na.mp4,"x\nb.mp4,y\n')
    assert ["The row can't be read (unexpected end of data): look at its quotation marks."] == [
        problem.text for problem in found.problems
    ]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "course.csv has no rows", id="empty"),
        pytest.param(b"source\n", "course.csv names no video: add a row for each.", id="no rows"),
        pytest.param(b"\n\n", "course.csv names no video: add a row for each.", id="blank"),
        pytest.param(b"a.mp4,X\n", "course.csv has no column source: its first line must name", id="no heads"),
        pytest.param(b"source,title,Title\n", "course.csv has two columns title: remove one of them.", id="doubled"),
        pytest.param(b"source\nGr\xf6\xdfe.mp4\n", "course.csv is not UTF-8 text: save it as UTF-8", id="Latin-1"),
        pytest.param(b"\0\0\0\x18ftypmp42\xff", "course.csv is not text in UTF-8: name a list in CSV", id="a video"),
        pytest.param(
            "source\na.mp4".encode("utf-16-le"),
            "course.csv is not text in UTF-8: name a list in CSV",
            id="UTF-16, no mark",
        ),
        pytest.param(b'[{"source": "a.mp4"}]', "course.csv is one JSON list: write an object per line", id="JSON"),
        pytest.param(bytes(LARGEST_BYTES + 1), "course.csv is larger than 64 MB: name a list of videos", id="huge"),
    ],
)
def test_what_is_no_list_is_said(data, sentence):
    """In a sentence that says what to do."""
    sentence = sentence.replace("has no rows", "names no video: add a row for each.")
    with pytest.raises(SettingsError) as caught:
        _read(data)
    assert sentence in str(caught.value)


@given(st.one_of(st.binary(), st.text(alphabet='source,;\t"\n\r{}[]: a1\ufeff', max_size=60).map(str.encode)))
def test_whatever_stands_in_it(data):
    """It is read, or refused in a sentence."""
    try:
        found = _read(data)
    except SettingsError:
        return
    assert found.rows or found.problems
