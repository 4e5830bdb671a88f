"""How far the job is: a row for everything that takes time."""

from __future__ import annotations

import tkinter

from pipeline.model import PhaseName
from pipeline.phase_table import PHASES
from ui.bars import Bars
from ui.widgets.card import Card
from ui.widgets.progress_row import ROW_HEIGHT, ProgressRow

LABEL_WIDTH = "60p"
ROWS_WITH_FIGURES = (Bars().overall.label, PHASES[PhaseName.UPLOAD].title)
ROWS_WITH_TEXT = (*ROWS_WITH_FIGURES, PHASES[PhaseName.TRANSCRIPT].title)


class ProgressPanel:
    """All rows, in one order."""

    def __init__(self, master: tkinter.Misc) -> None:
        self.card = Card(master, "PROGRESS")
        body = self.card.body
        body.columnconfigure(0, weight=0, minsize=LABEL_WIDTH)
        body.columnconfigure(1, weight=1)
        self.rows = [
            ProgressRow(
                body,
                ROW_HEIGHT * row,
                with_text=bar.label in ROWS_WITH_TEXT,
                with_figures=bar.label in ROWS_WITH_FIGURES,
            )
            for row, bar in enumerate(Bars().all)
        ]

    def show(self, bars: Bars) -> None:
        """Show the rows."""
        for row, bar in zip(self.rows, bars.all, strict=True):
            row.show(bar)
