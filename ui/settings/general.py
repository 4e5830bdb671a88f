"""Colours, text size, and the folder that a window begins with."""

from __future__ import annotations

import tkinter
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from config import Config
from ui.appearance import largest_percent
from ui.preferences import ProgramSettings, ThemeChoice
from ui.settings import checks
from ui.settings.checked import ChangeSettings, check_as_typed
from ui.settings.section import section
from ui.theme import CARD
from ui.widgets.fields import Fields, switch

THEME_LABELS = {
    ThemeChoice.DARK: "Dark",
    ThemeChoice.LIGHT: "Light",
    ThemeChoice.SYSTEM: "As the system has it",
}
SET_IN_ENV = "Set in .env."
NEXT_TIME = "Used when the window is opened the next time."
LAST_USED = "A new window begins with it. Empty: with the one that was used last."


class GeneralSection:
    """The first section."""

    def __init__(self, master: tkinter.Misc, settings: ProgramSettings, config: Config, change: ChangeSettings) -> None:
        self.frame = section(master)
        self._change = change
        body = self.frame
        fields = Fields(body)
        self._theme = tkinter.StringVar(master, THEME_LABELS[settings.theme])
        self.first = self.theme = ttk.Combobox(
            body, textvariable=self._theme, values=list(THEME_LABELS.values()), state="readonly"
        )
        self.theme_note = fields.add("Colours", self.theme)
        if config.window_theme:
            self._theme.set(THEME_LABELS[ThemeChoice(config.window_theme)])
            switch([self.theme], enabled=False)
            self.theme_note.explain(SET_IN_ENV)
        self._percent = tkinter.StringVar(master, f"{settings.text_percent} %")
        self.text_size = ttk.Combobox(
            body, textvariable=self._percent, values=[f"{percent} %" for percent in checks.TEXT_SIZES]
        )
        self.text_note = fields.add("Text size", self.text_size, hint=NEXT_TIME)
        self._folder = tkinter.StringVar(master, settings.output_dir)
        self.folder = ttk.Entry(body, textvariable=self._folder)
        browse = ttk.Button(body, text="Browse…", bootstyle=CARD, command=self._browse)
        self.folder_note = fields.add("Output folder", self.folder, beside=browse, hint=LAST_USED)
        self._theme.trace_add("write", lambda *_: self._choose_theme())
        most = largest_percent(master, settings.text_percent)
        check_as_typed(
            self._percent,
            self.text_note,
            lambda typed: checks.text_percent(typed, most),
            lambda percent: change(text_percent=percent),
        )
        check_as_typed(self._folder, self.folder_note, checks.output_folder, lambda folder: change(output_dir=folder))

    def _choose_theme(self) -> None:
        self._change(theme=next(choice for choice, label in THEME_LABELS.items() if label == self._theme.get()))

    def _browse(self) -> None:
        chosen = filedialog.askdirectory(
            parent=self.frame, title="Choose the output folder", initialdir=self._folder.get().strip() or None
        )
        if chosen:
            self._folder.set(str(Path(chosen)))
