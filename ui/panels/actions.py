"""Start, Cancel, Pause, Resume, Open folder and Transcripts: always in view."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.view_state import ViewState
from ui.widgets.fields import switch


class ActionBar:
    """The window's main buttons."""

    def __init__(self, master: tkinter.Misc) -> None:
        self.frame = ttk.Frame(master)
        self.frame.columnconfigure(1, weight=1)
        self.start = ttk.Button(self.frame, text="Start", bootstyle="primary", width=14, default="active")
        self.cancel = ttk.Button(self.frame, text="Cancel", bootstyle="danger outline", width=10)
        self.open_folder = ttk.Button(self.frame, text="Open folder", width=12)
        self.transcripts = ttk.Button(self.frame, text="Transcripts…", width=12)
        self.pause = ttk.Button(self.frame, text="Pause upload")
        self.resume = ttk.Button(self.frame, text="Resume upload")
        self.open_folder.grid(row=0, column=0, sticky="w", ipady=3)
        self.transcripts.grid(row=0, column=1, sticky="w", padx=8, ipady=3)
        self.pause.grid(row=0, column=2, ipady=3)
        self.resume.grid(row=0, column=3, padx=(8, 24), ipady=3)
        self.cancel.grid(row=0, column=4, padx=8, ipady=3)
        self.start.grid(row=0, column=5, ipady=3)

    def show(self, state: ViewState) -> None:
        """Show which of them do something now."""
        switch([self.start], state.start_enabled)
        switch([self.pause], state.pause_enabled)
        switch([self.resume], state.resume_enabled)
        switch([self.cancel], state.cancel_enabled)
        switch([self.open_folder], state.folder_openable)
