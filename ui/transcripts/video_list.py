"""The list of videos at the side of the editor's window."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter.font import nametofont

import ttkbootstrap as ttk

from transcripts.rows import Id
from ui.transcripts.messages import VideoEntry
from ui.transcripts.state import EditorState
from ui.widgets.scrollbars import THUMB

WIDTH_CHARACTERS = 26


class VideoList:
    """Titles, of which one is chosen."""

    def __init__(self, master: tkinter.Misc, chosen: Callable[[Id], None]) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=1)
        self._chosen = chosen
        self._shown: tuple[VideoEntry, ...] = ()
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(0, weight=1)
        self.tree = ttk.Treeview(self.frame, show="tree", selectmode="browse")
        self.tree.column("#0", width=WIDTH_CHARACTERS * nametofont("TkDefaultFont", root=self.frame).measure("n"))
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(self.frame, command=self.tree.yview, bootstyle=THUMB)
        bar.grid(row=0, column=1, sticky="ns")
        self.tree.configure(yscrollcommand=bar.set)
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._select())

    def show(self, state: EditorState) -> None:
        """Show the videos of a dataset."""
        if state.videos != self._shown:
            self._shown = state.videos
            self.tree.delete(*self.tree.get_children())
            for number, video in enumerate(state.videos):
                self.tree.insert("", "end", iid=str(number), text=" ".join(video.title.split()))
        wanted = next((str(n) for n, one in enumerate(state.videos) if one.id == state.media_id), None)
        if wanted is not None and self.tree.selection() != (wanted,):
            self.tree.selection_set(wanted)
            self.tree.see(wanted)

    def _select(self) -> None:
        for item in self.tree.selection():
            self._chosen(self._shown[int(item)].id)
