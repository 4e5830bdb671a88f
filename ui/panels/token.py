"""The question for a new token when the backend does not accept the one in use, such as one that has expired.

Takes the banner's place; never modal, and nothing has to be done at once.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable

import ttkbootstrap as ttk

from ui.banners import Tone
from ui.language import _
from ui.panels.banner import STRIPE_WIDTH
from ui.rescaling import on_rescale
from ui.screen_reader import tell_name
from ui.theme import CARD, HIDDEN, TEXT_TONES, TONE_STYLES, bold
from ui.view_state import TokenView
from ui.widgets.keyboard import LentKeyboard
from ui.widgets.wrapping_label import WrappingLabel
from ui.window_size import on_screen

TITLE = "The backend refuses the token: paste a new one."
SENTENCE = "What has been uploaded is kept. After Stop here the next start sends the rest."
FIELD_WIDTH = 30


class TokenPanel:
    """A hidden field with Continue upload and Stop here."""

    def __init__(
        self,
        master: tkinter.Misc,
        accept: Callable[[str], bool],
        stop: Callable[[], None],
        *,
        height: Callable[[], int],
    ) -> None:
        """`height` returns the banner's, in pixels."""
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=1)
        self._accept = accept
        self._keyboard = LentKeyboard(self.frame)
        self._typed = tkinter.StringVar(self.frame)
        self._font = bold(self.frame, larger=1)
        self.frame.configure(height=height())
        on_rescale(self.frame, lambda: self.frame.configure(height=height()))
        self.frame.grid_propagate(False)
        self.frame.columnconfigure(2, weight=1)
        self.frame.rowconfigure((0, 1), weight=1)
        stripe = ttk.Frame(self.frame, width=on_screen(master, STRIPE_WIDTH), bootstyle=TONE_STYLES[Tone.WARNING])
        stripe.grid(row=0, column=0, rowspan=2, sticky="ns")
        title = WrappingLabel(self.frame, bootstyle=TEXT_TONES[Tone.WARNING], text=TITLE)
        title.configure(font=self._font)
        title.grid(row=0, column=1, columnspan=2, sticky="ew", padx="9p", pady=("4p", 0))
        answer = ttk.Frame(self.frame, bootstyle=CARD)
        answer.grid(row=1, column=1, sticky="w", padx=("9p", "6p"), pady=("1.5p", "4p"))
        self.entry = ttk.Entry(answer, textvariable=self._typed, show=HIDDEN, width=FIELD_WIDTH)
        self.go_on = ttk.Button(answer, text=_("Continue upload"), bootstyle="@card primary", command=self._continue)
        self.stop = ttk.Button(answer, text=_("Stop here"), bootstyle=CARD, command=stop)
        tell_name(self.entry, _("Token"))
        for column, widget in enumerate((self.entry, self.go_on, self.stop)):
            widget.grid(row=0, column=column, padx=(0, "6p"))
        self.sentence = WrappingLabel(self.frame, bootstyle=CARD, text=SENTENCE)
        self.sentence.grid(row=1, column=2, sticky="ew", padx=(0, "9p"), pady=(0, "3p"))
        for key in ("<Return>", "<KP_Enter>"):
            self.entry.bind(key, self._entered)

    def show(self, token: TokenView | None) -> None:
        """Show the question and give it the keyboard, unless another window has it; or take it away with what was
        typed.
        """
        if token is None:
            self._typed.set("")
            self._keyboard.give_back()
            self.frame.grid_remove()
            return
        if not self.frame.winfo_manager():
            self.frame.grid()
            self._keyboard.take(self.entry)
        self.sentence.configure(
            text=token.problem or SENTENCE, bootstyle=TEXT_TONES[Tone.BAD] if token.problem else CARD
        )
        self.entry.state(["invalid" if token.problem else "!invalid"])

    def _continue(self) -> None:
        if self._accept(self._typed.get().strip()):
            self._typed.set("")

    def _entered(self, _: tkinter.Event[tkinter.Misc]) -> str:
        self._continue()
        return "break"  # in any other field Enter goes on to the next one
