"""Whatever is edited in whatever order, a dataset says what a plain list of rows would."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from datasets import KINDS, left_by_a_crash, opened
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
EDITS = st.lists(
    st.tuples(st.sampled_from(["add", "update", "delete", "undo", "redo", "save"]), st.integers(0, 9), VALUES),
    max_size=12,
)


class Model:
    """The rows of one collection, and what undo has to bring back: whole states."""

    def __init__(self, rows):
        self.states = [rows]
        self.at = 0

    @property
    def rows(self):
        return self.states[self.at]

    def become(self, rows):
        """Note a new state, unless it is the same."""
        if json.dumps(rows) != json.dumps(self.rows):
            self.states = [*self.states[: self.at + 1], rows]
            self.at += 1

    def move(self, by):
        """Undo or redo."""
        self.at = min(max(self.at + by, 0), len(self.states) - 1)


def apply(kind, document, model, edit, number, value):
    """Make one edit in the document and in the model."""
    rows = model.rows
    if edit == "add":
        new_id = document.add(kind.rows, {"x": value})
        model.become([*rows, {"id": new_id, "x": value}])
    elif edit in ("undo", "redo"):
        there_is_one = model.at > 0 if edit == "undo" else model.at < len(model.states) - 1
        assert [there_is_one] * 2 == [getattr(document, f"can_{edit}"), getattr(document, edit)()]
        model.move(-1 if edit == "undo" else 1)
    elif rows and edit == "update":
        at = number % len(rows)
        document.update(kind.rows, rows[at]["id"], x=value)
        model.become([*rows[:at], {**rows[at], "x": value}, *rows[at + 1 :]])
    elif rows and edit == "delete":
        at = number % len(rows)
        document.delete(kind.rows, rows[at]["id"])
        model.become([*rows[:at], *rows[at + 1 :]])
    elif edit == "save":
        document.flush()


def by_id(rows):
    """Return rows by their ids, as text that tells 0 from false."""
    return {row["id"]: json.dumps(row) for row in rows}


@pytest.mark.parametrize("kind", KINDS, ids=[kind.schema.name for kind in KINDS])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(edits=EDITS)
def test_any_edits(kind, edits):
    """After any edits, undone or not, saved or not, rows and file are those of a plain list; a crash loses none."""
    with tempfile.TemporaryDirectory() as name:
        path = kind.write(Path(name) / "dataset.json")
        model = Model(kind.content[kind.rows])
        with opened(path) as document:
            for edit, number, value in edits:
                apply(kind, document, model, edit, number, value)
            assert json.dumps(model.rows) == json.dumps(document.rows(kind.rows))
            left = left_by_a_crash(path, Path(name) / "crashed")
        assert json.dumps(model.rows) == json.dumps(json.loads(path.read_bytes())[kind.rows])
        with opened(left) as again:
            if again.recovery is not None:
                again.accept_recovered()
            assert by_id(model.rows) == by_id(again.rows(kind.rows))
