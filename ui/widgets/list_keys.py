"""The keys of every list: arrows, pages and both ends choose a row, Shift more of them, Control moves the mark alone.

Tk's own keys do nothing in a list until it was clicked, and choose one row only.
"""

from __future__ import annotations

import tkinter
from functools import partial
from tkinter import ttk as plain
from weakref import WeakKeyDictionary

import ttkbootstrap as ttk

from ui.theme import shown_theme
from ui.widgets.text_menu import SELECT_ALL_KEYS

CLASS = "Treeview"
MARKED = "marked"
"""The tag of the row that the keys begin at, while it is not selected."""
MARKED_COLOURS = {"dark": ("#62758b", "#ffffff"), "light": ("#8593a3", "#000000")}
"""Its ground, which stands out by 3 to 1, and its text, which has 4.5."""

KEYS = ("Up", "Down", "Prior", "Next", "Home", "End")


class ListKeys:
    """The keys of the lists of all windows: lists of one level, in which one row or several can be selected."""

    def __init__(self, window: tkinter.Misc) -> None:
        self._anchors: WeakKeyDictionary[plain.Treeview, tuple[str, tuple[str, ...]]] = WeakKeyDictionary()
        window.bind_class(CLASS, "<FocusIn>", self._entered, add="+")
        for key in KEYS:
            window.bind_class(CLASS, f"<{key}>", partial(self._choose, key))
            window.bind_class(CLASS, f"<Shift-{key}>", partial(self._extend, key))
            window.bind_class(CLASS, f"<Control-{key}>", partial(self._move_mark, key))
        window.bind_class(CLASS, "<Control-space>", self._toggle)
        for event in ("<FocusOut>", "<<TreeviewSelect>>"):
            window.bind_class(CLASS, event, lambda event: _unmark(_tree(event)), add="+")
        for keys in SELECT_ALL_KEYS:
            window.bind_class(CLASS, keys, self._select_all)

    def _entered(self, event: tkinter.Event[tkinter.Misc]) -> None:
        """Mark the row that the keys begin at: the selected one, or the first."""
        tree = _tree(event)
        rows = tree.get_children()
        if rows and not tree.focus():
            tree.focus((*tree.selection(), rows[0])[0])

    def _choose(self, key: str, event: tkinter.Event[tkinter.Misc]) -> str:
        tree = _tree(event)
        row = self._first(key, tree) or self._target(key, tree)
        if row:
            tree.selection_set((row,))
            _show(tree, row)
        return "break"

    def _extend(self, key: str, event: tkinter.Event[tkinter.Misc]) -> str:
        """Select all rows from where the selection was begun to where the key goes."""
        tree = _tree(event)
        if not _takes_several(tree):
            return self._choose(key, event)
        row = self._first(key, tree) or self._target(key, tree)
        if row:
            begun, selected = self._anchors.get(tree, ("", ()))
            if not begun or not tree.exists(begun) or selected != tree.selection():  # another was chosen since
                begun = tree.focus() if tree.selection() else row
            first, last = sorted((tree.index(begun), tree.index(row)))
            tree.selection_set(tree.get_children()[first : last + 1])
            self._anchors[tree] = (begun, tree.selection())
            _show(tree, row)
        return "break"

    def _move_mark(self, key: str, event: tkinter.Event[tkinter.Misc]) -> str:
        tree = _tree(event)
        if not _takes_several(tree):
            return self._choose(key, event)
        row = self._target(key, tree)
        if row:
            _show(tree, row)
            _mark(tree, row)
        return "break"

    def _toggle(self, event: tkinter.Event[tkinter.Misc]) -> str:
        tree = _tree(event)
        if tree.focus() and _takes_several(tree):
            tree.selection_toggle((tree.focus(),))
        return "break"

    def _select_all(self, event: tkinter.Event[tkinter.Misc]) -> str:
        tree = _tree(event)
        if _takes_several(tree):
            tree.selection_set(tree.get_children())
        return "break"

    def _first(self, key: str, tree: plain.Treeview) -> str:
        """Return the marked row where none is selected yet: a list that was just come to begins there."""
        return tree.focus() if key in ("Up", "Down") and not tree.selection() else ""

    def _target(self, key: str, tree: plain.Treeview) -> str:
        """Return the row that a key goes to, empty where there is none."""
        rows = tree.get_children()
        if not rows:
            return ""
        marked = tree.focus()
        place = tree.index(marked) if marked else 0
        steps = {"Up": -1, "Down": 1, "Prior": -_page(tree), "Next": _page(tree), "Home": -place, "End": len(rows)}
        return rows[max(0, min(place + steps[key], len(rows) - 1))]


def _tree(event: tkinter.Event[tkinter.Misc]) -> plain.Treeview:
    assert isinstance(event.widget, plain.Treeview)
    return event.widget


def _mark(tree: plain.Treeview, row: str) -> None:
    """Let the row that the keys begin at be seen where it is not selected."""
    _unmark(tree)
    if row not in tree.selection():
        ground, text = MARKED_COLOURS[shown_theme(ttk.Style())]
        tree.tag_configure(MARKED, background=ground, foreground=text)
        tree.tk.call(str(tree), "tag", "add", MARKED, row)


def _unmark(tree: plain.Treeview) -> None:
    tree.tk.call(str(tree), "tag", "remove", MARKED)


def _takes_several(tree: plain.Treeview) -> bool:
    return str(tree.cget("selectmode")) == "extended"


def _page(tree: plain.Treeview) -> int:
    """Return how many rows a page is: those in view, but for one that stays."""
    first, last = tree.yview()
    return max(1, round((last - first) * len(tree.get_children())) - 1)


def _show(tree: plain.Treeview, row: str) -> None:
    tree.focus(row)
    tree.see(row)
