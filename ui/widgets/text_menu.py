"""The menu of a field or a text: Cut, Copy, Paste, Select all. Opened with the right mouse button or the Menu key."""

from __future__ import annotations

import sys
import tkinter
from collections.abc import Callable
from tkinter import ttk as plain

import ttkbootstrap as ttk

from ui.language import _, shown
from ui.theme import colour_menu, on_new_theme
from ui.widgets.menu_letters import underline

CLASSES = ("TEntry", "TCombobox", "TSpinbox", "Text")

RIGHT_BUTTON = "<Button-2>" if sys.platform == "darwin" else "<Button-3>"
"""Tk on a Mac counts the buttons otherwise."""

MENU_KEYS = ("<Shift-F10>",) if sys.platform in ("darwin", "win32") else ("<Shift-F10>", "<Key-Menu>")
"""Windows itself makes a click of the right button of its Menu key (Win32, WM_CONTEXTMENU); App is Tk's name there."""

SELECT_ALL_KEYS = ("<Command-a>",) if sys.platform == "darwin" else ("<Control-a>", "<Control-A>")
"""Tk's own meaning of Control-A on X11, to the beginning of the line, is known to few."""

Field = plain.Entry | tkinter.Text
"""A combobox is an entry too."""


class TextMenu:
    """One menu for every field and text of a window, those of later dialogs too."""

    def __init__(self, window: ttk.App) -> None:
        self.menu = tkinter.Menu(window, tearoff=False, relief="flat")
        self._last: Field | None = None
        window.bind("<FocusIn>", self._remember, add="+")
        colour_menu(self.menu, window.style)
        on_new_theme(self.menu, lambda: colour_menu(self.menu, window.style))
        for name in CLASSES:
            window.bind_class(name, RIGHT_BUTTON, self._clicked)
            for key in MENU_KEYS:
                window.bind_class(name, key, self._asked)
            for key in SELECT_ALL_KEYS:
                window.bind_class(name, key, self._select_all)

    def do(self, label: str) -> None:
        """Do what an entry says with the field that has the keyboard, or had it before a menu took it."""
        field = self._last
        if field is None or not field.winfo_exists():
            return
        field.focus_set()
        for name, _shortcut, can, act in _actions(field):
            if name == label and can:
                act()

    def _remember(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if isinstance(event.widget, Field):
            self._last = event.widget
        elif not isinstance(event.widget, tkinter.Menu | tkinter.Tk):
            self._last = None

    def _clicked(self, event: tkinter.Event[tkinter.Misc]) -> None:
        self._open(event.widget, event.x_root, event.y_root)

    def _asked(self, event: tkinter.Event[tkinter.Misc]) -> None:
        widget = event.widget
        self._open(widget, widget.winfo_rootx(), widget.winfo_rooty() + widget.winfo_height() // 2)

    def _select_all(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if isinstance(event.widget, Field):
            select_all(event.widget)

    def _open(self, widget: tkinter.Misc, x: int, y: int) -> None:
        if not isinstance(widget, Field):
            return
        widget.focus_set()
        self.menu.delete(0, "end")
        for label, shortcut, can, do in _actions(widget):
            self.menu.add_command(
                label=shown(label), accelerator=shortcut, state="normal" if can else "disabled", command=do
            )
        underline(self.menu)
        self.menu.tk_popup(x, y)


def _actions(field: Field) -> tuple[tuple[str, str, bool, Callable[[], object]], ...]:
    """Return what can be done with a field: the label, the shortcut, whether it can be done now, and what does it."""
    editable = _is_editable(field)
    chosen = _has_selection(field)
    hidden = isinstance(field, plain.Entry) and bool(str(field.cget("show")))  # a token is not copied from its dots
    key = _("Cmd") if sys.platform == "darwin" else _("Ctrl")
    return (
        ("Cut", f"{key}+X", editable and chosen and not hidden, lambda: field.event_generate("<<Cut>>")),
        ("Copy", f"{key}+C", chosen and not hidden, lambda: field.event_generate("<<Copy>>")),
        ("Paste", f"{key}+V", editable and _can_paste(field), lambda: field.event_generate("<<Paste>>")),
        ("Select all", f"{key}+A", _has_text(field), lambda: select_all(field)),
    )


def select_all(field: Field) -> None:
    """Select the whole content."""
    if isinstance(field, tkinter.Text):
        field.tag_add("sel", "1.0", "end-1c")
    else:
        field.selection_range(0, "end")


def _is_editable(field: Field) -> bool:
    if isinstance(field, tkinter.Text):
        return str(field.cget("state")) == "normal"
    return not field.instate(["disabled"]) and not field.instate(["readonly"])


def _has_selection(field: Field) -> bool:
    return bool(field.tag_ranges("sel")) if isinstance(field, tkinter.Text) else field.selection_present()


def _has_text(field: Field) -> bool:
    return field.compare("end-1c", ">", "1.0") if isinstance(field, tkinter.Text) else bool(field.get())


def _can_paste(field: Field) -> bool:
    try:
        return bool(field.clipboard_get())
    except tkinter.TclError:  # it is empty, or holds no text
        return False
