"""Start, Cancel, Pause, Resume, Open folder and Transcripts: always in view."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.view_state import ViewState
from ui.widgets.fields import switch
from ui.widgets.wrapping_row import WrappingRow

BEFORE_CANCEL = 32
"""Pixels that keep Cancel away from what only pauses."""


class ActionBar:
    """The window's main buttons."""

    def __init__(self, master: tkinter.Misc) -> None:
        self.frame = WrappingRow(master)
        self.start = ttk.Button(self.frame, text="Start", bootstyle="primary", width=14, default="active")
        self.cancel = ttk.Button(self.frame, text="Cancel", bootstyle="danger outline", width=10)
        self.open_folder = ttk.Button(self.frame, text="Open folder", width=12)
        self.transcripts = ttk.Button(self.frame, text="Transcripts…", width=12)
        self.pause = ttk.Button(self.frame, text="Pause upload")
        self.resume = ttk.Button(self.frame, text="Resume upload")
        self.frame.add_left(self.open_folder)
        self.frame.add_left(self.transcripts)
        self.frame.add_right(self.pause)
        self.frame.add_right(self.resume)
        self.frame.add_right(self.cancel, gap=BEFORE_CANCEL)
        self.frame.add_right(self.start)

    def show(self, state: ViewState) -> None:
        """Show which of them do something now."""
        switch([self.start], state.start_enabled)
        switch([self.pause], state.pause_enabled)
        switch([self.resume], state.resume_enabled)
        switch([self.cancel], state.cancel_enabled)
        switch([self.open_folder], state.folder_openable)
