"""The program's icon as a drawing: a white play sign on a rounded blue square. The window draws it when it opens."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import tkinter

SIZE = 64
DRAWN = 1024
"""Pixels of the drawing that an image is scaled down from."""
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
    import tkinter  # files of the icon are made where there is none, too

    image = tkinter.PhotoImage(master=master, width=SIZE, height=SIZE)
    for colour, y, left, right in spans(SIZE):
        image.put(colour, to=(left, y, right, y + 1))
    return image


def drawn(size: int) -> Image.Image:
    """Return the icon in so many pixels, transparent around its corners, smoothed by scaling it down."""
    image = Image.new("RGBA", (DRAWN, DRAWN), (0, 0, 0, 0))
    for colour, y, left, right in spans(DRAWN):
        image.paste(colour, (left, y, right, y + 1))
    return image.resize((size, size), Image.Resampling.LANCZOS)


def _inset(from_edge: int, corner: float) -> int:
    """Return how far a row begins from the side, `from_edge` rows from the top or the bottom."""
    if from_edge >= corner:
        return 0
    rise = corner - from_edge - 0.5
    return round(corner - math.sqrt(max(0.0, corner**2 - rise**2)))
