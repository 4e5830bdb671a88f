"""Problems of the form, each shown beneath the field that it speaks of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from pipeline.errors import Problem, Setting
from ui.widgets.card import Card
from ui.widgets.fields import FieldNote
from ui.widgets.folding_card import FoldingCard
from ui.widgets.scrolled_column import ScrolledColumn


class NotedPanel(Protocol):
    """A panel with fields that problems may be shown beneath."""

    @property
    def card(self) -> Card | FoldingCard:
        """What its fields are on."""

    @property
    def notes(self) -> dict[Setting, FieldNote]:
        """Where the problems of a setting are shown."""


class ProblemNotes:
    """Shows problems beneath the fields of some panels in `column`, unfolds those that have one, and brings the first
    problem into view.
    """

    def __init__(self, column: ScrolledColumn, panels: Iterable[NotedPanel]) -> None:
        self._column = column
        self._cards = {setting: panel.card for panel in panels for setting in panel.notes}
        self._notes = {setting: note for panel in panels for setting, note in panel.notes.items()}
        self._shown: tuple[Problem, ...] = ()

    def show(self, problems: tuple[Problem, ...]) -> None:
        """Show these problems, unless they are shown already; those that speak of no field here are left out."""
        if problems is self._shown:
            return
        self._shown = problems
        texts = dict.fromkeys(self._notes.values(), "")  # several settings may have the same note
        for problem in problems:
            note = None if problem.setting is None else self._notes.get(problem.setting)
            if note is not None:
                texts[note] = f"{texts[note]} {problem.text}".strip()
        for note, text in texts.items():
            note.show(text)
        shown = [problem.setting for problem in problems if problem.setting in self._notes]
        for setting in shown:
            if setting is not None and isinstance(card := self._cards[setting], FoldingCard):
                card.unfold()
        if shown and shown[0] is not None:
            self._column.update_idletasks()  # its place is known only then
            first = self._notes[shown[0]]
            for part in (first.label, first.control):  # the control above all
                self._column.bring_into_view(part)
