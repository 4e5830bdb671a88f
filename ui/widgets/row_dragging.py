"""Rows of a list that are dragged to another place with the mouse."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk as plain

from ui.window_size import on_screen

DRAGGED_POINTS = 5
"""How far a row is moved with the mouse at least: a hand that trembles at a click moves none."""


class RowDragging:
    """Calls `move` with a row that was dragged and the one that it goes before, empty for the end."""

    def __init__(
        self, tree: plain.Treeview, movable: Callable[[str], bool], move: Callable[[str, str], object]
    ) -> None:
        """`movable` says of a row whether it can be moved."""
        self._tree = tree
        self._movable = movable
        self._move = move
        self._held, self._dragged = ("", 0), ""
        tree.bind("<ButtonPress-1>", self._hold, add="+")
        tree.bind("<B1-Motion>", self._drag, add="+")
        tree.bind("<ButtonRelease-1>", self._drop, add="+")

    def _hold(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self._held = str(self._tree.identify_row(event.y)), event.y

    def _drag(self, event: tkinter.Event[tkinter.Misc]) -> str:
        """Show where the row that is dragged would go; the selection stays as it is."""
        row, y = self._held
        if self._movable(row) and abs(event.y - y) >= on_screen(self._tree, DRAGGED_POINTS):
            self._dragged = row
            self._tree.configure(cursor="sb_v_double_arrow")
        return "break"

    def _drop(self, event: tkinter.Event[tkinter.Misc]) -> None:
        dragged, self._dragged = self._dragged, ""
        self._tree.configure(cursor="")
        if not dragged:
            return
        onto = str(self._tree.identify_row(event.y))
        if onto == dragged:
            return
        below = bool(onto) and self._tree.index(onto) > self._tree.index(dragged)
        before = str(self._tree.next(onto)) if below else onto
        self._move(dragged, before)
