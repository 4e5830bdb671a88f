"""Labelled controls beneath each other, with room for a hint and for what is wrong with the value."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from pathlib import Path
from tkinter import ttk as plain

import ttkbootstrap as ttk

from ui.language import shown
from ui.screen_reader import tell_name, tell_note
from ui.theme import CARD, HINT
from ui.widgets.keyboard import has_keyboard
from ui.widgets.wrapping_label import WrappingLabel
from ui.window_size import line_height, on_screen

LABEL_WIDTH = "78p"
BESIDE_LABEL = "6p"
GAP = "1.5p"
AROUND_LINES = 7
"""What lines of words take above its text and below, in pixels of a screen of 96 dots an inch."""
AROUND_LABEL = 6
"""The same of a row with a label alone."""
PROBLEM = "@card danger"


class FieldNote:
    """The line beneath a control: what its value is for, or what is wrong with it.

    A line is kept free for it, and while a problem stands there it gets no lower: nothing moves when a sentence comes
    or goes.
    """

    def __init__(self, control: plain.Widget, label: WrappingLabel, hint: str) -> None:
        self._control = control
        self._label = label
        self._hint = hint
        self._problem = ""
        self._write()

    @property
    def control(self) -> plain.Widget:
        """What the sentence is about."""
        return self._control

    @property
    def label(self) -> WrappingLabel:
        """Where the sentence stands."""
        return self._label

    @property
    def text(self) -> str:
        """What is wrong, empty when nothing is."""
        return self._problem

    def explain(self, hint: str) -> None:
        """Say what the value is for, or what comes of it, while nothing is wrong."""
        if hint != self._hint:
            self._hint = hint
            self._write()

    def show(self, text: str) -> None:
        """Show what is wrong and mark the control, or clear both."""
        if text == self._problem:
            return
        self._problem = text
        self._write()
        if isinstance(self._control, plain.Entry):
            self._control.state(["invalid" if text else "!invalid"])

    def _write(self) -> None:
        line = line_height(self._label)
        # the height of a label that was never in view is not that of its text
        seen = self._problem and self._label.winfo_viewable()
        kept = max(line, self._label.winfo_height()) if seen else line
        self._label.master.rowconfigure(self._label.grid_info()["row"], minsize=kept)
        text = self._shortly(self._problem) if self._problem else self._hint
        self._label.configure(text=text, bootstyle=PROBLEM if self._problem else HINT)
        for part in _parts(self._control):
            tell_note(part, str(self._label.cget("text")))

    def _shortly(self, problem: str) -> str:
        """Return what is wrong with the name of a file or folder in the place of its path, which stands above."""
        path = str(self._control.get()).strip() if isinstance(self._control, plain.Entry) else ""
        is_path = Path(path).name not in ("", path) and "://" not in path
        return problem.replace(path, Path(path).name) if is_path else problem


class Fields:
    """Adds rows of label and control to a frame, with room beside the control for a button."""

    def __init__(self, frame: ttk.Frame, *, longest: str = "") -> None:
        """`longest` is the longest label of the rows that these stand beneath, where they are of another frame."""
        self._frame = frame
        self._row = 0
        label = ttk.Label(frame, text=shown(longest))
        room = label.winfo_reqwidth() + frame.winfo_pixels(BESIDE_LABEL)
        label.destroy()
        frame.columnconfigure(0, minsize=max(frame.winfo_pixels(LABEL_WIDTH), room), weight=0)
        frame.columnconfigure(1, weight=1)

    def add(
        self,
        label: str,
        control: plain.Widget,
        *,
        beside: plain.Widget | None = None,
        hint: str = "",
        marked: plain.Widget | None = None,
    ) -> FieldNote:
        """Add a row and return the line beneath it; `marked` is what a problem marks, where it is not the control."""
        self.add_plain(label, control, beside=beside)
        return self._note(marked or control, hint, column=1)

    def add_note(self, control: plain.Widget) -> FieldNote:
        """Add a line of its own for a control that stands elsewhere, and return it."""
        return self._note(control, "", column=0)

    def _note(self, control: plain.Widget, hint: str, *, column: int) -> FieldNote:
        note = WrappingLabel(self._frame, bootstyle=HINT)
        note.grid(row=self._row, column=column, columnspan=3 - column, sticky="new", pady=(0, GAP))
        self._row += 1
        return FieldNote(control, note, hint)

    def add_plain(self, label: str, control: plain.Widget, *, beside: plain.Widget | None = None) -> None:
        """Add a row about which nothing is said."""
        row = self._row
        ttk.Label(self._frame, text=shown(label), bootstyle=CARD).grid(
            row=row, column=0, sticky="w", pady=GAP, padx=(0, BESIDE_LABEL)
        )
        for part in _parts(control):
            tell_name(part, shown(label))
        control.grid(row=row, column=1, sticky="ew", pady=GAP, columnspan=1 if beside else 2)
        if beside is not None:
            tell_name(beside, f"{shown(label)}: {beside.cget('text')}")
            beside.grid(row=row, column=2, sticky="e", padx=("6p", 0), pady=GAP)
        self._row += 1

    def beneath(self, widget: plain.Widget) -> None:
        """Add a row of words, or a box to tick, that belongs to the control above."""
        widget.grid(row=self._row, column=1, columnspan=2, sticky="ew", pady=(0, GAP))
        self._row += 1

    def keep(self, lines: int, *, rows: int) -> None:
        """Keep room for so many lines of text that the last rows share: the last one has what the others leave."""
        height = lines * line_height(self._frame) + rows * on_screen(self._frame, AROUND_LABEL)
        room = ttk.Frame(self._frame, width=1, height=height, bootstyle=CARD)
        room.grid(row=self._row - rows, rowspan=rows, column=3)
        self._frame.rowconfigure(self._row - 1, weight=1)

    def wide(self, control: plain.Widget, *, above: str = GAP, indent: str = "0", lines: int = 0) -> None:
        """Add a row that a control has for itself; room for `lines` of text is kept free for it."""
        if lines:
            room = lines * line_height(self._frame) + on_screen(self._frame, AROUND_LINES)
            self._frame.rowconfigure(self._row, minsize=room)
        control.grid(row=self._row, column=0, columnspan=3, sticky="ew", pady=(above, GAP), padx=(indent, 0))
        self._row += 1


def show_end(entry: ttk.Entry, variable: tkinter.Variable) -> None:
    """Let a field show the end of what is put into it: the end tells a path from others. Where somebody types, the
    field follows the cursor.
    """

    def follow() -> None:
        if not entry.index("insert") or not has_keyboard(entry):
            entry.xview_moveto(1.0)

    # the field takes the text in after its variable, and its place after it was laid out
    variable.trace_add("write", lambda *_: entry.after_idle(follow) if entry.winfo_exists() else None)
    entry.bind("<Configure>", lambda _: follow(), add="+")


def _parts(control: plain.Widget) -> list[plain.Widget]:
    """Return a control, or the fields in a frame of several."""
    within: list[plain.Widget] = [part for part in control.winfo_children() if isinstance(part, plain.Entry)]
    return within or [control]


def switch(controls: list[plain.Widget], enabled: bool) -> None:
    """Enable or disable controls; a list to choose from stays one that can't be typed into."""
    for control in controls:
        control.state(["!disabled" if enabled else "disabled"])


def clear_when_edited(note: FieldNote) -> Callable[[], None]:
    """Return a listener that takes the note away: its value is being changed."""
    return lambda: note.show("")
