"""What a screen reader says: the names of controls, the notes beneath them, values, and news.

Names and notes are kept here whatever Tk there is. They are handed to the system where Tk can do that, from 9.1 on,
with `tk accessible`, and where a screen reader runs when the window opens; Tk 8.6 tells a screen reader nothing.
"""

from __future__ import annotations

import tkinter
from contextlib import suppress
from tkinter import ttk as plain
from weakref import WeakKeyDictionary

WITH_TEXT = ("TButton", "TCheckbutton", "TMenubutton", "TLabel")
"""Classes of widgets that say themselves what they are."""

_names: WeakKeyDictionary[tkinter.Misc, str] = WeakKeyDictionary()
_notes: WeakKeyDictionary[tkinter.Misc, str] = WeakKeyDictionary()
_values: WeakKeyDictionary[tkinter.Misc, str] = WeakKeyDictionary()
_followed: WeakKeyDictionary[tkinter.Misc, bool] = WeakKeyDictionary()
"""The main windows, and whether there is a screen reader that is told of them."""


def name_of(widget: tkinter.Misc) -> str:
    """Return what a control is called: as it was told, or by its own text."""
    own = str(widget.cget("text")) if widget.winfo_class() in WITH_TEXT else ""
    return _names.get(widget, own)


def note_of(widget: tkinter.Misc) -> str:
    """Return what is said of a control beside its name."""
    return _notes.get(widget, "")


def tell_name(control: tkinter.Misc, name: str) -> None:
    """Say what a control is called that has no text of its own."""
    if _names.get(control) != name:
        _names[control] = name
        _describe(control)


def tell_note(control: tkinter.Misc, note: str) -> None:
    """Say what a control is for, or what is wrong with what stands in it: the line beneath it."""
    if _notes.get(control, "") != note:
        _notes[control] = note
        _describe(control)


def tell_value(control: tkinter.Misc, value: str) -> None:
    """Say what a control shows, such as how far a bar is."""
    if _values.get(control) != value:
        _values[control] = value
        _describe(control)


def announce(widget: tkinter.Misc, text: str) -> None:
    """Say some news at once, which a widget shows; nothing is said where there are none."""
    if text and _is_told(widget):
        _call(widget, "set_acc_value", text)
        _call(widget, "emit_selection_change")
        if _on_x11(widget):  # whose interface has no announcements; Tk has the voice itself there
            with suppress(tkinter.TclError):
                widget.tk.call("::tk::accessible::speak", text)


def follow(window: tkinter.Tk) -> None:
    """Tell a screen reader of everything in a window and in those beside it, if there is one that can be told."""
    try:
        running = str(window.tk.call("tk", "accessible", "check_screenreader"))
    except tkinter.TclError:  # a Tk before 9.1
        running = "0"
    _followed[window] = running not in ("", "0")
    if _followed[window]:
        # after Tk's own: at each time that it shows a widget, Tk calls it by its class
        window.bind_all("<Map>", lambda event: _describe(event.widget), add="+")
        window.bind_class("Treeview", "<<TreeviewSelect>>", _tell_row, add="+")


def _describe(widget: tkinter.Misc) -> None:
    """Hand on what a control is called, what is said of it, and its value."""
    if not isinstance(widget, tkinter.Misc) or not _is_told(widget):  # the list of a combobox is a name alone
        return
    name, note, value = name_of(widget), note_of(widget), _values.get(widget, "")
    if name:
        # The name is read from one of the two, by the system (Tk 9.1, tk*Accessibility.c).
        _call(widget, "set_acc_name", name)
        _call(widget, "set_acc_description", note if note and _on_x11(widget) else name)
    if note:
        _call(widget, "set_acc_help", note)
    if value:
        _call(widget, "set_acc_value", value)


def _tell_row(event: tkinter.Event[tkinter.Misc]) -> None:
    """Say the whole row that is selected; Tk leaves out its first column."""
    tree = event.widget
    if isinstance(tree, plain.Treeview) and tree.selection():
        item = tree.item(tree.selection()[-1])
        announce(tree, ", ".join(str(text).strip() for text in (item["text"], *item["values"]) if str(text).strip()))


def _is_told(widget: tkinter.Misc) -> bool:
    return _followed.get(widget.nametowidget("."), False)


def _on_x11(widget: tkinter.Misc) -> bool:
    return str(widget.tk.call("tk", "windowingsystem")) == "x11"


def _call(widget: tkinter.Misc, command: str, *values: str) -> None:
    # What Tk does not know yet, a widget that was not shown, is told when it is.
    with suppress(tkinter.TclError):
        widget.tk.call("tk", "accessible", command, str(widget), *values)
