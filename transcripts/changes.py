"""What was changed in a dataset, counted by kind and said in words.

Pure: knows rows as bytes, and nothing of files or threads.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from transcripts.rows import Id, same
from transcripts.schema import Schema

RowKey = tuple[str, Id]
"""Where a row is: its collection's name and its id."""


class ChangeKind(Enum):
    """What became of a row; the value is the word for it."""

    ADDED = "added"
    UPDATED = "updated"
    DELETED = "deleted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One row before and after, as JSON; None where it is not there."""

    collection: str
    id: Id
    before: bytes | None
    after: bytes | None

    @property
    def key(self) -> RowKey:
        """Where the row is."""
        return self.collection, self.id

    @property
    def inverse(self) -> Change:
        """What takes this change back."""
        return Change(collection=self.collection, id=self.id, before=self.after, after=self.before)


Step = tuple[Change, ...]
"""Changes that were made together, and are undone together."""


def change_kind(before: bytes | None, after: bytes | None) -> ChangeKind | None:
    """Return what became of a row, None if nothing did."""
    return None if same(before, after) else _kind_of_other(before, after)


def _kind_of_other(before: bytes | None, after: bytes | None) -> ChangeKind:
    return ChangeKind.ADDED if before is None else ChangeKind.DELETED if after is None else ChangeKind.UPDATED


@dataclass(frozen=True, kw_only=True)
class ChangeSummary:
    """How many rows differ from what is saved, by collection and kind; `text` is the same in words."""

    counts: Mapping[tuple[str, ChangeKind], int]
    text: str

    @property
    def count(self) -> int:
        """How many rows differ in all."""
        return sum(self.counts.values())

    @property
    def unsaved(self) -> bool:
        """Whether anything differs."""
        return bool(self.counts)


def changes_summary(counts: Mapping[tuple[str, ChangeKind], int], schema: Schema) -> ChangeSummary:
    """Return a summary of counts: "3 segments updated, 1 speaker added", or "no changes"."""
    kept = {key: count for key, count in counts.items() if count}
    said = [
        f"{collection.counted(kept[collection.name, kind])} {kind.value}"
        for collection in schema.collections
        for kind in ChangeKind
        if (collection.name, kind) in kept
    ]
    return ChangeSummary(counts=kept, text=", ".join(said) or "no changes")


def summary_of(step: Sequence[Change], schema: Schema) -> ChangeSummary:
    """Return a summary of changes, one a row."""
    kinds = ((change.collection, change_kind(change.before, change.after)) for change in step)
    return changes_summary(Counter((name, kind) for name, kind in kinds if kind), schema)


class Baseline:
    """Compares a dataset with the state that counts as saved; every change is told to it.

    A row that is changed and changed back counts as unchanged. Not for several threads at once.
    """

    def __init__(self) -> None:
        self._log: list[tuple[int, Change]] = []
        self._first: dict[RowKey, bytes | None] = {}
        self._kinds: dict[RowKey, ChangeKind] = {}
        self._last: dict[RowKey, bytes | None] = {}
        self.counts: Counter[tuple[str, ChangeKind]] = Counter()
        self.begun = 0
        """Grows whenever another state is taken for the saved one."""

    @property
    def unsaved(self) -> bool:
        """Whether any row differs."""
        return bool(self._kinds)

    def note(self, version: int, change: Change, *, differs: bool = False) -> None:
        """Take in a change that made the dataset's version; `differs` says that it is known to change something."""
        self._log.append((version, change))
        self._compare(change, differs=differs)

    def _compare(self, change: Change, *, differs: bool = False) -> None:
        known = differs and change.key not in self._first
        first = self._first.setdefault(change.key, change.before)
        self._last[change.key] = change.after
        old = self._kinds.pop(change.key, None)
        new = _kind_of_other(first, change.after) if known else change_kind(first, change.after)
        if old is not None:
            self.counts[change.collection, old] -= 1
        if new is not None:
            self._kinds[change.key] = new
            self.counts[change.collection, new] += 1

    def begin(self, version: int, changes: Iterable[Change]) -> None:
        """Take another state for the saved one, which differs by changes from that of a version.

        The changes may know of later edits already: what was noted after that version is compared once more.
        """
        later = [(at, change) for at, change in self._log if at > version]
        self._log = [*((version, change) for change in changes), *later]
        self._recount()

    def mark_saved(self, version: int) -> None:
        """Take the state that the dataset had with a version for the saved one."""
        self._log = [(at, change) for at, change in self._log if at > version]
        self._recount()

    def _recount(self) -> None:
        self.begun += 1
        self._first, self._last, self._kinds = {}, {}, {}
        self.counts = Counter()
        for _, change in self._log:
            self._compare(change)

    def changes(self) -> Step:
        """Return every row that differs, as it is saved and as it is now."""
        return tuple(
            Change(collection=name, id=row_id, before=self._first[name, row_id], after=self._last[name, row_id])
            for name, row_id in self._kinds
        )
