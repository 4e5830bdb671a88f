"""How large a window is on the screen that it opens on, and where it stands."""

from __future__ import annotations

import re
import tkinter
from collections.abc import Callable
from dataclasses import replace
from tkinter.font import nametofont

import ttkbootstrap as ttk

from ui.preferences import WindowPreferences

SMALLEST_WINDOW = (900, 640)
"""How small the main window may be made, in pixels of a screen of 96 dots an inch."""

SMALLEST_SHARE = 0.75
"""How much of the screen a window's smallest size may take, so that it can be made smaller than a taskbar's room."""

BARS = 72
"""How much of the screen's height a window leaves to its own title and to a taskbar where it opens, in pixels of a
screen of 96 dots an inch.
"""

GEOMETRY = re.compile(r"(\d+)x(\d+)\+(-?\d+)\+(-?\d+)")
"""Width, height and place as Tk tells them."""

UNKNOWN = WindowPreferences()


def give_size(
    window: tkinter.Tk | tkinter.Toplevel,
    size: tuple[int, int],
    smallest: tuple[int, int],
    kept: WindowPreferences = UNKNOWN,
) -> tuple[int, int]:
    """Give a window its size and its smallest one, and return the size; with `kept`, the size and place that it had.

    One that belongs to another opens over the middle of that.

    Lengths are told for 96 dots an inch. They grow with the screen's, but not beyond what it has room for.
    """
    room = (window.winfo_screenwidth(), window.winfo_screenheight() - on_screen(window, BARS))
    least = [
        max(length, min(on_screen(window, length), round(most * SMALLEST_SHARE)))
        for length, most in zip(smallest, room, strict=True)
    ]
    window.minsize(*least)
    wanted = (kept.width, kept.height) if kept.width and kept.height else size
    width, height = (
        max(min(on_screen(window, length), most), lowest if wanted is not size else 0)
        for length, lowest, most in zip(wanted, least, room, strict=True)
    )
    if wanted is not size:
        place = _place_on_screen(window, kept, width, height)
    else:
        place = _over_its_master(window, width, height) if isinstance(window, tkinter.Toplevel) else ""
    window.geometry(f"{width}x{height}{place}")
    if kept.maximised:
        _maximise(window)
    return width, height


def follow_place(window: tkinter.Tk, kept: WindowPreferences, moved: Callable[[WindowPreferences], None]) -> None:
    """Call `moved` with a window's size and place whenever they change; a maximised window keeps those that it had,
    which were `kept` if it has been opened so.
    """
    last = kept

    def changed(event: tkinter.Event[tkinter.Misc]) -> None:
        nonlocal last
        if event.widget is not window:  # everything in a window tells it, too
            return
        last = _present_place(window, last)
        moved(last)

    window.bind("<Configure>", changed, add="+")


def on_screen(widget: tkinter.Misc, length: int) -> int:
    """Return the pixels of a length that is told for 96 dots an inch; never fewer than are told."""
    return max(length, int(ttk.scale_size(widget, length)))


def line_height(widget: tkinter.Misc) -> int:
    """Return how many pixels a line of the window's text is high."""
    return nametofont("TkDefaultFont", root=widget).metrics("linespace")


def _place_on_screen(window: tkinter.Tk | tkinter.Toplevel, kept: WindowPreferences, width: int, height: int) -> str:
    """Return where a window is put: where it was, as far as the screens that there are now have it whole."""
    x, y = (int(ttk.scale_size(window, length)) for length in (kept.x, kept.y))
    return _whole(window, x, y, width, height)


def _over_its_master(window: tkinter.Toplevel, width: int, height: int) -> str:
    """Return where a window is put so that it stands over the middle of the one that it belongs to, if that is seen."""
    master = window.master.winfo_toplevel()
    if not master.winfo_ismapped():
        return ""
    x = master.winfo_rootx() + (master.winfo_width() - width) // 2
    y = master.winfo_rooty() + (master.winfo_height() - height) // 2
    return _whole(window, x, y, width, height)


def _whole(window: tkinter.Tk | tkinter.Toplevel, x: int, y: int, width: int, height: int) -> str:
    """Return a place as Tk takes it, or the next one at which the screens have the window whole."""
    left, top = window.winfo_vrootx(), window.winfo_vrooty()
    x = max(left, min(x, left + window.winfo_vrootwidth() - width))
    y = max(top, min(y, top + window.winfo_vrootheight() - height))
    return f"+{x}+{y}"


def _present_place(window: tkinter.Tk, before: WindowPreferences) -> WindowPreferences:
    found = GEOMETRY.fullmatch(window.geometry())
    if found is None:
        return before
    if is_maximised(window):
        return replace(before, maximised=True)
    factor = 1000 / int(ttk.scale_size(window, 1000))
    width, height, x, y = (round(int(length) * factor) for length in found.groups())
    return WindowPreferences(width=width, height=height, x=x, y=y)


def is_maximised(window: tkinter.Tk | tkinter.Toplevel) -> bool:
    """Return whether a window fills its screen."""
    if window.tk.call("tk", "windowingsystem") == "x11":
        return bool(window.tk.getboolean(window.attributes("-zoomed")))
    return window.state() == "zoomed"


def _maximise(window: tkinter.Tk | tkinter.Toplevel) -> None:
    if window.tk.call("tk", "windowingsystem") == "x11":
        window.attributes("-zoomed", True)
    else:
        window.state("zoomed")
