"""Find and replace in the editor's window: joins its panel, the segments and the searches."""

from __future__ import annotations

import tkinter
from typing import Protocol

from transcripts.find_replace import Hit, Query
from transcripts.rows import Id
from ui.transcripts.controller import EditorController
from ui.transcripts.find_panel import FindActions, FindPanel
from ui.transcripts.segment_panel import SegmentPanel


class FindHost(Protocol):
    """What find and replace needs of the window that it is in; see EditorView."""

    window: tkinter.Tk | tkinter.Toplevel
    controller: EditorController
    segments: SegmentPanel

    def render(self) -> None:
        """Show the state as it is now."""


class FindAndReplace:
    """Searches and replaces after what is being typed has become an edit: it is searched too."""

    def __init__(self, host: FindHost) -> None:
        self._host = host
        actions = FindActions(
            search=self._search, replace=self._replace, go_to=self._go_to, close=lambda: self.show(shown=False)
        )
        self.panel = FindPanel(host.window, actions)

    def show(self, *, shown: bool) -> None:
        """Show the panel or hide it, and give the keyboard to it or to the segments."""
        host = self._host
        if host.segments.commit():
            host.controller.searches.show(shown=shown)
        host.render()
        if host.controller.state.finding:
            self.panel.find.focus_set()
            self.panel.find.selection_range(0, "end")
        else:
            host.segments.focus()

    def _search(self, query: Query) -> None:
        if self._host.segments.commit():
            self._host.controller.searches.search(query)
        self._host.render()

    def _replace(self, without: frozenset[Id]) -> None:
        if self._host.segments.commit():
            self._host.controller.searches.replace_found(without)
        self._host.render()

    def _go_to(self, hit: Hit) -> None:
        if self._host.segments.commit():
            self._host.controller.searches.go_to(hit)
            self._host.segments.focus()
        self._host.render()
