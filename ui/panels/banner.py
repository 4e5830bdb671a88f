"""Where things stand, in words, and the buttons of a question. Never modal."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

import ttkbootstrap as ttk

from ui.banners import READY, Banner
from ui.messages import Answer
from ui.theme import CARD, TEXT_TONES, TONE_STYLES, bold
from ui.widgets.wrapping_label import WrappingLabel

STRIPE_WIDTH = 5


class BannerPanel:
    """A stripe in the colour of the news, a title, sentences, and buttons."""

    def __init__(self, master: tkinter.Misc, answer: Callable[[Answer], None]) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=1)
        self._answer = answer
        self._shown: Banner | None = None
        self._font = bold(self.frame, larger=1)
        self.buttons: list[ttk.Button] = []
        self.frame.columnconfigure(1, weight=1)
        self._stripe = ttk.Frame(self.frame, width=STRIPE_WIDTH, bootstyle="secondary")
        self._stripe.grid(row=0, column=0, rowspan=2, sticky="ns")
        self.title = WrappingLabel(self.frame, bootstyle=CARD)
        self.title.configure(font=self._font)
        self.title.grid(row=0, column=1, sticky="ew", padx=12, pady=(8, 0))
        self.lines = WrappingLabel(self.frame, bootstyle=CARD)
        self.lines.grid(row=1, column=1, sticky="ew", padx=12, pady=(2, 8))
        self._choices = ttk.Frame(self.frame, bootstyle=CARD)
        self._choices.grid(row=0, column=2, rowspan=2, padx=10, pady=8)
        self.show(READY)

    def show(self, banner: Banner) -> None:
        """Show a banner; the default button of a question gets the keyboard."""
        if banner == self._shown:
            return
        asked_before = self._shown.choices if self._shown else ()
        self._shown = banner
        self._stripe.configure(bootstyle=TONE_STYLES[banner.tone])
        self.title.configure(text=banner.title, bootstyle=TEXT_TONES[banner.tone])
        self.lines.configure(text="\n".join(banner.lines))
        if banner.choices != asked_before:
            self._show_choices(banner)

    def _show_choices(self, banner: Banner) -> None:
        for button in self.buttons:
            button.destroy()
        self.buttons = []
        for number, choice in enumerate(banner.choices):
            button = ttk.Button(
                self._choices,
                text=choice.label,
                bootstyle="@card primary" if choice.default else CARD,
                command=lambda answer=choice.answer: self._answer(answer),
            )
            button.grid(row=0, column=number, padx=4)
            self.buttons.append(button)
            if choice.default:
                button.focus_set()
        if self.buttons:
            self._choices.grid()
        else:
            self._choices.grid_remove()
