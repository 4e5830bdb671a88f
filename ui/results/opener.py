"""The window with the results of a job, which is there once or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from ui.folder_actions import FolderActions
from ui.folder_messages import FolderMessage, ResultsRead
from ui.language import _
from ui.theme import keep_visible
from ui.window_size import give_size

if TYPE_CHECKING:
    from ui.results.panel import ResultsPanel

TITLE = "Results"
SIZE = (720, 480)
MIN_SIZE = (480, 320)
GAP = "7.5p"


class ResultsOpener:
    """Opens the window beside the main one, and shows in it what is read. Nothing in it is modal."""

    def __init__(self, master: ttk.App, actions: FolderActions) -> None:
        self._master = master
        self._actions = actions
        self.window: ttk.Toplevel | None = None
        self.panel: ResultsPanel | None = None

    def open(self, folder: Path) -> None:
        """Show the results of a folder."""
        if self.window is None or self.panel is None:
            self.window, self.panel = self._make()
        self.window.deiconify()
        self.window.lift()
        self.panel.watch.focus_set()
        self.panel.expect(folder)

    def receive(self, message: FolderMessage) -> None:
        """Show what was read of a folder."""
        if self.panel is not None and isinstance(message, ResultsRead):
            self.panel.receive(message)

    def _make(self) -> tuple[ttk.Toplevel, ResultsPanel]:
        from ui.results.panel import ResultsPanel  # when first wanted: the main window opens sooner

        window = ttk.Toplevel(_(TITLE), iconphoto=None, master=self._master)
        give_size(window, SIZE, MIN_SIZE)
        window.columnconfigure(0, weight=1)
        window.rowconfigure(0, weight=1)
        panel = ResultsPanel(window, self._actions)
        panel.frame.grid(row=0, column=0, sticky="nsew", padx=GAP, pady=GAP)
        window.protocol("WM_DELETE_WINDOW", self._close)
        window.bind("<Escape>", lambda _: self._close())
        keep_visible(window, self._master.style)
        return window, panel

    def _close(self) -> None:
        if self.window is not None:
            self.window.destroy()
        self.window = self.panel = None
