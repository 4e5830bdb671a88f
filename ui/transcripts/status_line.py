"""The foot of the editor's window: its status in a sentence, and a bar while something is saved."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.theme import TEXT_TONES
from ui.transcripts.state import EditorState
from ui.widgets.wrapping_label import WrappingLabel

STEPS = 1000


class StatusLine:
    """Shows the status; `frame` is to be placed, `label` has the sentence."""

    def __init__(self, master: tkinter.Misc) -> None:
        self.frame = ttk.Frame(master)
        self.frame.columnconfigure(0, weight=1)
        self.label = WrappingLabel(self.frame, bootstyle="secondary")
        self.label.grid(row=0, column=0, sticky="ew")
        self._progress = ttk.Progressbar(self.frame, maximum=STEPS, length=160)
        self._progress.grid(row=0, column=1, padx=("9p", 0))

    def show(self, state: EditorState) -> None:
        """Show the status of a state."""
        self.label.configure(text=state.status.text, bootstyle=_on_window(TEXT_TONES[state.status.tone]))
        self._progress.configure(value=round((state.saving or 0.0) * STEPS))
        if state.saving is None:
            self._progress.grid_remove()
        else:
            self._progress.grid()


def _on_window(bootstyle: str) -> str:
    """Return a text's style for the window's own ground in place of a panel's."""
    return bootstyle.replace("@card", "").strip() or "default"
