"""Pasting into the fields of the window: a text that is too long for one is refused."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

import ttkbootstrap as ttk

from ui.banners import MOST_PASTED


def refuse_long_pastes(window: ttk.App, refused: Callable[[int], None]) -> None:
    """Let the fields of a window take no text that is too long; `refused` is told how many characters it has."""

    def paste(event: tkinter.Event[tkinter.Misc], selection: str, *command: object) -> None:
        try:
            text = str(window.tk.call("::tk::GetSelection", event.widget, selection))
        except tkinter.TclError:  # there is nothing to paste
            return
        if len(text) > MOST_PASTED:
            refused(len(text))
        else:
            window.tk.call(*command)

    def paste_clipboard(event: tkinter.Event[tkinter.Misc]) -> None:
        paste(event, "CLIPBOARD", "::ttk::entry::Paste", event.widget)

    def paste_selection(event: tkinter.Event[tkinter.Misc]) -> None:
        paste(event, "PRIMARY", "::ttk::entry::ScanRelease", event.widget, event.x)

    release = "<ButtonRelease-3>" if window.tk.call("tk", "windowingsystem") == "aqua" else "<ButtonRelease-2>"
    for kind in ("TEntry", "TCombobox"):  # what Tk itself does at these events (ttk, entry.tcl)
        window.bind_class(kind, "<<Paste>>", paste_clipboard)
        window.bind_class(kind, "<<PasteSelection>>", paste_selection)
        window.bind_class(kind, release, paste_selection)
