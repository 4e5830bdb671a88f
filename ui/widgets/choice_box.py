"""A list to choose from whose texts are in the language of the window, while its variable has the English ones."""

from __future__ import annotations

import tkinter
from collections.abc import Iterable
from typing import Any

import ttkbootstrap as ttk

from ui.language import shown


class ChoiceBox(ttk.Combobox):
    """A combobox for labels: what reads the variable knows them by their English texts alone.

    What is typed stands in the variable as it is, unless it is one of the texts.
    """

    def __init__(
        self,
        master: tkinter.Misc,
        variable: tkinter.StringVar,
        choices: Iterable[str] = (),
        **options: Any,  # noqa: ANN401  # those of every combobox
    ) -> None:
        self._variable = variable
        self._text = tkinter.StringVar(master, shown(variable.get()))
        self._meanings: dict[str, str] = {}
        super().__init__(master, textvariable=self._text, **options)
        self.offer(choices)
        self._text.trace_add("write", lambda *_: self._typed())
        self._trace = variable.trace_add("write", lambda *_: self._told())

    def offer(self, choices: Iterable[str]) -> None:
        """Let these be chosen; the texts are the English ones."""
        texts = {choice: shown(choice) for choice in choices}
        self._meanings = {text.casefold(): choice for choice, text in texts.items()}
        self.configure(values=list(texts.values()))

    def destroy(self) -> None:
        """Take the widget away; the variable may live on."""
        self._variable.trace_remove("write", self._trace)
        super().destroy()

    def _typed(self) -> None:
        typed = self._text.get()
        meaning = self._meanings.get(typed.strip().casefold(), typed)
        if meaning != self._variable.get() and shown(self._variable.get()) != typed:
            self._variable.set(meaning)

    def _told(self) -> None:
        text = self._variable.get()
        if self._meanings.get(self._text.get().strip().casefold(), self._text.get()) != text:
            self._text.set(shown(text))
