"""What is said of a control in a small window beside it: while the pointer is on it, or while it has the keyboard."""

from __future__ import annotations

import ttkbootstrap as ttk

from ui.screen_reader import tell_note

DELAY_MS = 500
AT_THE_POINTER, BENEATH = None, "bottom"


class Tip:
    """A tip of a control; Escape takes it away, as leaving the control does."""

    def __init__(self, control: ttk.Button | ttk.Checkbutton, text: str) -> None:
        self.shown = ttk.ToolTip(control, text=text, delay=DELAY_MS)
        tell_note(control, text)
        control.bind("<Enter>", lambda _: self._place(AT_THE_POINTER), add="+")
        control.bind("<FocusIn>", lambda _: self._come_to(), add="+")
        for left in ("<FocusOut>", "<Escape>"):
            control.bind(left, lambda _: self.shown.leave(), add="+")

    def _come_to(self) -> None:
        self._place(BENEATH)
        self.shown.enter()

    def _place(self, position: str | None) -> None:
        # Not by its configure(): that takes no position away.
        self.shown.position = position
