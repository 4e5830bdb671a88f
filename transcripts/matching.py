"""Which rows of another dataset are in this one already, under other numbers, and which number a new one gets.

Two datasets number their rows alike, so a number says nothing about whether two rows are the same one. Pure.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator

from transcripts.changes import Change, RowKey, Step
from transcripts.rows import Id, Row, decoded, is_id, row_line
from transcripts.schema import ID_FIELD, Schema


# From the collections that are referred to on, as a row is the same only if it refers to the same rows:
# 1. A row whose id is a text stays, and so does one that is there under its own number.
# 2. A row that says the same as one that is there under another number is that one; two such rows are two of them.
# 3. Any other gets its own number if that is free, else the next one.
def renumbered(theirs: Step, ours: Step, schema: Schema, next_ids: Callable[[str], int]) -> Step:
    """Return the rows of another dataset as they go into ours.

    Args:
        theirs: the rows of the other dataset, as additions.
        ours: the rows that are there, as additions.
        schema: of both.
        next_ids: the next number of a collection of ours.
    """
    new_ids: dict[RowKey, Id] = {}
    found: list[Change] = []
    for collection in in_order_of_reference(schema):
        added = [one for one in theirs if one.collection == collection]
        if not new_ids and not any(type(one.id) is int for one in added):
            found += added
            continue
        rows = {one.id: _referring(one, new_ids, schema) for one in added}
        there = {one.id: decoded(one.after or b"{}") for one in ours if one.collection == collection}
        for row_id, new_id in _new_ids(rows, there, next_ids(collection)).items():
            if new_id != row_id:
                new_ids[collection, row_id] = new_id
            after = row_line({**rows[row_id], ID_FIELD: new_id})
            found.append(Change(collection=collection, id=new_id, before=None, after=after))
    return tuple(found)


def in_order_of_reference(schema: Schema) -> list[str]:
    """Return the names of the collections, those that are referred to first."""

    def targets(collection: str) -> Iterator[str]:
        for reference in schema.references_of(collection):
            yield reference.target
            yield from targets(reference.target)

    return sorted((one.name for one in schema.collections), key=lambda name: sum(1 for _ in targets(name)))


def _referring(change: Change, new_ids: dict[RowKey, Id], schema: Schema) -> Row:
    """Return an added row that refers to what it did under the ids that those rows have now."""
    row = decoded(change.after or b"{}")
    for reference in schema.references_of(change.collection):
        target = row.get(reference.field)
        if is_id(target):
            row[reference.field] = new_ids.get((reference.target, target), target)
    return row


def _new_ids(rows: dict[Id, Row], there: dict[Id, Row], next_id: int) -> dict[Id, Id]:
    same = {
        row_id: row_id
        for row_id, row in rows.items()
        if type(row_id) is not int or (there.get(row_id) == row and _says(there[row_id]) == _says(row))
    }
    free = defaultdict[str, list[Id]](list)
    for row_id in reversed(there):
        if type(row_id) is int and row_id not in same:
            free[_says(there[row_id])].append(row_id)
    ids: dict[Id, Id] = dict(same)
    number = max([next_id - 1, *(one for one in rows if type(one) is int)])
    for row_id, row in rows.items():
        if row_id in same:
            continue
        if free[_says(row)]:
            ids[row_id] = free[_says(row)].pop()
        elif row_id not in there:
            ids[row_id] = row_id
        else:
            number += 1
            ids[row_id] = number
    return ids


def _says(row: Row) -> str:
    """Return what a row says besides its id, in one spelling."""
    return json.dumps({name: value for name, value in row.items() if name != ID_FIELD}, sort_keys=True)
