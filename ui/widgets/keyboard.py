"""Which widget has the keyboard, and which it is given to."""

from __future__ import annotations

import tkinter


def offer_keyboard(widget: tkinter.Misc) -> None:
    """Give a widget the keyboard, unless somebody types in another window of the program."""
    focused = _focused(widget)
    if not focused or str(widget.tk.call("winfo", "toplevel", focused)) == str(widget.winfo_toplevel()):
        widget.focus_set()


class LentKeyboard:
    """The keyboard that a question takes, and gives back to what had it before when the question goes."""

    def __init__(self, question: tkinter.Misc) -> None:
        """`question` is what all of it stands in."""
        self._question = question
        self._before = ""

    def take(self, widget: tkinter.Misc) -> None:
        """Offer the keyboard to a part of the question."""
        focused = _focused(self._question)
        if focused and not self._before and not has_keyboard(self._question):
            self._before = focused
        offer_keyboard(widget)

    def give_back(self) -> None:
        """Give the keyboard back if the question has it: called before it goes."""
        before, self._before = self._before, ""
        tk = self._question.tk
        if before and has_keyboard(self._question) and tk.getboolean(tk.call("winfo", "exists", before)):
            tk.call("focus", before)


def has_keyboard(widget: tkinter.Misc) -> bool:
    """Return whether a widget, or something in it, has the keyboard."""
    return f"{_focused(widget)}.".startswith(f"{widget}.")


def _focused(widget: tkinter.Misc) -> str:
    """Return the path of what has the keyboard, empty where that is in another program."""
    # Not focus_displayof: tkinter knows no object for the list of a combobox, which has the keyboard while it is open.
    return str(widget.tk.call("focus", "-displayof", widget))
