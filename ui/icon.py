"""The window's icon, drawn when the window opens: no image file has to be shipped or found."""

from __future__ import annotations

import math
import tkinter

SIZE = 64
CORNER = 12
BACKGROUND = "#0d6efd"
FOREGROUND = "#ffffff"


def play_icon(master: tkinter.Misc) -> tkinter.PhotoImage:
    """Return a white play sign on a rounded blue square, 64 by 64 pixels."""
    image = tkinter.PhotoImage(master=master, width=SIZE, height=SIZE)
    for y in range(SIZE):
        inset = _inset(min(y, SIZE - 1 - y))
        image.put(BACKGROUND, to=(inset, y, SIZE - inset, y + 1))
        left, right = 22, 22 + 28 - round(abs(y - SIZE / 2 + 0.5) * 1.75)
        if right > left:
            image.put(FOREGROUND, to=(left, y, right, y + 1))
    return image


def _inset(from_edge: int) -> int:
    """Return how far a row begins from the side, `from_edge` rows from the top or the bottom."""
    if from_edge >= CORNER:
        return 0
    rise = CORNER - from_edge - 0.5
    return round(CORNER - math.sqrt(CORNER**2 - rise**2))
