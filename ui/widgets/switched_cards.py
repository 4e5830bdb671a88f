"""Cards that share one place: one is shown, and each has buttons that show the others."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import ttkbootstrap as ttk

from ui.language import shown
from ui.theme import CARD
from ui.widgets.card import NARROW, Card
from ui.widgets.keyboard import has_keyboard


class SwitchedCards:
    """Cards by their names; `grid` places all of them, and the `first` is shown."""

    def __init__(self, cards: Mapping[str, Card], *, first: str) -> None:
        self._cards = cards
        self.shown = first
        self.buttons: dict[str, ttk.Button] = {}
        for name, card in cards.items():
            for other in cards:
                if other != name:
                    button = ttk.Button(
                        card.corner,
                        text=shown(other),
                        bootstyle=CARD,
                        padding=NARROW,
                        command=partial(self.show, other),
                    )
                    button.grid(row=0, column=card.corner.grid_size()[0], padx=("4p", 0))
                    self.buttons[other] = button

    def grid(self, *, row: int) -> None:
        """Place the cards in a row of what holds them."""
        for name, card in self._cards.items():
            card.grid(row=row, column=0, sticky="nsew")
            if name != self.shown:
                card.grid_remove()

    def show(self, name: str) -> None:
        """Show a card in the place of the other one."""
        if name == self.shown:
            return
        before, self.shown = self.shown, name
        if has_keyboard(self._cards[before]):  # what is hidden must not take what is typed
            self.buttons[before].focus_set()
        self._cards[before].grid_remove()
        self._cards[name].grid()
