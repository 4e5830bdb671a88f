"""The edits of a document: all or nothing, journalled before anybody sees them, undone and redone.

Knows the store and the journal; nothing of saving, and of time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

from transcripts.changes import Baseline, Change, RowKey, Step
from transcripts.errors import DocumentError
from transcripts.history import History
from transcripts.journal import Journal
from transcripts.rebase import Rebase, rebased
from transcripts.store import Store

REBASE_TRIES = 3
"""How often a merge is worked out; edits wait for the last one."""


@dataclass(frozen=True, kw_only=True)
class _Begun:
    """A merge, and which state counted as saved when it was begun."""

    rebase: Rebase
    begun: int


class Edits:
    """Makes changes to a store, for any thread.

    `lock` is held while something is changed; who reads several things that belong together holds it too. `version`
    grows with every step, `written` knows what differs from the file, and `saved` from what is saved, which may be
    elsewhere. `check` raises DocumentError while nothing may be changed; `done` is called under the lock after each
    step, `told` without it.
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
        self._rebasing = threading.Lock()
        self._later: list[Change] | None = None
        """What was changed since a merge began to be worked out; None while none is."""

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
        if self._later is not None:
            self._later += step
        self._done()

    # 1. What we have changed is noted, and the merge is worked out from that while edits go on.
    # 2. If edits were made meanwhile in rows that it does not touch, they are put on top, and it is made.
    # 3. Otherwise it is worked out again, the last time while edits wait.
    def rebase(
        self,
        saved: Callable[[], Store],
        decide: Callable[[Step, Store], Step | None],
        theirs: Collection[RowKey],
    ) -> bool:
        """Make the dataset one with another that is saved, and with our changes.

        Args:
            saved: returns the other, which belongs to this object afterwards; a new one each time.
            decide: returns the changes to make in it, given ours; None to leave everything as it is.
            theirs: the rows in which the other differs from what was saved before.

        Nothing that was done before can be undone then. Raises DocumentError.
        """
        with self.lock:
            self._check_rebase()
        step: Step = ()
        with self._rebasing:
            try:
                for tries_left in reversed(range(REBASE_TRIES)):
                    with nullcontext() if tries_left else self.lock:
                        found = self._worked_out(saved(), decide, theirs)
                        if found is None:
                            return False
                        is_made = self._put(found)
                    found.rebase.saved.free()
                    if is_made:
                        step = found.rebase.step
                        break
            finally:
                self._later = None
        self._told(step)
        return True

    def _worked_out(
        self, saved: Store, decide: Callable[[Step, Store], Step | None], theirs: Collection[RowKey]
    ) -> _Begun | None:
        with self.lock:
            self._check_rebase()
            ours, begun, version = self.saved.changes(), self.saved.begun, self.version
            self._later = []
        found = rebased(self._store, saved, ours, theirs, decide, version)
        return None if found is None else _Begun(rebase=found, begun=begun)

    def _put(self, found: _Begun) -> bool:
        """Make a merge with what was changed since it began; False if the two do not go together."""
        rebase = found.rebase
        with self.lock:
            self._check_rebase()
            later = self._later or []
            if self.saved.begun != found.begun or not rebase.takes(later):
                return False
            if rebase.step:
                self._journal.append(rebase.step, rebase.line)
            for change in later:
                rebase.saved.apply(change)
            self._store.become(rebase.saved)
            self.history.forget()
            self.version += 1
            for change in rebase.step:
                self.written.note(self.version, change, differs=True)
            for change in later:
                rebase.saved_state.note(self.version, change)
            self.saved = rebase.saved_state
            self._done()
        return True

    def _check_rebase(self) -> None:
        self._check()
        if self._pending is not None:
            raise DocumentError("A dataset can't be merged in the middle of an edit.")
