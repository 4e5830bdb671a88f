"""Whatever two people change, and however the editor decides, a merge loses nothing and breaks no reference."""

from __future__ import annotations

import itertools
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from datasets import KINDS, opened
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from transcripts.content import parse_content
from transcripts.errors import DocumentError
from transcripts.merge import Side
from transcripts.store import Store

KINDS_OF_EDIT = ["text", "note", *(f"{what}{whom}" for what in ("add", "refer", "delete") for whom in ("", " second"))]
KINDS_OF_EDIT += ["add target", "delete target"]
EDITS = st.lists(
    st.tuples(
        st.sampled_from(KINDS_OF_EDIT),
        st.integers(0, 5),
        st.integers(0, 5),
    ),
    max_size=8,
)
SIDES = st.lists(st.sampled_from(list(Side)), min_size=1, max_size=4)
ROUNDS = 20
"""More than any chain of references is long."""


def second_of(kind):
    """Return the other reference that the rows have: one of them may hold what the other lets go."""
    (found,) = (one for one in kind.schema.references_of(kind.rows) if one.field != kind.field)
    return found


def edit(kind, document, edits, who):
    """Make the edits that are possible; each new value is unlike any other."""
    for number, (what, one, another) in enumerate(edits):
        field, target = kind.field, kind.target
        if what.endswith(" second"):
            field, target = second_of(kind).field, second_of(kind).target
        rows, targets = document.rows(kind.rows), document.rows(target)
        row_id = rows[one % len(rows)]["id"] if rows else None
        target_id = targets[another % len(targets)]["id"] if targets else None
        with suppress(DocumentError):
            if what == "add":
                document.add(kind.rows, {**kind.new_row, field: target_id, "by": f"{who} {number}"})
            elif what.startswith("add "):
                document.add(target, {"name": f"{who} {number}", "by": f"{who} {number}"})
            elif what == "text":
                document.update(kind.rows, row_id, **{kind.text: f"{who} {number}"})
            elif what == "note":
                document.update(kind.rows, row_id, **{who: number})
            elif what.startswith("refer"):
                document.update(kind.rows, row_id, **{field: target_id})
            elif what == "delete":
                document.delete(kind.rows, row_id)
            else:
                document.delete(target, target_id, cascade=one % 2 == 0)


def by_id(document, name):
    """Return the rows of a collection by their ids."""
    return {row["id"]: row for row in document.rows(name)}


def one_sided(before, ours, theirs):
    """Return the fields of a row that one of the two alone has changed, with what they are to be."""
    found = {}
    for name in {**before, **ours, **theirs}:
        old, own, other = (one.get(name) for one in (before, ours, theirs))
        if own == old or other == old:
            found[name] = other if own == old else own
    return found


@pytest.mark.parametrize("kind", KINDS, ids=[kind.schema.name for kind in KINDS])
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(ours=EDITS, theirs=EDITS, sides=SIDES)
@example(
    ours=[("delete target", 0, 1), ("delete target", 0, 0)],
    theirs=[("add", 0, 0), ("refer", 0, 1)],
    sides=[Side.OURS, Side.OURS, Side.THEIRS],
)
@example(
    ours=[("delete second", 0, 0), ("delete target", 0, 0)],
    theirs=[("add second", 0, 0), ("add", 0, 0), ("refer second", 3, 1)],
    sides=[Side.THEIRS],
)
def test_any_two(kind, ours, theirs, sides):
    """No reference is broken; without a collision each change of either is there; what differs is unsaved."""
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "theirs").mkdir()
        path, other_path = (kind.write(Path(name) / one) for one in ("dataset.json", "theirs/dataset.json"))
        before = path.read_bytes()
        with opened(path) as document, opened(other_path) as other:
            document.set_saved(None)
            edit(kind, document, ours, "ours")
            edit(kind, other, theirs, "theirs")
            saved = other.snapshot_bytes()
            mine = {one: by_id(document, one) for one in document.collections}
            yours = {one: by_id(other, one) for one in other.collections}
            decisions, choice = {}, itertools.cycle(sides)
            for _ in range(ROUNDS):
                found = document.merge_saved(before, saved, decisions)
                if not found.open:
                    break
                decisions |= {one.key: next(choice) for one in found.open}
            assert () == found.open

            merged = Store(parse_content(document.snapshot_bytes(), "merged", kind.schema))
            assert () == merged.problems()
            differing = [
                row_id
                for one in document.collections
                for row_id in {**by_id(document, one), **yours[one]}
                if by_id(document, one).get(row_id) != yours[one].get(row_id)
            ]
            assert len(differing) == document.changes.count == len(found.changes)
            if not decisions:
                check_all_there(kind, document, renumbered(kind, mine, found.renumbered), yours)


def renumbered(kind, mine, new_ids):
    """Return our rows with the ids that they have got where theirs have the same, also where ours refer to them."""
    before = {row["id"]: row for row in kind.content[kind.rows]}
    found = {name: {new_ids.get((name, one), one): dict(row) for one, row in mine[name].items()} for name in mine}
    for row_id, row in found[kind.rows].items():
        for reference in kind.schema.references_of(kind.rows):
            target = (reference.target, row.get(reference.field))
            if target in new_ids and before.get(row_id, {}).get(reference.field) != row[reference.field]:
                row[reference.field] = new_ids[target]
    return found


def check_all_there(kind, document, mine, yours):
    """See that what either has done is done."""
    for name in document.collections:
        merged = by_id(document, name)
        base = {row["id"]: row for row in kind.content[name]}
        added = [row["by"] for side in (mine, yours) for row in side[name].values() if "by" in row]
        assert sorted(added) == sorted(row["by"] for row in merged.values() if "by" in row)
        for row_id, row in base.items():
            if row_id in mine[name] and row_id in yours[name]:
                wanted = one_sided(row, mine[name][row_id], yours[name][row_id])
                assert wanted == {field: merged[row_id].get(field) for field in wanted}
            else:
                assert row_id not in merged
