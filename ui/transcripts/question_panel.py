"""Questions of the editor's window, in the window itself: never modal."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

import ttkbootstrap as ttk

from ui.language import shown
from ui.theme import CARD, bold
from ui.transcripts.questions import AskedQuestion, EditorAnswer
from ui.widgets.fields import switch
from ui.widgets.wrapping_label import WrappingLabel
from ui.window_size import on_screen

STRIPE_WIDTH = 5


class QuestionPanel:
    """A title, a sentence and a button for each answer; not to be seen while nothing is asked."""

    def __init__(self, master: tkinter.Misc, answered: Callable[[EditorAnswer], None]) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=1)
        self._answered = answered
        self._shown: AskedQuestion | None = None
        self._font = bold(self.frame, larger=1)
        self.buttons: list[ttk.Button] = []
        self.frame.columnconfigure(1, weight=1)
        stripe = ttk.Frame(self.frame, width=on_screen(master, STRIPE_WIDTH), bootstyle="warning")
        stripe.grid(row=0, column=0, rowspan=2, sticky="ns")
        self.title = WrappingLabel(self.frame, bootstyle="@card warning")
        self.title.configure(font=self._font)
        self.title.grid(row=0, column=1, sticky="ew", padx="9p", pady=("6p", 0))
        self.text = WrappingLabel(self.frame, bootstyle=CARD)
        self.text.grid(row=1, column=1, sticky="ew", padx="9p", pady=("1.5p", "6p"))
        self._choices = ttk.Frame(self.frame, bootstyle=CARD)
        self._choices.grid(row=0, column=2, rowspan=2, padx="7.5p", pady="6p")

    def show(self, asked: AskedQuestion | None) -> None:
        """Show a question, or none; the default button of a new one gets the keyboard."""
        before, self._shown = self._shown, asked
        if asked == before:
            return
        if asked is None:
            self.frame.grid_remove()
            return
        self.title.configure(text=asked.title)
        self.text.configure(text=asked.text)
        labels = [choice.label for choice in asked.choices]
        if before is None or labels != [choice.label for choice in before.choices]:
            self._make_buttons(asked)
        for button, choice in zip(self.buttons, asked.choices, strict=True):
            switch([button], choice.enabled)
        self.frame.grid()

    def _make_buttons(self, asked: AskedQuestion) -> None:
        for button in self.buttons:
            button.destroy()
        self.buttons = []
        for number, choice in enumerate(asked.choices):
            button = ttk.Button(
                self._choices,
                text=shown(choice.label),
                bootstyle="@card primary" if choice.default else CARD,
                command=lambda answer=choice.answer: self._answered(answer),
            )
            button.grid(row=0, column=number, padx="3p")
            button.bind("<Return>", lambda event: event.widget.invoke())
            self.buttons.append(button)
            if choice.default:
                button.focus_set()
