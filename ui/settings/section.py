"""The surface of a section of the settings."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.theme import CARD


def section(master: tkinter.Misc) -> ttk.Frame:
    """Return a frame for the rows of a section, whose first column stretches."""
    frame = ttk.Frame(master, bootstyle=CARD, padding=("9p", "9p", "9p", "9p"))
    frame.columnconfigure(0, weight=1)
    return frame
