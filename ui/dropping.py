"""Files and folders that are dropped on the window, by tkdnd. Where that is missing, Add and Paste do the same."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

FILES = "DND_Files"
"""tkdnd's name for a list of files, on every system."""


def accept_drops(window: tkinter.Tk, dropped: Callable[[tuple[str, ...]], None]) -> bool:
    """Let files be dropped anywhere on a window; return False where tkdnd can't be had.

    `dropped` gets their paths, in the Tk thread.
    """
    try:
        from tkinterdnd2 import TkinterDnD  # type: ignore[import-untyped]
    except ImportError:
        return False
    try:
        TkinterDnD.require(window)
    except (RuntimeError, OSError):  # no build for this system, or none that its Tk can load
        return False

    def take(paths: str) -> str:
        dropped(tuple(str(path) for path in window.tk.splitlist(paths)))
        return "copy"

    # tkinterdnd2 has methods for this, but none for a root window that another library has made
    window.tk.call("tkdnd::drop_target", "register", str(window), FILES)
    window.tk.call("bind", str(window), "<<Drop>>", f"{window.register(take)} %D")
    return True
