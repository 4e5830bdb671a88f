"""What makes a dataset one with another that is saved, worked out while edits go on.

Pure but for reading the dataset's rows, which may change meanwhile: `Rebase.takes` says whether that matters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from transcripts.changes import Baseline, Change, RowKey, Step
from transcripts.journal import line_of
from transcripts.rows import decoded, is_id, same
from transcripts.store import Store


@dataclass(frozen=True, kw_only=True)
class Rebase:
    """All that is left is to put `step` into the dataset, or `saved` in its place.

    `line` is the journal's for `step`, `saved_state` knows what of `saved` is not saved. `touched` are the rows that
    `step` changes, or would change if they were other than when it was worked out.
    """

    saved: Store
    step: Step
    line: bytes
    saved_state: Baseline
    touched: Set[RowKey]

    def takes(self, later: Sequence[Change]) -> bool:
        """Whether edits made meanwhile can be put on top: they and what they refer to are not touched by it."""
        return all(
            one.after is not None
            and one.key not in self.touched
            and not self._refers_to_touched(one.collection, one.after)
            for one in later
        )

    def _refers_to_touched(self, collection: str, row: bytes) -> bool:
        values = decoded(row)
        targets = [(one.target, values.get(one.field)) for one in self.saved.schema.references_of(collection)]
        return any(is_id(value) and (target, value) in self.touched for target, value in targets)


def rebased(
    store: Store,
    saved: Store,
    ours: Step,
    theirs: Iterable[RowKey],
    decide: Callable[[Step, Store], Step | None],
    version: int,
) -> Rebase | None:
    """Work out what makes a dataset one with another that is saved, and with our changes.

    Args:
        store: the dataset; its rows are read.
        saved: the other; our changes are made in it.
        ours: our changes, one a row.
        theirs: the rows in which the other differs from what was saved before.
        decide: returns the changes to make in the other, None for none of all this.
        version: that of the dataset.
    """
    wanted = decide(ours, saved)
    if wanted is None:
        return None
    for change in wanted:
        saved.apply(change)
    ours_now = {one.key: one.after for one in ours}
    keys = dict.fromkeys((*theirs, *ours_now, *(one.key for one in wanted)))
    step = []
    for name, row_id in keys:
        key = (name, row_id)
        before = ours_now[key] if key in ours_now else store.table(name).row(row_id)
        after = saved.table(name).row(row_id)
        if not same(before, after):
            step.append(Change(collection=name, id=row_id, before=before, after=after))
    saved_state = Baseline()
    saved_state.begin(version, wanted)
    return Rebase(
        saved=saved,
        step=tuple(step),
        line=line_of(tuple(step)),
        saved_state=saved_state,
        touched={one.key for one in step} | (keys.keys() - ours_now.keys()),
    )
