"""A part of a card that scrolls when there is more in it than its place has room for."""

from __future__ import annotations

import tkinter
from functools import partial
from typing import Literal

import ttkbootstrap as ttk

from ui.theme import CARD, on_new_theme
from ui.widgets.scrollbars import show_when_needed

SCROLLING_KEYS: tuple[tuple[str, int, Literal["units", "pages"]], ...] = (
    *(("<Up>", -1, "units"), ("<Down>", 1, "units"), ("<Prior>", -1, "pages"), ("<Next>", 1, "pages")),
    *(("<Home>", -1000, "pages"), ("<End>", 1000, "pages")),
)

RING = 1
"""How wide the ring is that shows where the keyboard is, in pixels."""


class ScrolledPart(ttk.ScrolledFrame):
    """A scrolled frame on a card's surface, as large as the place that it is put into."""

    def __init__(self, master: tkinter.Misc) -> None:
        super().__init__(master, width=1, height=1, padding=0, bootstyle=CARD)
        show_when_needed(self.vbar, self._canvas, self._moved)
        self._canvas.configure(highlightthickness=RING)
        self._canvas.bind("<Configure>", self._fit, add="+")
        for key, lines, unit in SCROLLING_KEYS:
            self._canvas.bind(key, partial(self._scroll, lines, unit))
        self.container.configure(bootstyle=CARD)
        self._take_colour()
        on_new_theme(self._canvas, self._take_colour)

    def _take_colour(self) -> None:
        """Give the canvas, which no style reaches, the colour of the card, and one that shows where the keyboard is."""
        style = ttk.Style()
        card = style.lookup(self.cget("style"), "background")
        self._canvas.configure(background=card, highlightbackground=card, highlightcolor=style.colors.primary)

    def _moved(self, _: float) -> None:
        """Let Tab stop here only where there is something to scroll."""
        stops = self.yview() != (0.0, 1.0)
        if str(self._canvas.cget("takefocus")) != str(int(stops)):  # the canvas tells of this change, too
            self._canvas.configure(takefocus=stops)

    def _fit(self, event: tkinter.Event[tkinter.Misc]) -> None:
        """Keep what is scrolled between the two sides of the ring that shows the keyboard."""
        self._canvas.itemconfigure("all", width=event.width - 2 * RING)

    def _scroll(self, number: int, unit: Literal["units", "pages"], _: object) -> str:
        self._canvas.yview_scroll(number, unit)
        return "break"
