"""The rows of one collection in memory, found by id and by what they refer to.

Every row has a slot, a number that stays its own; a deleted row leaves an empty one, so that an undone deletion stands
where it stood. Knows nothing of files, threads or undo.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence

from transcripts.rows import Id, KeyReader, Keys, is_id, same
from transcripts.schema import Collection, IdKind, Reference
from transcripts.turns import empty, in_turns

EXAMPLES = 3
"""How many ids a message names."""


class Table:
    """A collection's rows, each as JSON. Not for several threads at once."""

    def __init__(
        self,
        collection: Collection,
        references: Sequence[Reference],
        rows: Iterable[bytes] = (),
        *,
        next_id: int = 1,
    ) -> None:
        self.collection = collection
        self.references = tuple(references)
        self.slots: list[bytes | None] = list(rows)
        self.next_id = next_id
        self._reader = KeyReader(references)
        self._slot_of_id: dict[Id, int] = {}
        self._slots_of_target: list[dict[Id, set[int]]] = [{} for _ in references]
        self._kinds: set[type] = set()
        self._doubled: list[Id] = []
        self._without_id = 0
        self._unusable = 0
        ids, *columns = self._reader.columns([row for row in self.slots if row is not None])
        self._read_ids(ids)
        for slots_of_target, column in zip(self._slots_of_target, columns, strict=True):
            self._read_targets(slots_of_target, column)

    def _read_ids(self, ids: Sequence[object]) -> None:
        for slot, row_id in enumerate(in_turns(ids)):
            if not is_id(row_id):
                self._without_id += 1
            elif row_id in self._slot_of_id:
                self._doubled.append(row_id)
            else:
                self._slot_of_id[row_id] = slot
        numbers = [one for one in in_turns(self._slot_of_id) if type(one) is int]
        self._kinds = {type(one) for one in in_turns(self._slot_of_id)}
        self.next_id = max(self.next_id, max(numbers, default=0) + 1)

    def _read_targets(self, slots_of_target: dict[Id, set[int]], column: Sequence[object]) -> None:
        for slot, target in enumerate(in_turns(column)):
            if is_id(target):
                if target in slots_of_target:
                    slots_of_target[target].add(slot)
                else:
                    slots_of_target[target] = {slot}
            elif target is not None:
                self._unusable += 1

    def __len__(self) -> int:
        return sum(row is not None for row in self.slots)

    def slot(self, row_id: Id) -> int | None:
        """Return the slot of a row that is there."""
        slot = self._slot_of_id.get(row_id)
        return None if slot is None or self.slots[slot] is None else slot

    def row(self, row_id: Id) -> bytes | None:
        """Return a row by its id."""
        slot = self.slot(row_id)
        return None if slot is None else self.slots[slot]

    def slots_referring(self, field: str, target: Id) -> list[int]:
        """Return the slots of the rows whose field holds an id, in their order."""
        found = [at for at, one in enumerate(self.references) if one.field == field]
        return sorted(self._slots_of_target[found[0]].get(target, ())) if found else []

    def id_of(self, row: bytes) -> Id | None:
        """Return the id of a row of this collection, None if that can't be one."""
        found = self._reader.of(row).id
        return found if is_id(found) else None

    def differences(self, rows: Sequence[bytes]) -> Iterator[tuple[Id, bytes | None, bytes | None]]:
        """Yield id, other row and own row where they differ from those of another file.

        Rows may be changed meanwhile: each is compared as it is at some moment.
        """
        others: dict[Id, bytes] = {}
        for row, row_id in in_turns(zip(rows, self._reader.columns(rows)[0], strict=True)):
            if is_id(row_id):
                others.setdefault(row_id, row)
        for row_id, other in in_turns(others.items()):
            own = self.row(row_id)
            if own != other and not same(own, other):
                yield row_id, other, own
        for row_id in in_turns(list(self._slot_of_id)):
            own = self.row(row_id)
            if own is not None and row_id not in others:
                yield row_id, None, own

    def put(self, row_id: Id, row: bytes | None) -> None:
        """Set a row, new or not, or remove it with None. An id that was here before gets its slot again."""
        slot = self._slot_of_id.setdefault(row_id, len(self.slots))
        if slot == len(self.slots):
            self.slots.append(None)
        self._count(row_id)
        old = self.slots[slot]
        if old is not None:
            self._forget(slot, self._reader.of(old))
        self.slots[slot] = row
        if row is not None:
            self._refer(slot, self._reader.of(row))

    def free(self) -> None:
        """Free the rows of a table that nobody needs any more."""
        empty(self.slots)

    def new_id(self) -> Id:
        """Return an id that no row has or had: of the kind that all rows have, else of the collection's own."""
        kinds = self._kinds
        text = self.collection.id_kind is IdKind.TEXT if len(kinds) != 1 else kinds == {str}
        if not text:
            return self.next_id
        while (found := secrets.token_hex(6)) in self._slot_of_id:
            continue
        return found

    def untold_next_id(self) -> int | None:
        """Return the next number if the rows that are there don't tell it."""
        highest_is_there = self.next_id == 1 or self.slot(self.next_id - 1) is not None
        return None if highest_is_there else self.next_id

    def problems(self, tables: Sequence[Table]) -> list[str]:
        """Return a sentence for each kind of mistake that was in the file; `tables` are those of all collections."""
        name, plural, found = self.collection.name, self.collection.plural, []
        if self._doubled:
            found.append(
                f"{name}: the same id occurs more than once ({_examples(self._doubled)}). All of these {plural} "
                "are kept; only the first with each id can be edited."
            )
        if self._without_id:
            found.append(
                f"{name}: {self.collection.counted(self._without_id)} without an id that is a whole number or a text. "
                "They are kept, but can't be edited."
            )
        if self._unusable:
            found.append(
                f"{name}: {self.collection.counted(self._unusable)} with a reference that is neither a whole number "
                "nor a text. They are kept as they are."
            )
        for at, reference in enumerate(self.references):
            target = next(one for one in tables if one.collection.name == reference.target)
            dangling = {one: slots for one, slots in self._slots_of_target[at].items() if target.slot(one) is None}
            if dangling:
                count = sum(map(len, dangling.values()))
                found.append(
                    f"{name}: the {reference.field} of {self.collection.counted(count)} is not in {reference.target} "
                    f"({_examples(dangling)}). They are kept as they are."
                )
        return found

    def _count(self, row_id: Id) -> None:
        self._kinds.add(type(row_id))
        if type(row_id) is int and row_id >= self.next_id:
            self.next_id = row_id + 1

    def _refer(self, slot: int, keys: Keys) -> None:
        for slots_of_target, target in zip(self._slots_of_target, keys.targets, strict=False):
            if is_id(target):
                slots_of_target.setdefault(target, set()).add(slot)

    def _forget(self, slot: int, keys: Keys) -> None:
        for slots_of_target, target in zip(self._slots_of_target, keys.targets, strict=False):
            if is_id(target):
                slots_of_target[target].discard(slot)
                if not slots_of_target[target]:
                    del slots_of_target[target]


def _examples(ids: Iterable[Id]) -> str:
    named = list(dict.fromkeys(ids))
    return ", ".join(str(one) for one in named[:EXAMPLES]) + (", …" if len(named) > EXAMPLES else "")
