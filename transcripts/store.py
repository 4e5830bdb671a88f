"""A dataset's collections in memory: what an edit changes, and whether it may.

Knows ids and references by the schema. Nothing of files, threads or undo; `planned_…` decide without any effect,
`apply` does it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from transcripts.changes import Change, Step
from transcripts.content import Content, written
from transcripts.errors import (
    BrokenReferenceError,
    InvalidRowError,
    ReferredToError,
    UnknownCollectionError,
    UnknownRowError,
)
from transcripts.rows import Id, Row, decoded, is_id, json_copy, row_line
from transcripts.schema import ID_FIELD, OnDelete, Reference
from transcripts.table import Table


class Removed:
    """The type of `REMOVED`."""


REMOVED = Removed()
"""As a value in `update`: the row is to have no such field."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A dataset as it was at one moment; edits go on beside it."""

    version: int
    values: Mapping[str, bytes]
    collections: Mapping[str, Sequence[bytes | None]]
    next_ids: Mapping[str, int]

    def pieces(self) -> Iterator[bytes]:
        """Yield the file's content piece by piece."""
        return written(self.values, self.collections, self.next_ids)


class Store:
    """The tables of a dataset. Not for several threads at once."""

    def __init__(self, content: Content) -> None:
        self.schema = content.schema
        # rows are written from the tables: their lists as they were read would take as much memory again
        self._values = {key: b"[]" if key in content.collections else value for key, value in content.values.items()}
        self._tables = {
            one.name: Table(
                one,
                content.schema.references_of(one.name),
                content.collections[one.name],
                next_id=max(1, content.next_ids.get(one.name, 1)),
            )
            for one in content.schema.collections
        }

    def table(self, collection: str) -> Table:
        """Return a collection's table. Raises UnknownCollectionError."""
        if collection not in self._tables:
            raise UnknownCollectionError(f"There is no collection {collection!r}: there are {', '.join(self._tables)}.")
        return self._tables[collection]

    def problems(self) -> tuple[str, ...]:
        """Return a sentence for each kind of mistake that was in the file."""
        tables = list(self._tables.values())
        return tuple(sentence for table in tables for sentence in table.problems(tables))

    def next_ids(self) -> dict[str, int]:
        """Return the next numbers that the rows themselves don't tell."""
        found = {name: table.untold_next_id() for name, table in self._tables.items()}
        return {name: number for name, number in found.items() if number is not None}

    def snapshot(self, version: int) -> Snapshot:
        """Return everything as it is."""
        collections = {name: list(table.slots) for name, table in self._tables.items()}
        return Snapshot(version=version, values=self._values, collections=collections, next_ids=self.next_ids())

    def become(self, other: Store) -> None:
        """Take over all of another store that says the same of every row with an id: the order of rows, those without
        an id, and everything that is no collection. Ids that were given out here stay given out.
        """
        for name, table in other._tables.items():
            table.next_id = max(table.next_id, self._tables[name].next_id)
        # the other gets the earlier tables, to be freed when nobody waits any more
        self._tables, other._tables = other._tables, self._tables
        self._values = other._values

    def free(self) -> None:
        """Free the rows, which nobody needs any more."""
        for table in self._tables.values():
            table.free()

    def differences(self, other: Content) -> list[Change]:
        """Return what makes the rows of another content those of this one."""
        return [
            Change(collection=name, id=row_id, before=theirs, after=own)
            for name, table in self._tables.items()
            for row_id, theirs, own in table.differences(other.collections[name])
        ]

    def rows(self, collection: str, where: Mapping[str, Id]) -> list[bytes]:
        """Return a collection's rows in their order, of all those whose references hold certain ids."""
        table = self.table(collection)
        found: Sequence[int] = range(len(table.slots))
        for number, (field, target) in enumerate(where.items()):
            if field not in {one.field for one in table.references}:
                raise UnknownCollectionError(f"{field!r} of {collection} refers to nothing: rows can't be found by it.")
            slots = table.slots_referring(field, target)
            found = sorted(set(found) & set(slots)) if number else slots
        return [row for slot in found if (row := table.slots[slot]) is not None]

    def apply(self, change: Change) -> None:
        """Make a change."""
        self.table(change.collection).put(change.id, change.after)

    def planned_add(self, collection: str, row: Mapping[str, object]) -> Change:
        """Return what adds a row; it gets an id if it has none. Raises DocumentError."""
        table = self.table(collection)
        fields = json_copy(row)
        if ID_FIELD not in fields:
            fields = {ID_FIELD: table.new_id(), **fields}
        row_id = fields[ID_FIELD]
        if not is_id(row_id):
            raise InvalidRowError(
                f"The id of a row of {collection} has to be a whole number or a text, not {row_id!r}."
            )
        if table.slot(row_id) is not None:
            raise InvalidRowError(f"{collection} has a row with the id {row_id!r} already: leave the id out.")
        self._check_references(table, fields, [one.field for one in table.references])
        return Change(collection=collection, id=row_id, before=None, after=row_line(fields))

    def planned_update(self, collection: str, row_id: Id, fields: Mapping[str, object]) -> Change | None:
        """Return what sets fields of a row, None where they are as they shall be. Raises DocumentError."""
        table = self.table(collection)
        before = self._existing(table, row_id)
        given = json_copy({name: value for name, value in fields.items() if not isinstance(value, Removed)})
        old = decoded(before)
        if ID_FIELD in fields and given.get(ID_FIELD) != row_id:
            raise InvalidRowError(f"The id of a row can't be changed, as that of {row_id!r} in {collection}.")
        self._check_references(table, given, [one for one in given if given[one] != old.get(one)])
        kept = {name: value for name, value in old.items() if not isinstance(fields.get(name), Removed)}
        after = row_line({**kept, **given})
        return None if after == row_line(old) else Change(collection=collection, id=row_id, before=before, after=after)

    def planned_delete(self, collection: str, row_id: Id, *, cascade: bool) -> Step:
        """Return what deletes a row, with what the schema says about rows that refer to it. Raises DocumentError."""
        before = self._existing(self.table(collection), row_id)
        deleted: dict[tuple[str, Id], bytes] = {(collection, row_id): before}
        cleared: dict[tuple[str, Id], Row] = {}
        refused: dict[str, int] = {}
        open_ends: list[tuple[str, Id]] = [(collection, row_id)]
        while open_ends:
            name, target = open_ends.pop()
            for reference in self.schema.references_to(name):
                for referring_id, row in self._referring(reference, target):
                    key = (reference.collection, referring_id)
                    if key in deleted:
                        continue
                    if reference.on_delete is OnDelete.CLEAR:
                        fields = cleared.setdefault(key, decoded(row))
                        fields[reference.field] = None
                        continue
                    if reference.on_delete is OnDelete.REFUSE and not cascade:
                        refused[reference.collection] = refused.get(reference.collection, 0) + 1
                    deleted[key] = row
                    open_ends.append(key)
        if refused:
            raise ReferredToError(self._refusal(collection, row_id, refused), refused)
        return tuple(
            Change(collection=name, id=one, before=self._existing(self.table(name), one), after=row_line(fields))
            for (name, one), fields in cleared.items()
            if (name, one) not in deleted
        ) + tuple(
            Change(collection=name, id=one, before=row, after=None) for (name, one), row in reversed(deleted.items())
        )

    def _referring(self, reference: Reference, target: Id) -> Iterator[tuple[Id, bytes]]:
        """Yield the rows that can be edited and refer to another one."""
        table = self.table(reference.collection)
        for slot in table.slots_referring(reference.field, target):
            row = table.slots[slot]
            row_id = table.id_of(row) if row is not None else None
            if row is not None and row_id is not None and table.slot(row_id) == slot:
                yield row_id, row

    def _refusal(self, collection: str, row_id: Id, counts: Mapping[str, int]) -> str:
        said = ", ".join(self.table(name).collection.counted(count) for name, count in counts.items())
        singular = self.table(collection).collection.singular
        refer = "refers" if sum(counts.values()) == 1 else "refer"
        return f"The {singular} {row_id!r} can't be deleted while {said} {refer} to it: delete them too, or first."

    def _existing(self, table: Table, row_id: Id) -> bytes:
        row = table.row(row_id)
        if row is None:
            raise UnknownRowError(f"There is no {table.collection.singular} with the id {row_id!r}.")
        return row

    def _check_references(self, table: Table, fields: Mapping[str, object], changed: Sequence[str]) -> None:
        for reference in table.references:
            value = fields.get(reference.field)
            if reference.field not in changed or value is None:
                continue
            target = self.table(reference.target)
            if not (isinstance(value, int | str) and is_id(value)) or target.slot(value) is None:
                raise BrokenReferenceError(
                    f"{reference.field} can't be {value!r}: there is no {target.collection.singular} with that id."
                )
