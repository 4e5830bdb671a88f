"""A question in the place of a control: a name to type, or yes or no."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk as plain

import ttkbootstrap as ttk

from ui.language import _, shown
from ui.theme import CARD
from ui.widgets.wrapping_label import WrappingLabel


class NameRow:
    """A row that covers the frame it is in while it asks; Escape takes it away.

    `ended` is called when it goes.
    """

    def __init__(self, master: ttk.Frame, ended: Callable[[], None]) -> None:
        self._ended = ended
        self._master = master
        self._accept: Callable[[], bool] = lambda: True
        self.frame = ttk.Frame(master, bootstyle=CARD)
        self.frame.columnconfigure(0, weight=1)
        self.entry = ttk.Entry(self.frame)
        self.question = WrappingLabel(self.frame, bootstyle=CARD)
        self.yes = ttk.Button(self.frame, bootstyle="primary", command=self._accepted)
        self.no = ttk.Button(self.frame, text=_("Cancel"), bootstyle=CARD, command=self.hide)
        self.yes.grid(row=0, column=1, padx=("6p", 0))
        self.no.grid(row=0, column=2, padx=("6p", 0))
        self.entry.bind("<Return>", self._entered)
        for widget in (self.entry, self.yes, self.no):
            widget.bind("<Escape>", lambda _: self.hide())

    def ask_name(self, name: str, action: str, accept: Callable[[str], bool]) -> None:
        """Ask for a name; `accept` takes what was typed, stripped, and returns whether it can be one."""
        self._accept = lambda: accept(self.entry.get().strip())
        self.question.grid_remove()
        self.entry.grid(row=0, column=0, sticky="ew")
        self.entry.delete(0, "end")
        self.entry.insert(0, name)
        self.entry.selection_range(0, "end")
        self._show(action)
        self.entry.focus_set()

    def ask(self, question: str, action: str, accept: Callable[[], bool]) -> None:
        """Ask whether something is to be done."""
        self._accept = accept
        self.entry.grid_remove()
        self.question.grid(row=0, column=0, sticky="ew")
        self.question.configure(text=question)
        self._show(action)
        self.no.focus_set()

    def hide(self) -> None:
        """Take the row away."""
        if self.frame.winfo_manager():
            self.frame.place_forget()
            self._take_focus(whether=True)
            self._ended()

    def _show(self, action: str) -> None:
        self.yes.configure(text=shown(action))
        self.frame.place(x=0, y=0, relwidth=1, relheight=1)
        self.frame.lift()
        self._take_focus(whether=False)

    def _take_focus(self, *, whether: bool) -> None:
        """Let Tab stop at the controls beneath, or not while they are covered."""
        for widget in self._master.winfo_children():
            if isinstance(widget, plain.Combobox | plain.Menubutton):
                widget.configure(takefocus=whether)

    def _entered(self, _: tkinter.Event[tkinter.Misc]) -> str:
        self._accepted()
        return "break"  # it stays in the field if the name can't be used

    def _accepted(self) -> None:
        if self._accept():
            self.hide()
