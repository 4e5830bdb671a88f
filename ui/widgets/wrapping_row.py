"""A row of buttons that takes more lines where the window is too narrow for one."""

from __future__ import annotations

import tkinter
from collections.abc import Sequence

import ttkbootstrap as ttk

from ui.rescaling import on_rescale
from ui.window_size import on_screen

Line = tuple[tuple[int, ...], tuple[int, ...]]
"""What stands in a line: the places of buttons at the left, and of those at the right."""

GAP = 8
LINE_PADDING = 3
"""How much higher a button is than it asks to be, above and below. Lengths are those of a screen of 96 dots an inch."""


class WrappingRow(ttk.Frame):
    """Buttons at the left and buttons at the right: all in one line where they fit, else the left ones above.

    The last button stands in the corner at the bottom right, however many lines there are. `add_left` and `add_right`
    take buttons whose master is this row.
    """

    def __init__(self, master: tkinter.Misc) -> None:
        super().__init__(master, height=1)
        self._left: list[ttk.Button] = []
        self._right: list[ttk.Button] = []
        self._gaps: dict[ttk.Button, int] = {}
        self._width = 0
        self.bind("<Configure>", self._resized, add="+")
        on_rescale(self, self.lay_out)

    def add_left(self, button: ttk.Button) -> None:
        """Put a button after those at the left."""
        self._left.append(button)
        self.lay_out()

    def add_right(self, button: ttk.Button, *, gap: int = GAP) -> None:
        """Put a button after those at the right, `gap` behind the one before it."""
        self._right.append(button)
        self._gaps[button] = gap
        self.lay_out()

    def _resized(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if event.width != self._width:
            self._width = event.width
            self.lay_out()

    def lay_out(self) -> None:
        """Place the buttons, as also after the text of one has changed."""
        buttons = (*self._left, *self._right)
        between = on_screen(self, GAP)
        height = max(button.winfo_reqheight() for button in buttons) + 2 * on_screen(self, LINE_PADDING)
        lines = lines_of(self._widths(self._left), self._widths(self._right), self._width, between)
        for number, (left, right) in enumerate(lines):
            y = number * (height + between)
            x = 0
            for button in (self._left[place] for place in left):
                x += self._place(button, x, y, height) + between
            x = self._width
            for button in (self._right[place] for place in reversed(right)):
                x -= button.winfo_reqwidth()
                self._place(button, x, y, height)
                x -= self._gap(button)
        self.configure(height=len(lines) * (height + between) - between)

    def _place(self, button: ttk.Button, x: int, y: int, height: int) -> int:
        width = button.winfo_reqwidth()
        button.place(x=x, y=y, width=width, height=height)
        return width

    def _widths(self, buttons: Sequence[ttk.Button]) -> tuple[int, ...]:
        """Return how wide each is with the gap in front of it."""
        return tuple(button.winfo_reqwidth() + self._gap(button) for button in buttons)

    def _gap(self, button: ttk.Button) -> int:
        """Return how far a button is from the one before it, in pixels."""
        return on_screen(self, self._gaps.get(button, GAP))


def lines_of(left: Sequence[int], right: Sequence[int], room: int, gap: int) -> tuple[Line, ...]:
    """Return the lines from the top down.

    `left` and `right` are widths with the gap in front of each, of which the first in a line needs none. Lines of what
    is at the left are filled from its beginning, of what is at the right from its end, so that the last line is never
    the short one.
    """
    if sum(left) + sum(right) <= room + gap:
        return ((tuple(range(len(left))), tuple(range(len(right)))),)
    above = _lines(left, room + gap)
    backwards = _lines(right[::-1], room + gap)
    below = [tuple(len(right) - 1 - place for place in reversed(line)) for line in reversed(backwards)]
    return (*((line, ()) for line in above), *(((), line) for line in below))


def _lines(widths: Sequence[int], room: int) -> list[tuple[int, ...]]:
    """Return the places of the widths, line by line; one that is wider than the room has a line for itself."""
    lines: list[tuple[int, ...]] = []
    taken = 0
    for place, width in enumerate(widths):
        if lines and taken + width <= room:
            lines[-1] = (*lines[-1], place)
            taken += width
        else:
            lines.append((place,))
            taken = width
    return lines
