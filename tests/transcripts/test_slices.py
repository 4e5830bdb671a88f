"""transcripts.slices: a file with a row a line is read a slice at a time, and says what it says as a whole."""

from __future__ import annotations

import json

import pytest
from datasets import KINDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from transcripts import content as content_module
from transcripts import slices
from transcripts.content import parse_content, written
from transcripts.slices import Sliced, read_in_slices

NAMES = ("media", "segments", "images", "annotations", "categories", "speakers")

TEXTS = st.sampled_from(["", "a", "]", "\n]", '\n"segments": [\n', "[{", "},", "ü", "\\", '"', "],\n"])
ROWS = st.lists(
    st.dictionaries(st.sampled_from(["id", "text", "media", "segments"]), TEXTS | st.lists(TEXTS, max_size=2)),
    max_size=6,
)


@pytest.fixture(autouse=True)
def short_slices(monkeypatch):
    """Slices of a few bytes, so that a small file has many."""
    monkeypatch.setattr(slices, "SLICE_BYTES", 8)
    monkeypatch.setattr(slices, "WINDOW_BYTES", 16)


def as_a_whole(data, monkeypatch):
    """Return what a file holds, read in one piece, or what is said about it."""
    with monkeypatch.context() as patched:
        patched.setattr(content_module, "read_in_slices", lambda data, names: Sliced(rest=data))
        return outcome(data)


def outcome(data):
    """Return what a file holds, or what is said about it; a list's own value tells nothing but that it is there."""
    try:
        found = parse_content(data, "course.json", None)
    except content_module.UnreadableError as error:
        return str(error)
    values = {key: value for key, value in found.values.items() if key not in found.collections}
    return list(found.values), values, found.collections, found.next_ids


@pytest.mark.parametrize("kind", KINDS, ids=[kind.schema.name for kind in KINDS])
def test_what_the_program_writes_is_read_in_slices(kind):
    """All lists of a file that the program wrote are read row by row, and nothing of them is left."""
    rows = {one.name: [json.dumps(row).encode() for row in kind.content[one.name]] for one in kind.schema.collections}
    values = {key: json.dumps(value).encode() for key, value in kind.content.items()}
    found = read_in_slices(b"".join(written(values, rows, {})), NAMES)

    assert rows == found.rows
    assert {name: [] for name in rows} == {name: json.loads(found.rest)[name] for name in rows}


@given(
    rows=ROWS,
    more=ROWS,
    indent=st.sampled_from([None, 0, 1]),
    cut=st.integers(0, 40),
    put=st.sampled_from([b"", b"\n", b",", b",\n", b"]", b"\n]", b"[", b'\n"segments": [\n', b"{}", b"\xff", b"\\"]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
def test_any_file(rows, more, indent, cut, put, monkeypatch):
    """A file says the same in slices and as a whole, be it written otherwise, damaged, or no dataset."""
    lines = {
        name: [json.dumps(row, indent=indent).encode() for row in one]
        for name, one in (("media", more), ("segments", rows))
    }
    values = {"title": json.dumps({"segments": more}, indent=indent).encode(), "media": b"[]", "segments": b"[]"}
    data = b"".join(written(values, lines, {}))
    at = len(data) * cut // 40
    for one in (data, data[:at] + put + data[at:]):
        assert as_a_whole(one, monkeypatch) == outcome(one)


TWICE = b'{\n"media": [],\n"segments": [\n{"id": 1}\n],\n"segments": []\n}'
DEEPER = b'{\n"media": [],\n"x": {\n"segments": [\n{"id": 1}\n]},\n"segments": [{"id": 2}]}'
OTHER = b'{\n"media": [],\n"segments": [],\n"images2": 1,\n"categories": [\n{"id": 1}\n]\n}'
NO_COMMA = b'{\n"media": [],\n"segments": [\n{"id": 1}\n{"id": 2}\n]\n}'


@pytest.mark.parametrize("data", [TWICE, DEEPER, OTHER, NO_COMMA], ids=["twice", "deeper", "another", "no-comma"])
def test_lists_that_are_left_alone(data, monkeypatch):
    """A list that stands twice, deeper in the file, or is none of the dataset's is read with the rest."""
    assert as_a_whole(data, monkeypatch) == outcome(data)
