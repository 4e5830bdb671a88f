"""Which program this is, and its version: a window with the colours of the others, which a box of Tk's own has not."""

from __future__ import annotations

import ttkbootstrap as ttk

from config import VERSION
from ui.icon import play_icon
from ui.language import _, shown
from ui.layout import TITLE
from ui.theme import bold, keep_visible
from ui.window_size import give_size

SIZE = (360, 180)
GAP = "15p"


class AboutOpener:
    """The window, which is there once or not at all. Nothing in it is modal."""

    def __init__(self, master: ttk.App) -> None:
        self.window: ttk.Toplevel | None = None
        self._master = master

    def open(self) -> None:
        """Open the window, or bring the one that is open to the front."""
        if self.window is None:
            self.window = self._make()
        self.window.deiconify()
        self.window.lift()
        self.button.focus_set()

    def _make(self) -> ttk.Toplevel:
        window = ttk.Toplevel(shown(f"About {TITLE}"), iconphoto=None, master=self._master)
        give_size(window, SIZE, SIZE)
        window.columnconfigure(1, weight=1)
        window.rowconfigure(0, weight=1)
        self._icon, self._font = play_icon(window), bold(window, larger=1)
        ttk.Label(window, image=self._icon).grid(row=0, column=0, padx=GAP, pady=(GAP, 0))
        ttk.Label(window, text=f"{TITLE} {VERSION}", font=self._font).grid(row=0, column=1, sticky="w", pady=(GAP, 0))
        self.button = ttk.Button(window, text=_("Close"), command=self.close)
        self.button.grid(row=1, column=0, columnspan=2, sticky="e", padx=GAP, pady=GAP)
        window.protocol("WM_DELETE_WINDOW", self.close)
        window.bind("<Escape>", lambda _: self.close())
        keep_visible(window, self._master.style)
        return window

    def close(self) -> None:
        """Take the window away."""
        if self.window is not None:
            self.window.destroy()
        self.window = None
