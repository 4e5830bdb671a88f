"""What somebody else has saved, merged into a dataset that is edited meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from transcripts.changes import Step
from transcripts.content import Content
from transcripts.edits import Edits
from transcripts.merge import CollisionKey, Merge, Side, merge_changes
from transcripts.store import Store


def merge_saved(
    edits: Edits,
    parse: Callable[[bytes], Content],
    before: bytes,
    content: bytes,
    decisions: Mapping[CollisionKey, Side],
) -> tuple[Merge, bool]:
    """Merge what does not collide, as one edit; return what came of it, and whether it was made.

    Args:
        edits: of the dataset.
        parse: reads a file of it. Raises UnreadableError.
        before: what was saved when both began.
        content: what somebody else has saved since.
        decisions: whose change counts where two collide.

    Raises DocumentError.
    """

    def saved() -> Store:
        return first.pop() if first else Store(parse(content))

    first: list[Store] = []
    first.append(saved())  # takes long for a large dataset, and serves for what differs and for the merge
    base = parse(before)
    theirs = tuple(first[0].differences(base))
    base.free()
    merges: list[Merge] = []

    def decide(ours: Step, theirs_now: Store) -> Step | None:
        merges.append(merge_changes(ours, theirs, theirs_now, decisions))
        return None if merges[-1].open else merges[-1].changes

    is_made = edits.rebase(saved, decide, [one.key for one in theirs])
    return merges[-1], is_made
