"""A label whose text wraps at the width that it is given."""

from __future__ import annotations

import tkinter
from typing import Any

import ttkbootstrap as ttk

from ui.language import shown
from ui.widgets.elided import elided

MARGIN = 6
"""What the label keeps free around its text, in pixels."""


class WrappingLabel(ttk.Label):
    """A label for sentences: breaks its lines at its own width instead of asking for more, and elides long texts."""

    def __init__(self, master: tkinter.Misc, *, bootstyle: str, text: str = "") -> None:
        # Asking for one character keeps the text out of the width of whatever holds the label: two labels that each
        # widen and then wrap their holder would never come to rest.
        super().__init__(master, bootstyle=bootstyle, text=elided(shown(text)), justify="left", anchor="w", width=1)
        self._wrapped_at = 0
        self.bind("<Configure>", self._wrap, add="+")

    def configure(self, cnf: Any = None, **options: Any) -> Any:  # noqa: ANN401  # as in Tk
        """Change options, as every widget does."""
        if "text" in options:
            options["text"] = elided(shown(str(options["text"])))
        return super().configure(cnf, **options)

    def _wrap(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if event.width > 1 and event.width != self._wrapped_at:
            self._wrapped_at = event.width
            self.configure(wraplength=max(1, event.width - MARGIN))
