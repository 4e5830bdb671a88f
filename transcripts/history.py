"""The steps that can be undone and redone. Knows changes alone."""

from __future__ import annotations

from collections import deque

from transcripts.changes import Step

STEPS_KEPT = 1000
"""How many steps can be undone; rows that nobody can bring back any more free their memory."""


class History:
    """What was done, newest last, and what was undone. Not for several threads at once."""

    def __init__(self) -> None:
        self._done: deque[Step] = deque(maxlen=STEPS_KEPT)
        self._undone: deque[Step] = deque(maxlen=STEPS_KEPT)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """Whether there is a step that was undone and nothing was changed since."""
        return bool(self._undone)

    def do(self, step: Step) -> None:
        """Note a new step, after which nothing can be redone."""
        self._done.append(step)
        self._undone.clear()

    def last_done(self) -> Step:
        """Return what undoes the last step; empty if there is none."""
        return tuple(change.inverse for change in reversed(self._done[-1])) if self._done else ()

    def last_undone(self) -> Step:
        """Return what redoes the step undone last; empty if there is none."""
        return self._undone[-1] if self._undone else ()

    def undid(self) -> None:
        """Note that the last step has been undone."""
        self._undone.append(self._done.pop())

    def redid(self) -> None:
        """Note that the step undone last has been done again."""
        self._done.append(self._undone.pop())

    def forget(self) -> None:
        """Forget everything: a step would take back what others have changed since."""
        self._done.clear()
        self._undone.clear()
