"""What happened, line by line."""

from __future__ import annotations

import time
import tkinter
from collections.abc import Sequence
from functools import partial

import ttkbootstrap as ttk

from pipeline.events import LogLevel
from ui.language import _, shown
from ui.messages import LogEntry
from ui.screen_reader import tell_name
from ui.theme import on_new_theme
from ui.widgets.card import Card
from ui.widgets.elided import elided
from ui.widgets.scrollbars import show_when_needed

MAX_LINES = 2000
"""Older lines are let go: the view is for the eye, the upload's log file keeps everything."""

MOST_IN_A_LINE = 2000
"""Characters of one message."""

COLOURS = {LogLevel.WAITING: "warning", LogLevel.WARNING: "warning", LogLevel.ERROR: "danger"}

PAGE = 8
"""How many lines a page is: about what a small window shows."""
SCROLLING_KEYS = {"<Up>": -1, "<Down>": 1, "<Prior>": -PAGE, "<Next>": PAGE}


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
        tell_name(self.text, _("Log"))
        self._height = 0
        self._following = True
        scrollbar = self.view.vbar
        assert scrollbar is not None
        show_when_needed(scrollbar, self.text, self._moved)
        self._style = style
        self._colour()
        on_new_theme(self.text, self._colour)
        # A disabled text takes no focus by itself, and without focus nothing can be read on or copied by keyboard.
        self.text.configure(takefocus=True)
        self.text.bind("<Button-1>", lambda _: self.text.focus_set(), add="+")
        for key, lines in SCROLLING_KEYS.items():
            self.text.bind(key, partial(self._scroll, lines))
        self.text.bind("<Home>", lambda _: self._show_end("1.0"))
        self.text.bind("<End>", lambda _: self._show_end("end"))

    def _colour(self) -> None:
        for level, colour in COLOURS.items():
            self.text.tag_configure(level.value, foreground=self._style.colors.get(colour))

    def append(self, lines: Sequence[LogEntry]) -> None:
        """Add lines at the end."""
        if not lines:
            return
        following = self._following
        now = time.strftime("%H:%M:%S")
        self.text.configure(state="normal")
        for line in lines:
            self.text.insert("end", f"{now}  {elided(shown(line.text), MOST_IN_A_LINE)}\n", line.level.value)
        surplus = int(self.text.index("end-1c").split(".")[0]) - 1 - MAX_LINES
        if surplus > 0:
            self.text.delete("1.0", f"{surplus + 1}.0")
        self.text.configure(state="disabled")
        if following:
            self.text.see("end")

    def _scroll(self, lines: int, _: object) -> str:
        """Scroll by so many lines; a disabled text has no cursor that could be moved."""
        self.text.yview_scroll(lines, "units")
        return "break"

    def _show_end(self, index: str) -> str:
        self.text.see(index)
        return "break"

    def _moved(self, last: float) -> None:
        """Follow the end while the reader is there; making the window smaller is not scrolling up."""
        height = self.text.winfo_height()
        if height == self._height:
            self._following = last >= 1.0
        elif self._following:
            self.text.see("end")
        self._height = height
