"""The buttons above the table."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import dataclass

import ttkbootstrap as ttk

from ui.language import _, shown
from ui.transcripts.state import EditorState
from ui.widgets.fields import switch

PLAY, STOP = "Play", "Stop"
GAP = "4.5p"


@dataclass(frozen=True, kw_only=True)
class ToolActions:
    """What the buttons do."""

    undo: Callable[[], None]
    redo: Callable[[], None]
    split: Callable[[], None]
    merge: Callable[[], None]
    find: Callable[[], None]
    play: Callable[[], None]
    loop: Callable[[bool], None]


class ToolBar:
    """Undo, redo, split, merge, find, play and loop."""

    def __init__(self, master: tkinter.Misc, actions: ToolActions) -> None:
        self.frame = ttk.Frame(master)
        self.undo = self._button("Undo", actions.undo)
        self.redo = self._button("Redo", actions.redo)
        self.split = self._button("Split", actions.split)
        self.merge = self._button("Merge with next", actions.merge)
        self.find = self._button("Find and replace…", actions.find)
        self.play = self._button(PLAY, actions.play)
        self.play.configure(width=max(len(shown(PLAY)), len(shown(STOP))) + 1)
        self.looping = tkinter.BooleanVar(master, value=False)
        self.loop = ttk.Checkbutton(
            self.frame,
            text=_("Loop"),
            variable=self.looping,
            command=lambda: actions.loop(self.looping.get()),
        )
        for column, button in enumerate(
            (self.undo, self.redo, self.split, self.merge, self.find, self.play, self.loop)
        ):
            button.grid(row=0, column=column, padx=(0, GAP))

    def _button(self, text: str, action: Callable[[], None]) -> ttk.Button:
        return ttk.Button(self.frame, text=shown(text), command=action)

    def show(self, state: EditorState, *, can_undo: bool, can_redo: bool, selected: bool) -> None:
        """Show which of them do something now."""
        switch([self.undo], state.editable and can_undo)
        switch([self.redo], state.editable and can_redo)
        switch([self.split, self.merge], state.editable and selected)
        switch([self.find], state.is_open)
        switch([self.play, self.loop], state.is_open and selected)
        self.play.configure(text=shown(PLAY if state.playing is None else STOP))
        self.looping.set(state.looping)
