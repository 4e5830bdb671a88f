"""What an editor's window without a dataset shows: where to type or look for one."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import filedialog

import ttkbootstrap as ttk

from ui.language import _
from ui.screen_reader import tell_name
from ui.theme import CARD, HINT
from ui.transcripts.state import EditorStage, EditorState
from ui.widgets.card import Card
from ui.widgets.fields import switch
from ui.widgets.wrapping_label import WrappingLabel

HELP = "The file of a course's transcripts: a path, or an address such as s3://bucket/course/transcripts.json."

ADDS = "The video that was just converted is added to it; a file that is not there yet is begun."


class OpeningPanel:
    """A field for the address, with a button to look for a file and one that opens it."""

    def __init__(self, master: tkinter.Misc, chosen: Callable[[str], None], *, adds: bool) -> None:
        self.card = Card(master, "TRANSCRIPTS")
        self._chosen = chosen
        body = self.card.body
        self.address = tkinter.StringVar(master)
        self.entry = ttk.Entry(body, textvariable=self.address, bootstyle=CARD)
        tell_name(self.entry, _("The file of transcripts"))
        self.entry.grid(row=0, column=0, sticky="ew", pady="3p")
        self.browse = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._look)
        self.browse.grid(row=0, column=1, padx=("6p", 0))
        self.open = ttk.Button(body, text=_("Open"), bootstyle="@card primary", width=10, command=self._open)
        self.open.grid(row=0, column=2, padx=("6p", 0))
        WrappingLabel(body, bootstyle=HINT, text=f"{HELP} {ADDS}" if adds else HELP).grid(
            row=1, column=0, columnspan=3, sticky="ew"
        )
        self.entry.bind("<Return>", lambda _: self._open())

    def show(self, state: EditorState) -> None:
        """Show whether something can be opened now."""
        switch([self.entry, self.browse, self.open], state.stage is EditorStage.EMPTY)

    def _look(self) -> None:
        found = filedialog.askopenfilename(
            parent=self.card, title=_("Open transcripts"), filetypes=[(_("Datasets"), "*.json"), (_("All files"), "*")]
        )
        if found:
            self.address.set(str(found))
            self._open()

    def _open(self) -> None:
        if self.address.get().strip():
            self._chosen(self.address.get())
