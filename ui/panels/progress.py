"""How far the job is: a row for everything that takes time."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from pipeline.model import PhaseName
from pipeline.phase_table import PHASES
from ui.bars import Bars
from ui.theme import CARD
from ui.widgets.card import Card
from ui.widgets.progress_row import HALF, ROW_HEIGHT, LinePart, ProgressRow

LABEL_WIDTH = "60p"
ROWS_WITH_FIGURES = (Bars().overall.label, PHASES[PhaseName.UPLOAD].title)
ROWS_WITH_TEXT = (*ROWS_WITH_FIGURES, PHASES[PhaseName.TRANSCRIPT].title)


class ProgressPanel:
    """All rows, in one order; the qualities stand beside each other by two, which leaves room to the list."""

    def __init__(self, master: tkinter.Misc) -> None:
        self.card = Card(master, "PROGRESS")
        body = self.card.body
        body.columnconfigure(0, weight=0, minsize=LABEL_WIDTH)
        for column in (1, 1 + HALF):
            body.columnconfigure(column, weight=1, uniform="bars")
        bars = Bars()
        places = [(bars.overall, LinePart.WHOLE)]
        places += [(bar, LinePart.RIGHT if number % 2 else LinePart.LEFT) for number, bar in enumerate(bars.qualities)]
        places += [(bar, LinePart.WHOLE) for bar in (bars.mp4, bars.transcript, bars.upload)]
        self.rows: list[ProgressRow] = []
        line = 0
        for bar, side in places:
            with_text, with_figures = bar.label in ROWS_WITH_TEXT, bar.label in ROWS_WITH_FIGURES
            self.rows.append(ProgressRow(body, ROW_HEIGHT * line, side, with_text=with_text, with_figures=with_figures))
            line += side is not LinePart.LEFT
        # without some of its rows it is as high as with all: what is beneath stays where it is
        self._room = ttk.Frame(body, width=1, height=1, bootstyle=CARD)
        below = ROW_HEIGHT * line
        self._room.grid(row=0, column=2 * HALF, rowspan=below + 1)
        body.rowconfigure(below, weight=1)
        body.bind("<Configure>", self._keep_room, add="+")

    def _keep_room(self, event: tkinter.Event[tkinter.Misc]) -> None:
        needed = event.widget.winfo_reqheight()  # a window that is drawn smaller gives more for a moment
        if needed > self._room.winfo_reqheight():
            self._room.configure(height=needed)

    def show(self, bars: Bars) -> None:
        """Show the rows."""
        for row, bar in zip(self.rows, bars.all, strict=True):
            row.show(bar)
