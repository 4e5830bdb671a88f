"""A panel with a title and a thin border."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.language import shown
from ui.theme import CARD, bold

NARROW = ("6p", "1p")
"""The padding of a button beside the title."""


class Card(ttk.Frame):
    """A titled panel; its content goes into `body`, whose first column stretches, and buttons beside the title into
    `corner`. `head`, beside the title too, is for what is true of all of it.
    """

    def __init__(self, master: tkinter.Misc, title: str) -> None:
        super().__init__(master, bootstyle="bordered @card", padding=("10.5p", "6p", "10.5p", "7.5p"))
        self._font = bold(self)
        self.columnconfigure(1, weight=1)
        self.rowconfigure(1, weight=1)
        ttk.Label(self, text=shown(title), font=self._font, bootstyle=CARD).grid(
            row=0, column=0, sticky="w", pady=(0, "3p")
        )
        self.head = ttk.Frame(self, bootstyle=CARD)
        self.head.grid(row=0, column=1, sticky="ew", padx=("15p", 0))
        self.corner = ttk.Frame(self, bootstyle=CARD)
        self.corner.grid(row=0, column=2, sticky="e", pady=(0, "3p"))
        self.body = ttk.Frame(self, bootstyle=CARD)
        self.body.grid(row=1, column=0, columnspan=3, sticky="nsew")
        self.body.columnconfigure(0, weight=1)
