"""What an earlier session left unsaved in a document's journal, until somebody has decided about it.

Knows the edits and the journal; nothing of saving.
"""

from __future__ import annotations

from collections.abc import Collection

from transcripts.changes import RowKey, Step
from transcripts.edits import Edits
from transcripts.errors import DocumentError
from transcripts.journal import Found, Journal
from transcripts.recovery import Recovery


class EarlierSession:
    """The changes of an earlier session, and the journals that hold them. Safe from every thread.

    `recovery` is what it left unsaved, None if nothing or as soon as it was accepted or discarded; the journals are
    dropped then.
    """

    def __init__(self, found: Found, recovery: Recovery | None, edits: Edits, journal: Journal) -> None:
        self.recovery = recovery
        self._found = found
        self._edits = edits
        self._journal = journal
        if recovery is None:
            journal.drop(found.files, found.damaged)

    def accept(self, without: Collection[RowKey]) -> None:
        """Make the changes, except those of some rows, as one step. Raises DocumentError."""
        self._decide(tuple(one.change for one in self._left().changes if one.change.key not in without))

    def discard(self) -> None:
        """Forget the changes. Raises DocumentError."""
        self._decide(())

    def _left(self) -> Recovery:
        if self.recovery is None:
            raise DocumentError("There are no changes of an earlier session.")
        return self.recovery

    def _decide(self, step: Step) -> None:
        with self._edits.lock:
            left, self.recovery = self._left(), None
            try:
                with self._edits.transaction() as pending:
                    for change in step:
                        self._edits.apply(change, pending)
            except DocumentError:
                self.recovery = left
                raise
        self._journal.confirm()  # the files that go now are the only others that hold these changes
        self._journal.drop(self._found.files, self._found.damaged)
