"""What an earlier session changed and did not save, compared with the file as it is now. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transcripts.changes import Change, RowKey, Step, summary_of
from transcripts.journal import Found
from transcripts.rows import Id, Row, decoded, row_line, same
from transcripts.store import Store

MISSING = object()
"""Stands for a field that a row has not."""


@dataclass(frozen=True, kw_only=True)
class RecoveredChange:
    """A row in the file and as the earlier session left it.

    `conflict` says that the file's row was changed by somebody else meanwhile, in what the session changed too;
    `change.after` has the session's values in those fields.
    """

    change: Change
    conflict: bool


@dataclass(frozen=True, kw_only=True)
class Recovery:
    """Everything that an earlier session changed and did not save; `text` says it in words."""

    changes: tuple[RecoveredChange, ...]
    text: str

    @property
    def conflicts(self) -> tuple[RecoveredChange, ...]:
        """The rows that somebody else changed too."""
        return tuple(one for one in self.changes if one.conflict)


def recovery_of(found: Found, store: Store) -> Recovery | None:
    """Return what an earlier session left unsaved, None if the file has all of it."""
    changes = recovered(found.steps, lambda name, row_id: store.table(name).row(row_id))
    text = summary_of([one.change for one in changes], store.schema).text
    return Recovery(changes=changes, text=text) if changes else None


def recovered(steps: Sequence[Step], row_now: Callable[[str, Id], bytes | None]) -> tuple[RecoveredChange, ...]:
    """Return what steps of a journal would change in the rows of the file, which `row_now` gives by collection and id.

    The file may have been saved after any of the steps: a state that a row went through is the session's own, not
    somebody else's.
    """
    states: dict[RowKey, list[bytes | None]] = {}
    for change in (change for step in steps for change in step):
        states.setdefault(change.key, [change.before]).append(change.after)
    found = []
    for (name, row_id), passed in states.items():
        now, wanted = row_now(name, row_id), passed[-1]
        if same(now, wanted):
            continue
        conflict = not any(same(now, one) for one in passed)
        if conflict and now is not None and wanted is not None and passed[0] is not None:
            wanted, conflict = _merged(passed[0], now, wanted)
        change = Change(collection=name, id=row_id, before=now, after=wanted)
        found.append(RecoveredChange(change=change, conflict=conflict))
    return tuple(found)


def _merged(first: bytes, now: bytes, wanted: bytes) -> tuple[bytes, bool]:
    """Return the file's row with the fields that the session changed, and whether somebody else changed those too."""
    old, theirs, ours = decoded(first), decoded(now), decoded(wanted)
    changed = [name for name in {**old, **ours} if not _equal(old, ours, name)]
    conflict = any(not _equal(old, theirs, name) and not _equal(ours, theirs, name) for name in changed)
    kept = {name: value for name, value in theirs.items() if name not in changed or name in ours}
    return row_line({**kept, **{name: ours[name] for name in changed if name in ours}}), conflict


def _equal(one: Row, other: Row, name: str) -> bool:
    mine, yours = one.get(name, MISSING), other.get(name, MISSING)
    if mine is MISSING or yours is MISSING:
        return mine is yours
    return row_line({"": mine}) == row_line({"": yours})
