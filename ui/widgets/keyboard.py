"""Which widget has the keyboard, and which it is given to."""

from __future__ import annotations

import tkinter


def offer_keyboard(widget: tkinter.Misc) -> None:
    """Give a widget the keyboard, unless somebody types in another window of the program."""
    focused = _focused(widget)
    if not focused or str(widget.tk.call("winfo", "toplevel", focused)) == str(widget.winfo_toplevel()):
        widget.focus_set()


def has_keyboard(widget: tkinter.Misc) -> bool:
    """Return whether a widget, or something in it, has the keyboard."""
    return f"{_focused(widget)}.".startswith(f"{widget}.")


def _focused(widget: tkinter.Misc) -> str:
    """Return the path of what has the keyboard, empty where that is in another program."""
    # Not focus_displayof: tkinter knows no object for the list of a combobox, which has the keyboard while it is open.
    return str(widget.tk.call("focus", "-displayof", widget))
