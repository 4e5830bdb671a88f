"""Searches of the editor's window: doubtful words, and find and replace over the course. Knows no Tk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from transcripts.find_replace import Hit, Query, find_all, replace_all
from transcripts.rows import Id
from ui.transcripts.messages import EditorMessage, Failed, HitsKnown, HitsReplaced
from ui.transcripts.reading import doubtful_place
from ui.transcripts.session import Session
from ui.transcripts.worker import in_thread


class Searches:
    """What a controller looks for. Every method is called in the Tk thread and returns at once."""

    def __init__(self, controller: Session) -> None:
        self._controller = controller

    def find_doubtful(self, place: int) -> None:
        """Look for the next segment after a place that has a doubtful word."""
        controller = self._controller
        document, ids = controller.document, controller.order.after(place)
        if document is None:
            return

        def work() -> EditorMessage:
            return doubtful_place(document, ids)

        in_thread("doubtful", work, lambda _, text: Failed(reason=text), controller.post)

    def show(self, *, shown: bool) -> None:
        """Show find and replace, or not."""
        controller = self._controller
        controller.state = replace(controller.state, finding=shown and controller.state.is_open)

    def search(self, query: Query) -> None:
        """Look for a text in the whole dataset."""
        controller = self._controller
        document = controller.document
        if document is None or controller.state.searching or not query.find.strip():
            return
        controller.state = replace(controller.state, searching=True)

        def work() -> EditorMessage:
            return HitsKnown(hits=tuple(find_all(document, query)))

        in_thread("find", work, lambda _, text: Failed(reason=text), controller.post)

    def replace_found(self, without: Collection[Id]) -> None:
        """Replace what was found, but in some segments."""
        controller = self._controller
        document, state = controller.document, controller.state
        hits = state.hits
        if document is None or not hits or not state.editable or state.searching:
            return
        controller.state = replace(state, searching=True)

        def work() -> EditorMessage:
            return HitsReplaced(count=replace_all(document, hits, without), of=len(hits) - len(without))

        in_thread("replace", work, lambda _, text: Failed(reason=text), controller.post)

    def go_to(self, hit: Hit) -> None:
        """Show the segment in which something was found."""
        controller = self._controller
        controller.wanted = (hit.id, 0)
        if hit.media_id is not None:
            controller.choose_video(hit.media_id)
        controller.revision += 1
