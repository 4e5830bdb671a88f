"""The window that shows what this computer has, with a button beside each thing that mends it."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Mapping

import ttkbootstrap as ttk

from ui.banners import Tone
from ui.bars import RowStatus
from ui.language import _, shown
from ui.machine_check.checks import Needed
from ui.machine_check.lines import LOOKING, CheckLine, CheckState, Mending
from ui.theme import CARD, TEXT_TONES, bar_style, bold, keep_visible, on_new_theme
from ui.widgets.fields import BESIDE_LABEL
from ui.widgets.wrapping_label import WrappingLabel
from ui.window_size import give_size, line_height

TITLE = "Check this computer"
SIZE = (640, 420)
MIN_SIZE = (560, 420)
GAP = "7.5p"
MARKS = {
    CheckState.LOOKING: ("…", Tone.PLAIN),
    CheckState.GOOD: ("✓", Tone.GOOD),
    CheckState.OPTIONAL: ("○", Tone.PLAIN),
    CheckState.BAD: ("✗", Tone.BAD),
}
LINES = 3
"""Of text, for which room is kept in each row."""
STEPS = 1000
CLOSE, SKIP = "Close", "Continue"
WELCOME = "This is what the program finds on this computer. Nothing here has to be done now: Help has this page."


class MachineCheckWindow:
    """Four rows. Nothing in it is modal."""

    def __init__(
        self, master: ttk.App, *, first_time: bool, mend: Callable[[Needed, Mending], None], closed: Callable[[], None]
    ) -> None:
        """`mend` is told which button was pressed; `closed` is called when the window is gone, whatever took it."""
        self._closed = closed
        self.window = ttk.Toplevel(_(TITLE), iconphoto=None, master=master)
        give_size(self.window, SIZE, MIN_SIZE)
        self.window.columnconfigure(0, weight=1)
        self.window.rowconfigure(1, weight=1)
        if first_time:
            welcome = WrappingLabel(self.window, bootstyle="", text=WELCOME)
            welcome.grid(row=0, column=0, sticky="ew", padx=GAP, pady=(GAP, 0))
        card = ttk.Frame(self.window, bootstyle="bordered @card", padding=(GAP, GAP, GAP, GAP))
        card.grid(row=1, column=0, sticky="nsew", padx=GAP, pady=(GAP, 0))
        card.columnconfigure(2, weight=1)
        self.rows = {needed: CheckRow(card, number, needed, mend) for number, needed in enumerate(Needed)}
        self.close_button = ttk.Button(
            self.window, text=shown(SKIP if first_time else CLOSE), bootstyle="primary", command=self.close
        )
        self.close_button.grid(row=2, column=0, sticky="e", padx=GAP, pady=GAP)
        self.window.protocol("WM_DELETE_WINDOW", self.close)
        self.window.bind("<Escape>", lambda _: self.close())
        self.window.bind("<Destroy>", self._destroyed, add="+")
        keep_visible(self.window, master.style)
        self.close_button.focus_set()

    def show(self, lines: Mapping[Needed, CheckLine]) -> None:
        """Show the lines."""
        for needed, row in self.rows.items():
            row.show(lines[needed])

    def close(self) -> None:
        """Take the window away."""
        self.window.destroy()

    def _destroyed(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if event.widget is self.window:
            self._closed()


class CheckRow:
    """A mark, what it is, what is said of it, and a button."""

    def __init__(self, master: ttk.Frame, number: int, needed: Needed, mend: Callable[[Needed, Mending], None]) -> None:
        self._shown: CheckLine | None = None
        self._font = bold(master)
        master.rowconfigure(number, weight=1, minsize=LINES * line_height(master))
        self._mark = ttk.Label(master, bootstyle=CARD, width=2, anchor="center", font=self._font)
        self._mark.grid(row=number, column=0, sticky="n")
        name = ttk.Label(master, text=shown(needed.value), bootstyle=CARD, font=self._font)
        name.grid(row=number, column=1, sticky="nw", padx=(0, BESIDE_LABEL))
        told = ttk.Frame(master, bootstyle=CARD)
        told.grid(row=number, column=2, sticky="new")
        told.columnconfigure(0, weight=1)
        self.text = WrappingLabel(told, bootstyle=CARD)
        self.text.grid(row=0, column=0, sticky="ew")
        self.progress = ttk.Progressbar(told, maximum=STEPS)
        self.progress.grid(row=1, column=0, sticky="ew", pady=("1.5p", 0))
        self._colour()
        on_new_theme(self.progress, self._colour)
        self.button = ttk.Button(master, bootstyle=CARD, command=lambda: self._pressed(needed, mend), width=16)
        self.button.grid(row=number, column=3, sticky="ne", padx=(BESIDE_LABEL, 0))
        self.show(LOOKING)

    def show(self, line: CheckLine) -> None:
        """Show a line."""
        if line == self._shown:
            return
        self._shown = line
        mark, tone = MARKS[line.state]
        self._mark.configure(text=mark, bootstyle=TEXT_TONES[tone])
        self.text.configure(text=line.text)
        if line.done is None:
            self.progress.grid_remove()
        else:
            self.progress.configure(value=round(line.done * STEPS))
            self.progress.grid()
        if line.mending is None:
            self.button.grid_remove()
        else:
            self.button.configure(text=shown(line.mending.value))
            self.button.grid()

    def _pressed(self, needed: Needed, mend: Callable[[Needed, Mending], None]) -> None:
        if self._shown is not None and self._shown.mending is not None:
            mend(needed, self._shown.mending)

    def _colour(self) -> None:
        self.progress.configure(bootstyle=bar_style(RowStatus.ACTIVE, ttk.Style()))
