"""What happened, line by line."""

from __future__ import annotations

import time
import tkinter
from collections.abc import Sequence

import ttkbootstrap as ttk

from pipeline.events import LogLevel
from ui.messages import LogEntry
from ui.widgets.card import Card
from ui.widgets.scrollbars import show_when_needed

MAX_LINES = 2000
"""Older lines are let go: the view is for the eye, the upload's log file keeps everything."""

COLOURS = {LogLevel.WAITING: "warning", LogLevel.WARNING: "warning", LogLevel.ERROR: "danger"}


class LogPanel:
    """Text that can be read, selected and copied; follows the last line unless the reader has scrolled up."""

    def __init__(self, master: tkinter.Misc, style: ttk.Style) -> None:
        self.card = Card(master, "LOG")
        self.card.body.rowconfigure(0, weight=1)
        self.view = ttk.ScrolledText(
            self.card.body, height=4, width=20, wrap="word", state="disabled", font="TkDefaultFont", padding=0
        )
        self.view.grid(row=0, column=0, sticky="nsew")
        self.text: tkinter.Text = self.view.text
        self._height = 0
        self._following = True
        scrollbar = self.view.vbar
        assert scrollbar is not None
        show_when_needed(scrollbar, self.text, self._moved)
        for level, colour in COLOURS.items():
            self.text.tag_configure(level.value, foreground=style.colors.get(colour))
        # A disabled text takes no focus by itself, and without focus nothing can be copied with the keyboard.
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add="+")

    def append(self, lines: Sequence[LogEntry]) -> None:
        """Add lines at the end."""
        if not lines:
            return
        following = self._following
        now = time.strftime("%H:%M:%S")
        self.text.configure(state="normal")
        for line in lines:
            self.text.insert("end", f"{now}  {line.text}\n", line.level.value)
        surplus = int(self.text.index("end-1c").split(".")[0]) - 1 - MAX_LINES
        if surplus > 0:
            self.text.delete("1.0", f"{surplus + 1}.0")
        self.text.configure(state="disabled")
        if following:
            self.text.see("end")

    def _moved(self, last: float) -> None:
        """Follow the end while the reader is there; making the window smaller is not scrolling up."""
        height = self.text.winfo_height()
        if height == self._height:
            self._following = last >= 1.0
        elif self._following:
            self.text.see("end")
        self._height = height
