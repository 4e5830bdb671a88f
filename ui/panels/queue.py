"""The videos in the queue: which machine has each, and how far it is."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter.font import nametofont

import ttkbootstrap as ttk

from ui.queue_view import QueueView
from ui.widgets.card import Card
from ui.widgets.clipped_label import clipped
from ui.widgets.scrollbars import show_when_needed

ROWS = 3
"""How many videos are in view at least."""

TITLE_SHARE = 0.3


class QueuePanel:
    """A list of which one is chosen; it is there as long as it has something in it."""

    def __init__(self, master: tkinter.Misc, choose: Callable[[str], None]) -> None:
        self.card = Card(master, "QUEUE")
        self._choose = choose
        self._shown: QueueView | None = None
        self._width = 1
        self._font = nametofont("TkDefaultFont", root=self.card)
        body = self.card.body
        body.rowconfigure(0, weight=1)
        self.tree = ttk.Treeview(body, columns=("status",), show="tree", selectmode="browse", height=ROWS)
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(body, command=self.tree.yview)
        bar.grid(row=0, column=1, sticky="ns")
        body.columnconfigure(1, minsize=bar.winfo_reqwidth())
        show_when_needed(bar, self.tree)
        self.tree.bind("<Configure>", lambda event: self._resized(event.width), add="+")
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._select())

    def show(self, view: QueueView) -> None:
        """Show the videos."""
        if view is self._shown:
            return
        before, self._shown = self._shown, view
        ids = [one.video.id for one in view.videos]
        if before is None or ids != [one.video.id for one in before.videos]:
            self.tree.delete(*self.tree.get_children())
            for id_ in ids:
                self.tree.insert("", "end", iid=id_)
        self._write()
        chosen = (view.chosen_id,) if view.chosen_id else ()
        if self.tree.selection() != chosen:
            self.tree.selection_set(chosen)
            for id_ in chosen:
                self.tree.see(id_)
        if ids:
            self.card.grid()
        else:
            self.card.grid_remove()

    @property
    def lines(self) -> list[str]:
        """What each row says, with nothing left out."""
        videos = () if self._shown is None else self._shown.videos
        return [f"{one.video.title}: {one.status}" for one in videos]

    def _resized(self, width: int) -> None:
        self._width = width
        self.tree.column("#0", width=round(width * TITLE_SHARE), stretch=False)
        self.tree.column("status", width=width - round(width * TITLE_SHARE))
        self._write()

    def _write(self) -> None:
        """Write the rows, each text as far as there is room for it."""
        room = self._width - 3 * int(self._font.metrics("linespace"))
        for one in () if self._shown is None else self._shown.videos:
            texts = ((one.video.title, TITLE_SHARE), (" ".join(one.status.split()), 1 - TITLE_SHARE))
            title, status = (
                clipped(text, round(room * share), self._font.measure) if self._width > 1 else text
                for text, share in texts
            )
            self.tree.item(one.video.id, text=title, values=(status,))

    def _select(self) -> None:
        for id_ in self.tree.selection():
            if self._shown is None or id_ != self._shown.chosen_id:
                self._choose(id_)
