"""A label of one line that says when it had to leave something out."""

from __future__ import annotations

import tkinter
from tkinter.font import nametofont

import ttkbootstrap as ttk

from ui.language import shown
from ui.rescaling import on_rescale
from ui.widgets.elided import clipped, elided


class ClippedLabel(ttk.Label):
    """A label that ends in an ellipsis where its text is longer than its width."""

    def __init__(self, master: tkinter.Misc, *, bootstyle: str) -> None:
        super().__init__(master, bootstyle=bootstyle, width=1, font="TkDefaultFont")
        self.full_text = ""
        self._font = nametofont("TkDefaultFont", root=self)
        self.bind("<Configure>", lambda event: self._fit(event.width), add="+")
        on_rescale(self, lambda: self._fit(self.winfo_width()))

    def show(self, text: str) -> None:
        """Show a text, or as much of it as there is room for."""
        self.full_text = elided(shown(text))
        self._fit(self.winfo_width())

    def _fit(self, width: int) -> None:
        # Before it is laid out a widget says that it is 1 wide; the layout then tells the real width.
        text = self.full_text if width <= 1 else clipped(self.full_text, width - 4, self._font.measure)
        if text != self.cget("text"):
            self.configure(text=text)
