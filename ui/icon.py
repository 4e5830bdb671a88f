"""The program's icon as a drawing: a white play sign on a rounded blue square. The window draws it when it opens."""

from __future__ import annotations

import math
import tkinter
from collections.abc import Iterator

SIZE = 64
BACKGROUND = "#0d6efd"
FOREGROUND = "#ffffff"

CORNER = 12 / 64
SIGN_LEFT, SIGN_WIDTH, SIGN_SLOPE = 22 / 64, 28 / 64, 1.75
"""In parts of the icon's width; how much narrower the sign gets with each row away from the middle."""


def spans(size: int) -> Iterator[tuple[str, int, int, int]]:
    """Yield what to fill for an icon of so many pixels: colour, row, first column, and the column after the last."""
    for y in range(size):
        inset = _inset(min(y, size - 1 - y), CORNER * size)
        yield BACKGROUND, y, inset, size - inset
        left = round(SIGN_LEFT * size)
        right = left + round(SIGN_WIDTH * size) - round(abs(y - size / 2 + 0.5) * SIGN_SLOPE)
        if right > left:
            yield FOREGROUND, y, left, right


def play_icon(master: tkinter.Misc) -> tkinter.PhotoImage:
    """Return the icon, 64 by 64 pixels."""
    image = tkinter.PhotoImage(master=master, width=SIZE, height=SIZE)
    for colour, y, left, right in spans(SIZE):
        image.put(colour, to=(left, y, right, y + 1))
    return image


def _inset(from_edge: int, corner: float) -> int:
    """Return how far a row begins from the side, `from_edge` rows from the top or the bottom."""
    if from_edge >= corner:
        return 0
    rise = corner - from_edge - 0.5
    return round(corner - math.sqrt(max(0.0, corner**2 - rise**2)))
