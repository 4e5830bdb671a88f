"""What Start will do, and the window's main buttons: always in view."""

from __future__ import annotations

import tkinter
from collections.abc import Mapping

import ttkbootstrap as ttk

from ui.form_variables import FormVariables
from ui.job_form import typed_path
from ui.language import _, shown
from ui.source_view import NO_SOURCE
from ui.summary import summarise
from ui.view_state import ViewState
from ui.widgets.clipped_label import ClippedLabel
from ui.widgets.fields import switch
from ui.widgets.tip import Tip
from ui.widgets.wrapping_row import WrappingRow

BEFORE_CANCEL = 32
"""What keeps Cancel away from what only pauses, in pixels of a screen of 96 dots an inch."""

START_WIDTH = 10
"""In characters: the button that is pressed most is larger than its text needs."""

RESET_TIP = "Puts every setting back to the usual one. The video, files and folders, the login and the queue stay."


class ActionBar:
    """The buttons of the job and of what it has made; above them the summary, with Reset beside it."""

    def __init__(self, master: tkinter.Misc, variables: FormVariables) -> None:
        self.frame = ttk.Frame(master)
        self._variables = variables
        self._source = NO_SOURCE
        self._measured: Mapping[str, tuple[float, ...]] | None = None
        self.summary = ClippedLabel(self.frame, bootstyle="secondary")
        self.dangers = ttk.Label(self.frame, bootstyle="warning")
        self.reset = ttk.Button(self.frame, text=_("Reset settings"), padding=("7.5p", "1.5p"))
        self.row = WrappingRow(self.frame)
        # made in the order in which they stand, which is the one that Tab goes in
        self.watch = ttk.Button(self.row, text=_("Watch"))
        self.results = ttk.Button(self.row, text=_("Results…"))
        self.open_folder = ttk.Button(self.row, text=_("Open folder"))
        self.transcripts = ttk.Button(self.row, text=_("Transcripts…"))
        self.pause = ttk.Button(self.row, text=_("Pause upload"))
        self.resume = ttk.Button(self.row, text=_("Resume upload"))
        self.cancel = ttk.Button(self.row, text=_("Cancel"), bootstyle="danger outline")
        self.start = ttk.Button(self.row, text=_("Start"), bootstyle="primary", width=START_WIDTH)
        for button in (self.watch, self.results, self.open_folder, self.transcripts):
            self.row.add_left(button)
        self.row.add_right(self.pause)
        self.row.add_right(self.resume)
        self.row.add_right(self.cancel, gap=BEFORE_CANCEL)
        self.row.add_right(self.start)
        self._lay_out()
        self.tip = Tip(self.reset, shown(RESET_TIP))
        variables.on_change(self._summarise, *variables.all)
        self._summarise()

    def show(self, state: ViewState) -> None:
        """Show which of them do something now, and what Start would do with the chosen source."""
        switch([self.start], state.start_pressable)
        switch([self.reset], state.form_enabled)
        switch([self.pause], state.pause_enabled)
        switch([self.resume], state.resume_enabled)
        switch([self.cancel], state.any_cancel_enabled)
        switch([self.open_folder, self.results], state.folder_openable)
        switch([self.watch], state.stream_playable)
        if state.source is not self._source or state.measured is not self._measured:
            self._source, self._measured = state.source, state.measured
            self._summarise()

    def _lay_out(self) -> None:
        self.frame.columnconfigure(1, weight=1)
        self.dangers.grid(row=0, column=0, sticky="w")
        self.summary.grid(row=0, column=1, sticky="ew")
        self.reset.grid(row=0, column=2, sticky="e", padx=("6p", 0))
        self.row.grid(row=1, column=0, columnspan=3, sticky="ew", pady=("3p", 0))

    def _summarise(self) -> None:
        values = self._variables.read()
        # what is shown of another video, until this one was looked at, is not told of this one
        source = self._source if self._source.path_text == typed_path(values.source) else NO_SOURCE
        told = summarise(values, source, self._measured)
        # What takes something away comes first: the rest may be clipped.
        self.dangers.configure(text=f"{shown(told.dangers)}   " if told.dangers else "")
        self.summary.show(told.text)
