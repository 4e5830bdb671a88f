"""Takes another dataset's rows into one that is open: what is in both and differs is told, and decided by the caller.

The two have no common past, so a row that only one of them has is kept, and nothing is deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from transcripts.changes import Change, ChangeKind, ChangeSummary, Step, change_kind, summary_of
from transcripts.content import Content, parse_content
from transcripts.document import Document
from transcripts.errors import DocumentError
from transcripts.matching import in_order_of_reference, renumbered
from transcripts.merge import MISSING, Collision, Side, merge_changes
from transcripts.rows import Id, decoded, row_line
from transcripts.schema import ID_FIELD
from transcripts.store import REMOVED, Store


@dataclass(frozen=True, kw_only=True)
class Combined:
    """What came of it: what was changed, in words, or the collisions, while which nothing was changed."""

    changes: ChangeSummary
    collisions: tuple[Collision, ...]


def combine(document: Document, other: Document, decision: Side | None = None) -> Combined:
    """Take the rows of another dataset in, as one step to undo.

    Args:
        document: is changed.
        other: is not.
        decision: whose value counts where both have one and they differ, OURS for that of `document`; None changes
            nothing then.

    Raises:
        DocumentError: the datasets are of different kinds, or the first can't be edited.
    """
    if document.schema.name != other.schema.name:
        raise DocumentError(
            f"{other.path.name} is a dataset of kind {other.schema.name} and {document.path.name} one of kind "
            f"{document.schema.name}: only two of one kind can be merged."
        )
    content = parse_content(document.snapshot_bytes(), document.path.name, document.schema)
    ours, saved = _additions(content), Store(content)
    there = _additions(parse_content(other.snapshot_bytes(), other.path.name, document.schema))
    theirs = renumbered(there, ours, document.schema, lambda name: saved.table(name).next_id)
    # `merge_changes` puts the changes of an editor, whom it calls us, into what somebody else has saved
    found = merge_changes(theirs, ours, saved, {})
    if found.open and decision is not None:
        side = Side.OURS if decision is Side.THEIRS else Side.THEIRS
        found = merge_changes(theirs, ours, saved, {one.key: side for one in found.open})
    if found.open:
        return Combined(changes=summary_of((), document.schema), collisions=tuple(map(_seen_from_here, found.open)))
    _apply(document, found.changes)
    return Combined(changes=summary_of(found.changes, document.schema), collisions=())


def _additions(content: Content) -> Step:
    """Return what makes a content of nothing; rows without an id are left out, as nobody can refer to them."""
    empty = Content(schema=content.schema, values={}, collections={one.name: [] for one in content.schema.collections})
    return tuple(Store(content).differences(empty))


def _seen_from_here(collision: Collision) -> Collision:
    """Return a collision with the sides' names as the caller knows them."""
    where = f"{collision.collection} {collision.id!r}"
    field = "" if collision.field is None else f", {collision.field}"
    text = f"{where}{field}: here {_shown(collision.theirs)}, there {_shown(collision.ours)}."
    return Collision(
        collection=collision.collection,
        id=collision.id,
        field=collision.field,
        before=collision.before,
        ours=collision.theirs,
        theirs=collision.ours,
        text=text,
    )


def _shown(value: object) -> str:
    return "nothing" if value is MISSING else row_line({"": value})[4:-1].decode()


def _apply(document: Document, changes: Sequence[Change]) -> None:
    order = in_order_of_reference(document.schema)
    with document.transaction():
        for change in sorted(changes, key=lambda one: order.index(one.collection)):
            kind = change_kind(change.before, change.after)
            if change.after is None or kind is None:
                continue
            row: Any = decoded(change.after)
            if kind is ChangeKind.ADDED:
                document.add(change.collection, row)
            else:
                _update(document, change.collection, change.id, row, decoded(change.before or b"{}"))


def _update(document: Document, collection: str, row_id: Id, row: dict[str, Any], before: dict[str, Any]) -> None:
    gone = {name: REMOVED for name in before if name not in row}
    document.update(collection, row_id, **{name: one for name, one in row.items() if name != ID_FIELD}, **gone)
