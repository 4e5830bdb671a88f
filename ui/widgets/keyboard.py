"""Which widget the keyboard is given to."""

from __future__ import annotations

import tkinter


def offer_keyboard(widget: tkinter.Misc) -> None:
    """Give a widget the keyboard, unless somebody types in another window of the program."""
    # Not focus_displayof: tkinter knows no object for the list of a combobox, which has the keyboard while it is open.
    focused = str(widget.tk.call("focus", "-displayof", widget))
    if not focused or str(widget.tk.call("winfo", "toplevel", focused)) == str(widget.winfo_toplevel()):
        widget.focus_set()
