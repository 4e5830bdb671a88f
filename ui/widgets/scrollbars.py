"""Scrollbars that are seen only where there is something to scroll."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk as plain

import ttkbootstrap as ttk

from ui.theme import on_new_theme, shown_theme

THUMBS = {"dark": "#7d858d", "light": "#5c636a"}
"""Quieter than the themes' own, which draw the eye away from the text, and still seen (WCAG 2.2, 1.4.11)."""


def thumb() -> str:
    """Return how a scrollbar looks in the theme of the window."""
    return THUMBS[shown_theme(ttk.Style())]


def show_when_needed(
    bar: ttk.Scrollbar,
    view: tkinter.Text | tkinter.Canvas | plain.Treeview,
    changed: Callable[[float], None] = lambda _: None,
) -> None:
    """Join a scrollbar and what it scrolls; the room for the bar is kept, so that nothing moves.

    Args:
        bar: the vertical scrollbar, laid out with grid in a column of fixed size.
        view: what it scrolls.
        changed: called with the lower end of what is in view, from 0 to 1, whenever that changes.
    """
    bar.configure(bootstyle=thumb())
    on_new_theme(bar, lambda: bar.configure(bootstyle=thumb()))

    def moved(first: float, last: float) -> None:
        bar.set(first, last)
        # The stubs say float, Tk hands over texts.
        if float(first) <= 0.0 and float(last) >= 1.0:
            bar.grid_remove()
        else:
            bar.grid()
        changed(float(last))

    view.configure(yscrollcommand=moved)
