"""Letters that choose an entry of an open menu, and menus that are opened from the keyboard."""

from __future__ import annotations

import tkinter
from collections.abc import Sequence
from tkinter import ttk as plain

from ui.widgets.keyboard import has_keyboard


def letters(labels: Sequence[str]) -> list[int]:
    """Return which character of each label is its letter, -1 for none: no two have the same, and those that begin a
    word are taken first.
    """
    taken: set[str] = set()
    chosen: dict[int, int] = {}
    for begins in (True, False):
        for number, label in enumerate(labels):
            for place, sign in enumerate(label if number not in chosen else ""):
                at_start = place == 0 or label[place - 1] == " "
                if sign.isalnum() and at_start is begins and sign.casefold() not in taken:
                    taken.add(sign.casefold())
                    chosen[number] = place
                    break
    return [chosen.get(number, -1) for number in range(len(labels))]


def underline(menu: tkinter.Menu) -> None:
    """Underline a letter of each entry of a menu, which Tk then takes for it."""
    entries = [place for place in _places(menu) if menu.type(place) != "separator"]
    found = letters([str(menu.entrycget(place, "label")) for place in entries])
    for place, letter in zip(entries, found, strict=True):
        menu.entryconfigure(place, underline=letter)


def pop_up(menu: tkinter.Menu, widget: tkinter.Misc) -> None:
    """Open a menu at a widget, in a list at the marked row; from the keyboard with the first entry chosen."""
    x, y = widget.winfo_rootx(), widget.winfo_rooty() + min(widget.winfo_height(), 40)
    if isinstance(widget, plain.Treeview) and widget.focus() and (row := widget.bbox(widget.focus())):
        y = widget.winfo_rooty() + row[1] + row[3]
    usable = [place for place in _places(menu) if menu.type(place) != "separator" and _is_usable(menu, place)]
    menu.tk_popup(x, y)
    if usable and has_keyboard(widget):
        menu.activate(usable[0])


def _places(menu: tkinter.Menu) -> range:
    last = menu.index("end")
    return range(0 if last is None else int(last) + 1)


def _is_usable(menu: tkinter.Menu, place: int) -> bool:
    return str(menu.entrycget(place, "state")) != "disabled"
