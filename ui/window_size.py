"""How large a window is on the screen that it opens on."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

SMALLEST_SHARE = 0.75
"""How much of the screen a window's smallest size may take, so that it can be made smaller than a taskbar's room."""


def give_size(
    window: tkinter.Tk | tkinter.Toplevel, size: tuple[int, int], smallest: tuple[int, int]
) -> tuple[int, int]:
    """Give a window its size and its smallest one, and return the size.

    Both are told for 96 dots an inch. They grow with the screen's, but not beyond what it has room for.
    """
    room = (window.winfo_screenwidth(), window.winfo_screenheight())
    width, height = (min(on_screen(window, length), most) for length, most in zip(size, room, strict=True))
    window.geometry(f"{width}x{height}")
    window.minsize(
        *(
            max(length, min(on_screen(window, length), round(most * SMALLEST_SHARE)))
            for length, most in zip(smallest, room, strict=True)
        )
    )
    return width, height


def on_screen(widget: tkinter.Misc, length: int) -> int:
    """Return the pixels of a length that is told for 96 dots an inch; never fewer than are told."""
    return max(length, int(ttk.scale_size(widget, length)))
