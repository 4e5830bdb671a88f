"""Cards that share one place: one is shown, and each has buttons that show the others. Where the place is high enough,
all of them are shown beneath each other.
"""

from __future__ import annotations

import tkinter
from collections.abc import Mapping
from functools import partial

import ttkbootstrap as ttk

from ui.language import shown
from ui.theme import CARD
from ui.widgets.card import NARROW, Card
from ui.widgets.keyboard import has_keyboard
from ui.window_size import on_screen

ENOUGH = 190
"""How high each must be if all of them are shown, in pixels of a screen of 96 dots an inch."""

GAP = "7.5p"


class SwitchedCards:
    """Cards by their names; `grid` places all of them, and the `first` is shown where there is no room for all."""

    def __init__(self, cards: Mapping[str, Card], *, first: str) -> None:
        self._cards = cards
        self._all_fit = False
        self._row = 0
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

    @property
    def place(self) -> Card:
        """The uppermost card that is shown."""
        return next(iter(self._cards.values())) if self._all_fit else self._cards[self.shown]

    def grid(self, *, row: int) -> None:
        """Place the cards in a row of what holds them, and in those beneath it."""
        self._row = row
        for number, card in enumerate(self._cards.values()):
            card.grid(row=row + number, column=0, sticky="nsew", pady=(GAP if number else 0, 0))
            card.bind("<Configure>", self._resized, add="+")
        self._place()

    def show(self, name: str) -> None:
        """Show a card in the place of the other one."""
        if name != self.shown:
            self.shown = name
            self._place()

    def _resized(self, _: tkinter.Event[tkinter.Misc]) -> None:
        """Show all of them as soon as there is room, and one as soon as there is none."""
        card = self._cards[self.shown]
        holder = card.master
        above = (holder.grid_bbox(0, 0, 0, self._row - 1) or (0, 0, 0, 0))[3] if self._row else 0
        room = holder.winfo_height() - above - (len(self._cards) - 1) * card.winfo_pixels(GAP)
        all_fit = room >= len(self._cards) * on_screen(card, ENOUGH)
        if all_fit is not self._all_fit:
            self._all_fit = all_fit
            self._place()

    def _place(self) -> None:
        for number, (name, card) in enumerate(self._cards.items()):
            seen = self._all_fit or name == self.shown
            card.master.rowconfigure(self._row + number, weight=int(seen), uniform="card" if self._all_fit else "")
            if not seen and has_keyboard(card):  # what is hidden must not take what is typed
                self.buttons[name].focus_set()
            if seen:
                card.grid(pady=(GAP if number and self._all_fit else 0, 0))
            else:
                card.grid_remove()
        for button in self.buttons.values():
            if self._all_fit:
                button.grid_remove()
            else:
                button.grid()
