"""The results of one folder, and buttons for what can be done with it."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from ui.folder_actions import FolderActions
from ui.folder_messages import ResultsRead
from ui.language import shown
from ui.results.embed import embed_code
from ui.results.text import MASTER, result_lines
from ui.theme import CARD, HINT, TEXT_TONES
from ui.widgets.card import Card
from ui.widgets.clipped_label import ClippedLabel
from ui.widgets.fields import switch
from ui.widgets.scrolled_part import ScrolledPart
from ui.widgets.wrapping_label import WrappingLabel
from ui.widgets.wrapping_row import WrappingRow

if TYPE_CHECKING:
    from pipeline.folder_results import FolderResults

READING = "Reading the results…"
COPIED_ADDRESS = "The address is in the clipboard."
COPIED_CODE = "The embed code is in the clipboard: paste it into the page's HTML."


class ResultsPanel:
    """A card with a line for each figure; below it the buttons, and what the last of them did."""

    def __init__(self, master: tkinter.Misc, actions: FolderActions) -> None:
        self.frame = ttk.Frame(master)
        self._actions = actions
        self._results: FolderResults | None = None
        self._folder: Path | None = None
        self.card = Card(self.frame, "RESULTS")
        self.card.body.rowconfigure(0, weight=1)
        self.lines = ScrolledPart(self.card.body)
        self.lines.grid(row=0, column=0, sticky="nsew")
        self.lines.columnconfigure(1, weight=1)
        self.row = WrappingRow(self.frame)
        self.watch = self._button("Watch", self._watch)
        self.open_folder = self._button("Open folder", self._open_folder)
        self.copy_address = self._button("Copy address", self._copy_address)
        self.copy_code = self._button("Copy embed code", self._copy_code)
        self.told = ClippedLabel(self.frame, bootstyle="secondary")
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(0, weight=1)
        self.card.grid(row=0, column=0, sticky="nsew")
        self.told.grid(row=1, column=0, sticky="ew", pady=("4.5p", 0))
        self.row.grid(row=2, column=0, sticky="ew", pady=("4.5p", 0))
        self.clear()

    @property
    def texts(self) -> list[str]:
        """What stands in the lines, label and text in turn."""
        return [str(one.cget("text")) for one in self.lines.winfo_children()]

    def clear(self, text: str = "") -> None:
        """Show no results, or a sentence in their place."""
        self._show(None, None, text)

    def expect(self, folder: Path) -> None:
        """Read a folder; until then nothing of it is shown."""
        self._show(folder, None, READING)
        self._actions.read(folder)

    def receive(self, message: ResultsRead) -> None:
        """Show what was read, unless another folder is wanted by now."""
        if message.folder == self._folder:
            self._show(message.folder, message.results, message.problem)

    def _show(self, folder: Path | None, results: FolderResults | None, text: str) -> None:
        self._folder, self._results = folder, results
        for widget in self.lines.winfo_children():
            widget.destroy()
        if results is None:
            only = WrappingLabel(self.lines, bootstyle=CARD, text=text)
            only.grid(row=0, column=0, columnspan=2, sticky="ew")
        for number, line in enumerate(() if results is None else result_lines(results)):
            ttk.Label(self.lines, bootstyle=HINT, text=shown(line.label)).grid(
                row=number, column=0, sticky="nw", padx=(0, "9p"), pady="1.5p"
            )
            told = WrappingLabel(self.lines, bootstyle=TEXT_TONES[line.tone], text=line.text)
            told.grid(row=number, column=1, sticky="ew", pady="1.5p")
        self.lines.yview_moveto(0.0)
        self.told.show("")
        switch([self.watch], results is not None and bool(results.qualities) and not results.media_deleted)
        switch([self.open_folder], results is not None)
        switch([self.copy_address, self.copy_code], results is not None and MASTER in results.addresses)

    def _button(self, text: str, command: Callable[[], None]) -> ttk.Button:
        button = ttk.Button(self.row, text=shown(text), command=command)
        self.row.add_left(button)
        return button

    def _watch(self) -> None:
        if self._results is not None:
            self._actions.watch(self._results.folder, self._results.title)
            self.told.show("Opening the page in the browser…")

    def _open_folder(self) -> None:
        if self._results is not None:
            self._actions.show(self._results.folder)

    def _copy_address(self) -> None:
        if self._results is not None:
            self._copy(self._results.addresses[MASTER], COPIED_ADDRESS)

    def _copy_code(self) -> None:
        if self._results is not None:
            self._copy(embed_code(self._results.addresses, self._results.title), COPIED_CODE)

    def _copy(self, text: str, told: str) -> None:
        self.frame.clipboard_clear()
        self.frame.clipboard_append(text)
        self.told.show(told)
