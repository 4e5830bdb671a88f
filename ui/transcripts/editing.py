"""Edits of the segments in the editor's window but for their times, and undoing any edit. Knows no Tk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from transcripts import segment_edits
from transcripts.document import Document
from transcripts.rows import Id
from ui.transcripts.messages import Failed
from ui.transcripts.session import Session
from ui.transcripts.state import Status, advance


class Editing:
    """Edits a controller's segments. Every method is called in the Tk thread and returns at once."""

    def __init__(self, controller: Session) -> None:
        self._controller = controller

    def set_text(self, segment_id: Id, text: str) -> bool:
        """Give a segment another text; return whether it has that now."""
        return self._controller.edit(lambda document: segment_edits.set_text(document, segment_id, text))

    def split(self, segment_id: Id, at: int) -> Id | None:
        """Split a segment after `at` characters; return the id of the second part, None if that can't be done."""
        made: list[Id] = []
        self._controller.edit(lambda document: made.append(segment_edits.split(document, segment_id, at)))
        return made[0] if made else None

    def merge_with_next(self, place: int) -> bool:
        """Join the segment at a place with the one that follows it; return whether that was done."""
        controller = self._controller
        if not 0 <= place < len(controller.order) - 1:
            reason = "This is the last segment: there is none to join it with."
            controller.state = advance(controller.state, Failed(reason=reason))
            return False
        one, following = controller.order.at(place), controller.order.at(place + 1)
        return controller.edit(lambda document: segment_edits.join_segments(document, one, following))

    def set_speaker(self, segment_id: Id, name: str) -> bool:
        """Say who speaks in a segment; return whether that could be noted."""
        return self._controller.edit(lambda document: segment_edits.set_speaker(document, segment_id, name))

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        document = self._controller.document
        return document is not None and document.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to redo."""
        document = self._controller.document
        return document is not None and document.can_redo

    def undo(self) -> None:
        """Undo the last step."""
        self._step(lambda document: document.undo(), "There is nothing to undo.")

    def redo(self) -> None:
        """Redo the step that was undone last."""
        self._step(lambda document: document.redo(), "There is nothing to redo.")

    def _step(self, step: Callable[[Document], bool], none: str) -> None:
        controller, done = self._controller, list[bool]()
        if controller.edit(lambda document: done.append(step(document))) and done == [False]:
            controller.state = replace(controller.state, status=Status(text=none))
