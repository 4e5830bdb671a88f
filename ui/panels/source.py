"""Which video: its path, what was found out about it, and which part of it is wanted."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from pipeline.errors import Setting
from pipeline.files import VIDEO_SUFFIXES
from ui.banners import Tone
from ui.form_variables import FormVariables
from ui.job_form import typed_path
from ui.theme import CARD, HINT, TEXT_TONES
from ui.view_state import ViewState
from ui.widgets.card import Card
from ui.widgets.fields import Fields, clear_when_edited, switch
from ui.widgets.wrapping_label import WrappingLabel

VIDEO_FILES = " ".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES)
TIME_WIDTH = 8

LOOK_DELAY_MS = 400
"""How long nothing must be typed before the file is looked at."""


class SourcePanel:
    """The source's path with Browse, its details, and which part of it is wanted."""

    def __init__(self, master: tkinter.Misc, variables: FormVariables, look: Callable[[str], None]) -> None:
        self.card = Card(master, "SOURCE")
        self._variables = variables
        self._look = look
        self._waiting: str | None = None
        body = self.card.body
        self.entry = ttk.Entry(body, textvariable=variables.source)
        self.browse = ttk.Button(body, text="Browse…", bootstyle=CARD, command=self._browse)
        fields = Fields(body)
        note = fields.add("Video", self.entry, beside=self.browse)
        self.details = WrappingLabel(body, bootstyle=HINT)
        fields.beneath(self.details)
        self.damage = WrappingLabel(body, bootstyle=TEXT_TONES[Tone.WARNING])
        fields.beneath(self.damage)
        self.treatment = WrappingLabel(body, bootstyle=HINT)
        fields.beneath(self.treatment)
        part = ttk.Frame(body, bootstyle=CARD)
        self.part_from, self.part_to = (
            ttk.Entry(part, textvariable=variable, width=TIME_WIDTH)
            for variable in (variables.part_from, variables.part_to)
        )
        self.part_from.grid(row=0, column=0)
        ttk.Label(part, text="to", bootstyle=CARD).grid(row=0, column=1, padx=8)
        self.part_to.grid(row=0, column=2)
        ttk.Label(part, text="h:mm:ss", bootstyle=HINT).grid(row=0, column=3, padx=(8, 0))
        part_note = fields.add("Only from", part)
        self.notes = {Setting.SOURCE: note, Setting.TRIM: part_note}
        variables.on_change(clear_when_edited(part_note), variables.part_from, variables.part_to)
        variables.on_change(self._whole_again, variables.source)
        variables.on_change(clear_when_edited(note), variables.source)
        variables.on_change(self._look_soon, variables.source)

    def show(self, state: ViewState) -> None:
        """Show the source's details and whether it can be changed."""
        self.details.configure(text=state.source.details or "Length, size and audio appear here.")
        _show_line(self.damage, state.source.damage)
        _show_line(self.treatment, state.source.treatment)
        if state.source.problem:
            self.details.configure(text="")
            self.notes[Setting.SOURCE].show(state.source.problem)
        switch([self.entry, self.browse, self.part_from, self.part_to], state.form_enabled)

    def _whole_again(self) -> None:
        """A part is one of this video: of another the whole is wanted."""
        self._variables.part_from.set("")
        self._variables.part_to.set("")

    def _look_soon(self) -> None:
        if self._waiting is not None:
            self.card.after_cancel(self._waiting)
        self._waiting = self.card.after(LOOK_DELAY_MS, self._look_now)

    def _look_now(self) -> None:
        self._waiting = None
        text = typed_path(self._variables.source.get())
        if text and not self._variables.output_dir.get().strip() and Path(text).is_file():
            self._variables.output_dir.set(str(Path(text).absolute().parent))
        self._look(text)

    def _browse(self) -> None:
        start = Path(self._variables.source.get()).parent
        chosen = filedialog.askopenfilename(
            parent=self.card,
            title="Choose a video",
            initialdir=str(start),
            filetypes=[("Videos", VIDEO_FILES), ("Videos", VIDEO_FILES.upper()), ("All files", "*")],
        )
        if chosen:
            self.choose(Path(chosen))

    def choose(self, video: Path) -> None:
        """Take a video; its own folder is proposed for the output where none was chosen yet,
        as it is for a typed one.
        """
        self._variables.source.set(str(video))
        self.entry.xview_moveto(1.0)
        if not self._variables.output_dir.get().strip():
            self._variables.output_dir.set(str(video.parent))


def _show_line(label: WrappingLabel, text: str) -> None:
    """Show a line, or take its room away where there is nothing to say."""
    label.configure(text=text)
    if text:
        label.grid()
    else:
        label.grid_remove()
