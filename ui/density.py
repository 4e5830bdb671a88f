"""The density of the screen that a window stands on, and the windows that follow it to another screen.

Only Windows has screens of several densities in one desktop that a program has to follow: X11 has one density, and a
Mac does it by itself.
"""

from __future__ import annotations

import ctypes
import sys
import tkinter
from collections.abc import Callable

from ui.rescaling import Rescaling

PER_MONITOR_V2 = -4
PER_MONITOR = 2
"""Win32, DPI_AWARENESS_CONTEXT and PROCESS_DPI_AWARENESS."""

SETTLED_MS = 300
"""How long a window must not have moved before its screen is looked at."""


def draw_each_screen() -> None:
    """Have the program draw its windows for each screen itself; called before the first window is made.

    Else Windows enlarges what was drawn for the first screen, which is blurred. What is set first counts, and
    ttkbootstrap sets less.
    """
    if sys.platform != "win32":
        return
    try:
        done = ctypes.windll.user32.SetProcessDpiAwarenessContext(ctypes.c_void_p(PER_MONITOR_V2))
    except AttributeError:  # before Windows 10, version 1703
        done = False
    if not done:
        ctypes.windll.shcore.SetProcessDpiAwareness(PER_MONITOR)


def dots_an_inch(window: tkinter.Misc) -> int | None:
    """Return the density of the screen that a window stands on, None where that is the same on all."""
    if sys.platform != "win32":
        return None
    try:
        return int(ctypes.windll.user32.GetDpiForWindow(window.winfo_id())) or None
    except AttributeError:  # before Windows 10, version 1607
        return None


def follow_screens(
    window: tkinter.Tk, rescaling: Rescaling, density: Callable[[tkinter.Misc], int | None] = dots_an_inch
) -> None:
    """Draw all windows anew whenever a window has come to a screen of another density."""
    waiting = ""

    def moved(event: tkinter.Event[tkinter.Misc]) -> None:
        nonlocal waiting
        if event.widget is not window:  # everything in a window tells it, too
            return
        if waiting:
            window.after_cancel(waiting)
        waiting = window.after(SETTLED_MS, look)

    def look() -> None:
        nonlocal waiting
        waiting = ""
        rescaling.use_density(density(window))

    if density(window) is not None:
        window.bind("<Configure>", moved, add="+")
