"""The edits of a document: all or nothing, journalled before anybody sees them, undone and redone.

Knows the store and the journal; nothing of saving, and of time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from transcripts.changes import Baseline, Change, RowKey, Step
from transcripts.errors import DocumentError
from transcripts.history import History
from transcripts.journal import Journal
from transcripts.rows import same
from transcripts.store import Store


class Edits:
    """Makes changes to a store, for any thread.

    `lock` is held while something is changed; who reads several things that belong together holds it too. `version`
    grows with every step, `written` knows what differs from the file, and `saved` from what is saved, which may be
    elsewhere. `check` raises DocumentError while nothing may
    be changed; `done` is called under the lock after each step, `told` without it.
    """

    def __init__(
        self,
        store: Store,
        journal: Journal,
        *,
        check: Callable[[], None],
        done: Callable[[], None],
        told: Callable[[Step], None],
    ) -> None:
        self.lock = threading.RLock()
        self.version = 0
        self.written = Baseline()
        self.saved = Baseline()
        self.history = History()
        self._store = store
        self._journal = journal
        self._check = check
        self._done = done
        self._told = told
        self._pending: list[Change] | None = None

    @property
    def under_way(self) -> bool:
        """Whether the calling thread, which holds the lock, is in the middle of a transaction."""
        return self._pending is not None

    @contextmanager
    def transaction(self) -> Iterator[list[Change]]:
        """Yield the list for `apply`; all changes of the outermost block are one step. Raises DocumentError."""
        with self.lock:
            if self._pending is not None:  # a part of the one that is under way
                yield self._pending
                return
            self._check()
            self._pending = []
            try:
                yield self._pending
                step = tuple(self._pending)
                if step:
                    self._journal.append(step)
            except BaseException:
                for change in reversed(self._pending):
                    self._store.apply(change.inverse)
                raise
            finally:
                self._pending = None
            if step:
                self.history.do(step)
                self._note(step)
        if step:
            self._told(step)

    def apply(self, change: Change, pending: list[Change]) -> None:
        """Make a change within a transaction."""
        self._store.apply(change)
        pending.append(change)

    def undo(self) -> bool:
        """Undo the last step; False if there is none. Raises DocumentError."""
        return self._repeat(self.history.last_done, self.history.undid)

    def redo(self) -> bool:
        """Redo the step that was undone last; False if there is none. Raises DocumentError."""
        return self._repeat(self.history.last_undone, self.history.redid)

    def _repeat(self, which: Callable[[], Step], noted: Callable[[], None]) -> bool:
        with self.lock:
            self._check()
            if self._pending is not None:
                raise DocumentError("Nothing can be undone or redone in the middle of an edit.")
            step = which()
            if not step:
                return False
            self._journal.append(step)
            for change in step:
                self._store.apply(change)
            noted()
            self._note(step)
        self._told(step)
        return True

    def _note(self, step: Step) -> None:
        self.version += 1
        for change in step:
            self.written.note(self.version, change)
            self.saved.note(self.version, change)
        self._done()

    def rebase(self, saved: Store, decide: Callable[[Step], Step | None], theirs: Iterable[RowKey]) -> bool:
        """Make the dataset one with another that is saved, and with our changes.

        Args:
            saved: the other, which belongs to this object afterwards.
            decide: returns the changes to make in it, given ours; None to leave everything as it is.
            theirs: the rows in which the other differs from what was saved before.

        Nothing that was done before can be undone then. Raises DocumentError.
        """
        with self.lock:
            self._check()
            if self._pending is not None:
                raise DocumentError("A dataset can't be merged in the middle of an edit.")
            ours = self.saved.changes()
            wanted = decide(ours)
            if wanted is None:
                return False
            for change in wanted:
                saved.apply(change)
            keys = dict.fromkeys((*theirs, *(one.key for one in (*ours, *wanted))))
            step = tuple(one for key in keys if (one := self._change_to(saved, key)) is not None)
            if step:
                self._journal.append(step)
            self._store.become(saved)
            self.history.forget()
            self._note(step)
            self.saved.begin(self.version, wanted)
        self._told(step)
        return True

    def _change_to(self, other: Store, key: RowKey) -> Change | None:
        name, row_id = key
        before, after = self._store.table(name).row(row_id), other.table(name).row(row_id)
        return None if same(before, after) else Change(collection=name, id=row_id, before=before, after=after)
