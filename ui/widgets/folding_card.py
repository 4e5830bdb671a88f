"""A panel that is folded away until it is wanted, and says in a few words what is in it."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.language import shown
from ui.theme import CARD, HINT, bold
from ui.widgets.keyboard import has_keyboard
from ui.widgets.wrapping_label import WrappingLabel

CLOSED, OPEN = "▸", "▾"
TITLE = "Title"
"""The style of a button that is a card's title: the card's own button, in bold."""

NOTABLE = "@card info"
UNFOLDED = "<<Unfolded>>"
"""The event of a card that was just unfolded."""


class FoldingCard(ttk.Frame):
    """A panel whose title is a button that shows and hides `body`; the title stays where it is.

    UNFOLDED is sent when the body is shown.

    `head`, beside the title, is for what is always in view. Without it, the summary stands there.
    """

    def __init__(
        self, master: tkinter.Misc, title: str, opened: tkinter.BooleanVar, *, with_head: bool = False
    ) -> None:
        super().__init__(master, bootstyle="bordered @card", padding=("3p", "3p", "10.5p", "3p"))
        self._title = title
        self._opened = opened
        self.columnconfigure(1, weight=1)
        self._font = bold(self)
        self.toggle = ttk.Button(self, bootstyle="@card ghost", command=lambda: opened.set(not opened.get()))
        style = f"{TITLE}.{self.toggle.cget('style')}"
        ttk.Style().configure(style, font=self._font)
        self.toggle.configure(style=style)
        self.toggle.grid(row=0, column=0, sticky="nw")
        self.head = ttk.Frame(self, bootstyle=CARD)
        self.head.columnconfigure(0, weight=1)
        self.summary = WrappingLabel(self, bootstyle=HINT)
        if with_head:
            self.head.grid(row=0, column=1, sticky="ew", padx=("4.5p", 0))
            self.summary.grid(row=1, column=0, columnspan=2, sticky="ew", padx=("7.5p", 0), pady=(0, "2p"))
        else:
            self.summary.grid(row=0, column=1, sticky="ew", padx=("4.5p", 0))
        self.body = ttk.Frame(self, bootstyle=CARD, padding=("7.5p", "4.5p", 0, "6p"))
        self.body.grid(row=2, column=0, columnspan=2, sticky="nsew")
        opened.trace_add("write", lambda *_: self._fold())
        self._fold()

    def summarise(self, text: str, *, notable: bool) -> None:
        """Say what is in it; what is notable stands out."""
        self.summary.configure(text=text, bootstyle=NOTABLE if notable else HINT)

    def unfold(self) -> None:
        """Show the body."""
        if not self._opened.get():
            self._opened.set(True)

    def _fold(self) -> None:
        opened = self._opened.get()
        self.toggle.configure(text=f"{OPEN if opened else CLOSED}  {shown(self._title)}")
        if opened:
            self.body.grid()
            self.event_generate(UNFOLDED)
            return
        if has_keyboard(self.body):  # what is hidden must not take what is typed
            self.toggle.focus_set()
        self.body.grid_remove()
