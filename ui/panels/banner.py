"""Where things stand, in words, and the buttons of a question. Never modal."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

import ttkbootstrap as ttk

from ui.banners import READY, Banner
from ui.language import shown
from ui.messages import BannerAnswer
from ui.rescaling import on_rescale
from ui.screen_reader import announce
from ui.theme import CARD, TEXT_TONES, TONE_STYLES, bold
from ui.widgets.keyboard import LentKeyboard
from ui.widgets.scrolled_part import ScrolledPart
from ui.widgets.wrapping_label import WrappingLabel
from ui.window_size import on_screen

STRIPE_WIDTH = 5
"""In pixels of a screen of 96 dots an inch."""
LINES = 3
"""Of sentences, beneath the title: those of every question fit into the default window."""
MOST_IN_A_ROW = 3
"""More buttons than this stand in two columns: in one row they would leave no room for the sentences."""


class BannerPanel:
    """A stripe in the colour of the news, a title, sentences, and buttons.

    It has the same height whatever it says, so that nothing moves: more than three lines are scrolled.
    """

    def __init__(self, master: tkinter.Misc, answer: Callable[[BannerAnswer], None]) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=1)
        self._answer = answer
        self._shown: Banner | None = None
        self._keyboard = LentKeyboard(self.frame)
        self._font = bold(self.frame, larger=1)
        self.buttons: list[ttk.Button] = []
        self.frame.columnconfigure(1, weight=1)
        self.frame.rowconfigure(0, weight=1)
        self._stripe = ttk.Frame(self.frame, width=on_screen(master, STRIPE_WIDTH), bootstyle="secondary")
        self._stripe.grid(row=0, column=0, sticky="ns")
        self.news = ScrolledPart(self.frame)
        self.news.columnconfigure(0, weight=1)
        self.news.grid(row=0, column=1, sticky="nsew", padx=("9p", 0), pady="4p")
        self.title = WrappingLabel(self.news, bootstyle=CARD)
        self.title.configure(font=self._font)
        self.title.grid(row=0, column=0, sticky="ew")
        self.lines = WrappingLabel(self.news, bootstyle=CARD)
        self.lines.grid(row=1, column=0, sticky="ew")
        self._choices = ttk.Frame(self.frame, bootstyle=CARD)
        self._choices.grid(row=0, column=2, padx="7.5p")
        self.height = self._height_of_text()
        self.frame.configure(height=self.height)
        self.frame.grid_propagate(False)
        on_rescale(self.frame, self._make_room)
        self.show(READY)

    def show(self, banner: Banner) -> None:
        """Show a banner; the default button of a question gets the keyboard, unless another window has it."""
        if banner == self._shown:
            return
        asked_before = self._shown.choices if self._shown else ()
        self._shown = banner
        self._stripe.configure(bootstyle=TONE_STYLES[banner.tone])
        self.title.configure(text=banner.title, bootstyle=TEXT_TONES[banner.tone])
        self.lines.configure(text="\n".join(banner.lines))
        self.news.yview_moveto(0.0)
        announce(self.title, "\n".join(str(one.cget("text")) for one in (self.title, self.lines)).strip())
        if banner.choices != asked_before:
            self._show_choices(banner)

    def _height_of_text(self) -> int:
        """Return how high a title and three lines are, in pixels, with what is around them."""
        title, line = (
            ttk.Label(self.news, bootstyle=CARD, text=text, font=font)
            for text, font in (("A title", self._font), ("\n" * (LINES - 1), "TkDefaultFont"))
        )
        height = title.winfo_reqheight() + line.winfo_reqheight()
        title.destroy()
        line.destroy()
        return height + 2 * self.frame.winfo_pixels("4p") + 2

    def _make_room(self) -> None:
        self.height = self._height_of_text()
        self.frame.configure(height=self.height)

    def _show_choices(self, banner: Banner) -> None:
        if not any(choice.default for choice in banner.choices):
            self._keyboard.give_back()
        for button in self.buttons:
            button.destroy()
        self.buttons = []
        columns = len(banner.choices) if len(banner.choices) <= MOST_IN_A_ROW else 2
        for number, choice in enumerate(banner.choices):
            button = ttk.Button(
                self._choices,
                text=shown(choice.label),
                bootstyle="@card primary" if choice.default else CARD,
                command=lambda answer=choice.answer: self._answer(answer),
            )
            button.grid(row=number // columns, column=number % columns, sticky="ew", padx="3p", pady="1.5p")
            self.buttons.append(button)
            if choice.default:
                self._keyboard.take(button)
        if self.buttons:
            self._choices.grid()
        else:
            self._choices.grid_remove()
