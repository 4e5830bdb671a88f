"""A row of the progress panel: name, bar, percentage, and where wanted a line of text and one of figures beneath."""

from __future__ import annotations

import tkinter
from enum import Enum

import ttkbootstrap as ttk

from ui.bars import Bar, RowStatus
from ui.language import shown
from ui.screen_reader import tell_name, tell_value
from ui.theme import CARD, FIGURE_STYLES, HINT, bar_style, on_new_theme
from ui.widgets.clipped_label import ClippedLabel

FIGURE_WIDTH = 7
"""Room for the longest word at the end of a row, in characters, so that bars keep their length."""

STEPS = 1000

ROW_HEIGHT = 3
"""How many rows of the grid one row may take."""

HALF = 3
"""How many columns of the grid half a row takes: name, bar and figure."""


class LinePart(Enum):
    """Which part of a line a row takes."""

    WHOLE = "whole"
    LEFT = "left"
    RIGHT = "right"


class ProgressRow:
    """Shows a `Bar` in a row of a grid; touches Tk only where something has changed."""

    def __init__(self, master: tkinter.Misc, row: int, part: LinePart, *, with_text: bool, with_figures: bool) -> None:
        self.bar: Bar | None = None
        self.label = ttk.Label(master, bootstyle=CARD)
        self.progress = ttk.Progressbar(master, maximum=STEPS, bootstyle=CARD)
        self.figure = ttk.Label(master, width=FIGURE_WIDTH, anchor="e", bootstyle=CARD)
        first = HALF if part is LinePart.RIGHT else 0
        more = HALF if part is LinePart.WHOLE else 0
        self.label.grid(row=row, column=first, sticky="w", padx=("9p" if first else 0, 0), pady="0.5p")
        self.progress.grid(row=row, column=first + 1, columnspan=1 + more, sticky="ew", padx="6p")
        self.figure.grid(row=row, column=first + 2 + more, sticky="e")
        self.text: ClippedLabel | None = None
        if with_text:
            self.text = ClippedLabel(master, bootstyle=HINT)
            self.text.grid(row=row + 1, column=1, columnspan=2 + more, sticky="ew", padx=("6p", 0))
        self.figures: ClippedLabel | None = None
        if with_figures:  # a line of their own: the name of a file in front of them would push them about
            self.figures = ClippedLabel(master, bootstyle=HINT)
            self.figures.grid(row=row + 2, column=1, columnspan=2 + more, sticky="ew", padx=("6p", 0))
        on_new_theme(self.progress, self._colour)

    def show(self, bar: Bar) -> None:
        """Show a bar."""
        before, self.bar = self.bar, bar
        if bar == before:
            return
        if before is None or bar.shown is not before.shown:
            for widget in (self.label, self.progress, self.figure):
                if bar.shown:
                    widget.grid()
                else:
                    widget.grid_remove()
        status_changed = before is None or bar.status is not before.status
        if status_changed:
            self.label.configure(bootstyle=HINT if bar.status is RowStatus.OFF else CARD)
            self._colour()
            self.figure.configure(bootstyle=FIGURE_STYLES[bar.status])
        self.label.configure(text=shown(bar.label))
        self.progress.configure(value=round(bar.fraction * STEPS))
        tell_name(self.progress, str(self.label.cget("text")))
        self.figure.configure(text=shown(bar.figure))
        tell_value(self.progress, str(self.figure.cget("text")))
        if self.text is not None:
            self.text.show(bar.text)
        if self.figures is not None:
            self.figures.show(bar.figures)

    def _colour(self) -> None:
        if self.bar is not None:
            self.progress.configure(bootstyle=bar_style(self.bar.status, ttk.Style()))
