"""What becomes of a dataset that two people changed: what does not collide is merged, what does is told.

By id and field, from what each changed of the same saved state. Pure: reads a store, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from transcripts.changes import Change, ChangeSummary, RowKey, Step, summary_of
from transcripts.rows import Id, Row, decoded, is_id, row_line, same
from transcripts.schema import ID_FIELD, OnDelete, Reference, Schema
from transcripts.store import Store


class Side(Enum):
    """Whose change counts."""

    OURS = "ours"
    THEIRS = "theirs"


class Missing(Enum):
    """The type of `MISSING`."""

    MISSING = "nothing"


MISSING = Missing.MISSING
"""As a value of a collision: that side has no such field, or no such row."""

CollisionKey = tuple[str, Id, str | None]
"""Where two changes collide: a collection, a row, and a field (None: whether the row is there)."""


@dataclass(frozen=True, kw_only=True)
class Collision:
    """What both changed, each otherwise. Values are a field's, or whole rows where `field` is None."""

    collection: str
    id: Id
    field: str | None
    before: object
    ours: object
    theirs: object
    text: str

    @property
    def key(self) -> CollisionKey:
        """What a decision is about."""
        return self.collection, self.id, self.field


@dataclass(frozen=True, kw_only=True)
class Merge:
    """What comes of two lists of changes.

    `changes` make the merged dataset of theirs. `open` are the collisions that nobody has decided yet; while there are
    any, `changes` are of no use. `renumbered` has the new ids of our new rows whose ids they have given to theirs.
    """

    changes: Step
    open: tuple[Collision, ...]
    ours: ChangeSummary
    theirs: ChangeSummary
    renumbered: Mapping[RowKey, Id] = field(default_factory=dict)


def merge_changes(ours: Step, theirs: Step, saved: Store, decisions: Mapping[CollisionKey, Side]) -> Merge:
    """Merge what we have changed with what they have saved.

    Args:
        ours: our changes, one a row.
        theirs: their changes, one a row, of the same state as ours.
        saved: the dataset with their changes.
        decisions: whose change counts where two collide.
    """
    schema = saved.schema
    renumbered = _renumbered(ours, theirs, saved)
    work = _Merging(saved, {one.key: one for one in theirs}, decisions)
    for change in _with_new_ids(ours, renumbered, schema):
        work.take(change)
    work.mend_references()
    return Merge(
        changes=work.changes(),
        open=tuple(work.open),
        ours=summary_of(ours, schema),
        theirs=summary_of(theirs, schema),
        renumbered=renumbered,
    )


def _renumbered(ours: Step, theirs: Step, saved: Store) -> dict[RowKey, Id]:
    """Return new ids for rows that both have added under one number: numbers count upward, so these are two rows."""
    added = {one.key: one.after for one in theirs if one.before is None}
    taken: dict[str, int] = {}
    for change in ours:
        if isinstance(change.id, int):
            taken[change.collection] = max(taken.get(change.collection, 0), change.id)
    found: dict[RowKey, Id] = {}
    for change in ours:
        both = change.before is None and change.key in added
        if both and isinstance(change.id, int) and not same(added[change.key], change.after):
            number = max(taken[change.collection], saved.table(change.collection).next_id - 1) + 1
            found[change.key] = taken[change.collection] = number
    return found


def _with_new_ids(ours: Step, renumbered: Mapping[RowKey, Id], schema: Schema) -> Iterator[Change]:
    """Yield our changes with new ids, also where they refer to such a row."""
    if not renumbered:
        yield from ours
        return
    for change in ours:
        row = None if change.after is None else decoded(change.after)
        new_id = renumbered.get(change.key, change.id)
        if row is not None:
            old = {} if change.before is None else decoded(change.before)
            for reference in schema.references_of(change.collection):
                target: Any = row.get(reference.field)
                new = renumbered.get((reference.target, target)) if is_id(target) else None
                if new is not None and target != old.get(reference.field):
                    row[reference.field] = new
            if new_id != change.id:
                row[ID_FIELD] = new_id
        after = change.after if row is None or row == decoded(change.after or b"{}") else row_line(row)
        yield Change(collection=change.collection, id=new_id, before=change.before, after=after)


class _Merging:
    """A merge under way: our changes one by one, then the references between what is left."""

    def __init__(self, saved: Store, theirs: Mapping[RowKey, Change], decisions: Mapping[CollisionKey, Side]) -> None:
        self.open: list[Collision] = []
        self._saved = saved
        self._theirs = theirs
        self._decisions = decisions
        self._rows: dict[RowKey, bytes | None] = {}
        """Our rows that go into theirs, by key; None deletes one."""
        self._deleted: dict[RowKey, bytes] = {}
        self._before = {key: change.before for key, change in theirs.items()}
        self._told: set[CollisionKey] = set()

    def take(self, change: Change) -> None:
        """Put one of our changes into theirs."""
        if change.before is not None and change.after is None:
            self._deleted[change.key] = change.before
        self._before[change.key] = change.before
        other = self._theirs.get(change.key)
        if other is None:
            self._rows[change.key] = change.after
        elif same(other.after, change.after):
            return
        elif other.after is None or change.after is None:
            if self._row_decided(change.key, change.before, change.after, other.after) is Side.OURS:
                self._rows[change.key] = change.after
        else:
            self._rows[change.key] = self._merged_fields(change, decoded(other.after), decoded(change.after))

    def _merged_fields(self, change: Change, theirs: Row, ours: Row) -> bytes:
        before = {} if change.before is None else decoded(change.before)
        merged = dict(theirs)
        for name in {**before, **ours}:
            old, own, other = (one.get(name, MISSING) for one in (before, ours, theirs))
            if _equal(own, old) or _equal(own, other):
                continue
            if not _equal(other, old) and self._decided(change.key, name, old, own, other) is Side.THEIRS:
                continue
            if own is MISSING:
                merged.pop(name, None)
            else:
                merged[name] = own
        return row_line(merged)

    # 1. A row that one has deleted and the other has begun to use: the editor decides. Where it stays, what we have
    #    deleted along with it comes back, but for rows of which the editor has said that they go.
    # 2. Only now is it known what is gone. Whatever refers to it lets go of it: rows of theirs and of ours, and those
    #    that came back, which may refer to something else that we delete.
    # What is referred to refers to nothing itself in any schema, so that letting go leaves nothing else to mend.
    def mend_references(self) -> None:
        """See that every row refers to what is there."""
        for key in [key for key, row in self._rows.items() if row is None]:
            self._keep_what_they_refer_to(key)
        ours = [key for key, row in self._rows.items() if row is not None]
        for key in ours:
            self._keep_what_we_refer_to(key)
        deleted = [key for key, row in self._rows.items() if row is None]
        for key in [*(one for target in deleted for one in self._referring(target)), *ours]:
            for reference in self._saved.schema.references_of(key[0]):
                self._let_go_of_what_is_gone(key, reference)

    def _keep_what_they_refer_to(self, key: RowKey) -> None:
        if not any(one in self._theirs for one in self._referring(key)):
            return
        theirs = self._saved.table(key[0]).row(key[1])
        if self._row_decided(key, self._deleted.get(key), None, theirs) is Side.THEIRS:
            self._restore(key)

    def _referring(self, target: RowKey) -> Iterator[RowKey]:
        """Yield the rows of theirs that refer to a row and are left in the merged dataset."""
        for reference in self._saved.schema.references_to(target[0]):
            for row in self._saved.rows(reference.collection, {reference.field: target[1]}):
                row_id: Any = decoded(row).get(ID_FIELD)
                if is_id(row_id) and self._target((reference.collection, row_id), reference) == target:
                    yield reference.collection, row_id

    def _restore(self, key: RowKey) -> None:
        """Take back that we delete a row, and with it others."""
        self._rows.pop(key, None)
        for reference in self._saved.schema.references_to(key[0]):
            for other, before in self._deleted.items():
                went_along = other[0] == reference.collection and decoded(before).get(reference.field) == key[1]
                is_to_go = self._decisions.get((*other, None)) is Side.OURS
                if went_along and not is_to_go and self._rows.get(other, b"") is None:
                    self._rows.pop(other)

    def _keep_what_we_refer_to(self, key: RowKey) -> None:
        for reference in self._saved.schema.references_of(key[0]):
            target = self._target(key, reference)
            gone = None if target is None else self._theirs.get(target)
            if target is None or gone is None or gone.after is not None or self._row(target) is not None:
                continue
            if self._row_decided(target, gone.before, gone.before, None) is Side.OURS:
                self._rows[target] = gone.before

    def _let_go_of_what_is_gone(self, key: RowKey, reference: Reference) -> None:
        target = self._target(key, reference)
        if target is not None and self._row(target) is None and (target in self._rows or target in self._theirs):
            self._let_go(key, reference)

    def _target(self, key: RowKey, reference: Reference) -> RowKey | None:
        """Return what a row of the merged dataset so far refers to, None if it is not there or refers to nothing."""
        row = self._row(key)
        value: Any = None if row is None else decoded(row).get(reference.field)
        return (reference.target, value) if is_id(value) else None

    def _let_go(self, key: RowKey, reference: Reference) -> None:
        """Have a row not refer to one that is gone: as before its change, or else as the schema says."""
        row = self._row(key)
        if row is None:
            return
        before = self._before.get(key)
        old: Any = None if before is None else decoded(before).get(reference.field)
        if is_id(old) and self._row((reference.target, old)) is not None:
            self._rows[key] = row_line({**decoded(row), reference.field: old})
        elif reference.on_delete is OnDelete.CLEAR:
            self._rows[key] = row_line({**decoded(row), reference.field: None})
        else:
            self._rows[key] = None

    def _row(self, key: RowKey) -> bytes | None:
        """Return a row as it is in the merged dataset so far."""
        return self._rows[key] if key in self._rows else self._saved.table(key[0]).row(key[1])

    def _row_decided(self, key: RowKey, before: bytes | None, ours: bytes | None, theirs: bytes | None) -> Side:
        values = [MISSING if row is None else decoded(row) for row in (before, ours, theirs)]
        return self._decided(key, None, *values)

    def _decided(self, key: RowKey, name: str | None, before: object, ours: object, theirs: object) -> Side:
        decision = self._decisions.get((*key, name))
        if decision is not None:
            return decision
        if (*key, name) not in self._told:
            self._told.add((*key, name))
            self.open.append(
                Collision(
                    collection=key[0],
                    id=key[1],
                    field=name,
                    before=before,
                    ours=ours,
                    theirs=theirs,
                    text=_told(self._saved.schema, key, name, ours, theirs),
                )
            )
        return Side.THEIRS

    def changes(self) -> Step:
        """Return what makes the merged dataset of theirs."""
        found = []
        for (name, row_id), after in self._rows.items():
            before = self._saved.table(name).row(row_id)
            if not same(before, after):
                found.append(Change(collection=name, id=row_id, before=before, after=after))
        return tuple(found)


def _equal(one: object, other: object) -> bool:
    if one is MISSING or other is MISSING:
        return one is other
    return row_line({"": one}) == row_line({"": other})


def _told(schema: Schema, key: RowKey, name: str | None, ours: object, theirs: object) -> str:
    collection = schema.collection(key[0])
    row = f"{collection.singular if collection else key[0]} {key[1]!r}"
    if name is not None:
        return f"{name} of the {row}: here {_quoted(ours)}, on S3 {_quoted(theirs)}."
    if ours is MISSING:
        return f"The {row} was deleted here, but is changed or used on S3."
    return f"The {row} was deleted on S3, but is changed or used here."


def _quoted(value: object) -> str:
    return "nothing" if value is MISSING else row_line({"": value})[4:-1].decode()
