"""A part of a card that scrolls when there is more in it than its place has room for."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.theme import CARD, on_new_theme
from ui.widgets.scrollbars import show_when_needed


class ScrolledPart(ttk.ScrolledFrame):
    """A scrolled frame on a card's surface, as large as the place that it is put into."""

    def __init__(self, master: tkinter.Misc) -> None:
        super().__init__(master, width=1, height=1, padding=0, bootstyle=CARD)
        show_when_needed(self.vbar, self._canvas)
        self.container.configure(bootstyle=CARD)
        self._take_colour()
        on_new_theme(self._canvas, self._take_colour)

    def _take_colour(self) -> None:
        """Give the canvas, which no style reaches, the colour of the card."""
        self._canvas.configure(background=ttk.Style().lookup(self.cget("style"), "background"))
