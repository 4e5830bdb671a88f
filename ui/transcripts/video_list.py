"""The list of videos at the side of the editor's window."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter.font import nametofont

import ttkbootstrap as ttk

from transcripts.rows import Id
from ui.language import _
from ui.rescaling import on_rescale
from ui.screen_reader import tell_name
from ui.theme import on_new_theme
from ui.transcripts.messages import VideoEntry
from ui.transcripts.state import EditorState
from ui.widgets.elided import clipped
from ui.widgets.scrollbars import thumb

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
        self._font = nametofont("TkDefaultFont", root=self.frame)
        self.tree.column("#0", width=WIDTH_CHARACTERS * self._font.measure("n"))
        tell_name(self.tree, _("Videos"))
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(self.frame, command=self.tree.yview, bootstyle=thumb())
        on_new_theme(bar, lambda: bar.configure(bootstyle=thumb()))
        bar.grid(row=0, column=1, sticky="ns")
        self.tree.configure(yscrollcommand=bar.set)
        self.tree.bind("<Configure>", lambda event: self._fit(event.width), add="+")
        on_rescale(self.tree, lambda: self._fit(self.tree.winfo_width()))
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._select())

    def show(self, state: EditorState) -> None:
        """Show the videos of a dataset."""
        if state.videos != self._shown:
            self._shown = state.videos
            self.tree.delete(*self.tree.get_children())
            for number in range(len(state.videos)):
                self.tree.insert("", "end", iid=str(number))
            self._fit(self.tree.winfo_width())
        wanted = next((str(n) for n, one in enumerate(state.videos) if one.id == state.media_id), None)
        if wanted is not None and self.tree.selection() != (wanted,):
            self.tree.selection_set(wanted)
            self.tree.see(wanted)

    def _fit(self, width: int) -> None:
        """Write the titles, each as far as there is room for it."""
        room = width - 2 * int(self._font.metrics("linespace"))  # on both sides, as the theme has it
        for number, video in enumerate(self._shown):
            title = " ".join(video.title.split())
            self.tree.item(str(number), text=clipped(title, room, self._font.measure) if width > 1 else title)

    def _select(self) -> None:
        for item in self.tree.selection():
            self._chosen(self._shown[int(item)].id)
