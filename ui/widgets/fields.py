"""Labelled controls beneath each other, with room for a hint and for what is wrong with the value."""

from __future__ import annotations

from collections.abc import Callable
from tkinter import ttk as plain

import ttkbootstrap as ttk

from ui.theme import CARD, HINT
from ui.widgets.wrapping_label import WrappingLabel

LABEL_WIDTH = 104
GAP = 3


class FieldNote:
    """The place beneath a control where a sentence says what is wrong with its value."""

    def __init__(self, control: plain.Widget, label: WrappingLabel) -> None:
        self._control = control
        self._label = label
        label.grid_remove()

    @property
    def label(self) -> WrappingLabel:
        """Where the sentence stands."""
        return self._label

    @property
    def text(self) -> str:
        """What is shown, empty when nothing is."""
        return str(self._label.cget("text"))

    def show(self, text: str) -> None:
        """Show a sentence and mark the control, or clear both."""
        if text == self.text:
            return
        self._label.configure(text=text)
        if text:
            self._label.grid()
        else:
            self._label.grid_remove()
        if isinstance(self._control, plain.Entry):
            self._control.state(["invalid" if text else "!invalid"])


class Fields:
    """Lays controls out in a frame: label, control, and what belongs beside it.

    Controls are made by the caller first.
    """

    def __init__(self, frame: ttk.Frame) -> None:
        self._frame = frame
        self._row = 0
        frame.columnconfigure(0, minsize=LABEL_WIDTH, weight=0)
        frame.columnconfigure(1, weight=1)

    def add(
        self, label: str, control: plain.Widget, *, beside: plain.Widget | None = None, hint: str = ""
    ) -> FieldNote:
        """Add a row and return the place for what is wrong with it."""
        row = self._row
        ttk.Label(self._frame, text=label, bootstyle=CARD).grid(row=row, column=0, sticky="w", pady=GAP, padx=(0, 8))
        control.grid(row=row, column=1, sticky="ew", pady=GAP, columnspan=1 if beside else 2)
        if beside is not None:
            beside.grid(row=row, column=2, sticky="e", padx=(8, 0), pady=GAP)
        if hint:
            WrappingLabel(self._frame, bootstyle=HINT, text=hint).grid(row=row + 1, column=1, columnspan=2, sticky="ew")
        problem = WrappingLabel(self._frame, bootstyle="@card danger")
        problem.grid(row=row + 2, column=1, columnspan=2, sticky="ew", pady=(0, GAP))
        self._row += 3
        return FieldNote(control, problem)

    def beneath(self, widget: plain.Widget) -> None:
        """Add a row of words, or a box to tick, that belongs to the control above."""
        widget.grid(row=self._row, column=1, columnspan=2, sticky="ew", pady=(0, GAP))
        self._row += 1

    def wide(self, control: plain.Widget, *, above: int = GAP, indent: int = 0) -> None:
        """Add a row that a control has for itself."""
        control.grid(row=self._row, column=0, columnspan=3, sticky="ew", pady=(above, GAP), padx=(indent, 0))
        self._row += 1


def switch(controls: list[plain.Widget], enabled: bool) -> None:
    """Enable or disable controls; a list to choose from stays one that can't be typed into."""
    for control in controls:
        control.state(["!disabled" if enabled else "disabled"])


def clear_when_edited(note: FieldNote) -> Callable[[], None]:
    """Return a listener that takes the note away: its value is being changed."""
    return lambda: note.show("")
