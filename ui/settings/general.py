"""Colours, text size, and the folder that a window begins with."""

from __future__ import annotations

import tkinter
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from config import Config
from ui import spoken_languages
from ui.appearance import largest_percent
from ui.language import LanguageChoice, _, in_order, shown
from ui.preferences import ProgramSettings, ThemeChoice
from ui.settings import checks
from ui.settings.checked import ChangeSettings, check_as_typed
from ui.settings.checks import AS_LAST_TIME
from ui.settings.section import section
from ui.theme import CARD
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.fields import Fields, switch

THEME_LABELS = {
    ThemeChoice.DARK: "Dark",
    ThemeChoice.LIGHT: "Light",
    ThemeChoice.SYSTEM: "As the system has it",
}
LANGUAGE_LABELS = {
    LanguageChoice.SYSTEM: THEME_LABELS[ThemeChoice.SYSTEM],
    LanguageChoice.ENGLISH: "English",
    LanguageChoice.GERMAN: "Deutsch",
}
"""Each language by its own name, whichever the window has."""
CAPTIONS = {AS_LAST_TIME: None, "On": True, "Off": False}
CAPTIONS_HINT = "What a new window begins with, as model and language below."
MODEL_HINT = "Empty: as last time."
SET_IN_ENV = "Set in .env."
NEXT_TIME = "Used when the window is opened the next time."
LAST_USED = "A new window begins with it. Empty: with the one that was used last."


class GeneralSection:
    """The first section."""

    def __init__(
        self,
        master: tkinter.Misc,
        settings: ProgramSettings,
        config: Config,
        models: Sequence[str],
        change: ChangeSettings,
    ) -> None:
        self.frame = section(master)
        self._change = change
        body = self.frame
        fields = Fields(body)
        self._theme = tkinter.StringVar(master, THEME_LABELS[settings.theme])
        self.first = self.theme = ChoiceBox(body, self._theme, THEME_LABELS.values(), state="readonly")
        self.theme_note = fields.add("Colours", self.theme)
        if config.window_theme:
            self._theme.set(THEME_LABELS[ThemeChoice(config.window_theme)])
            switch([self.theme], enabled=False)
            self.theme_note.explain(SET_IN_ENV)
        self._add_language(fields, settings)
        self._percent = tkinter.StringVar(master, f"{settings.text_percent} %")
        self.text_size = ttk.Combobox(
            body, textvariable=self._percent, values=[f"{percent} %" for percent in checks.TEXT_SIZES]
        )
        self.text_note = fields.add("Text size", self.text_size)
        self._folder = tkinter.StringVar(master, settings.output_dir)
        self.folder = ttk.Entry(body, textvariable=self._folder)
        browse = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse)
        self.folder_note = fields.add("Output folder", self.folder, beside=browse, hint=LAST_USED)
        self._add_captions(fields, settings, models)
        self._theme.trace_add("write", lambda *_: self._choose_theme())
        most = largest_percent(master, settings.text_percent)
        check_as_typed(
            self._percent,
            self.text_note,
            lambda typed: checks.text_percent(typed, most),
            lambda percent: change(text_percent=percent),
        )
        check_as_typed(self._folder, self.folder_note, checks.output_folder, lambda folder: change(output_dir=folder))

    def _add_language(self, fields: Fields, settings: ProgramSettings) -> None:
        system, *names = LANGUAGE_LABELS.values()
        self.own_language = ttk.Combobox(self.frame, values=[shown(system), *names], state="readonly")
        self.own_language.current(list(LANGUAGE_LABELS).index(settings.language))
        self.own_language.bind("<<ComboboxSelected>>", lambda _: self._choose_language(), add="+")
        fields.add("Language", self.own_language, hint=NEXT_TIME)

    def _choose_language(self) -> None:
        self.own_language.selection_clear()
        self._change(language=list(LANGUAGE_LABELS)[self.own_language.current()])

    def _add_captions(self, fields: Fields, settings: ProgramSettings, models: Sequence[str]) -> None:
        body = self.frame
        chosen = next(label for label, choice in CAPTIONS.items() if choice is settings.transcribe)
        self._captions = tkinter.StringVar(body, chosen)
        self.captions = ChoiceBox(body, self._captions, CAPTIONS, state="readonly")
        fields.add("Captions", self.captions, hint=CAPTIONS_HINT)
        self._model = tkinter.StringVar(body, settings.model)
        self.model = ttk.Combobox(body, textvariable=self._model, values=list(models))
        fields.add("Model", self.model, hint=MODEL_HINT)
        spoken = settings.spoken_language
        text = AS_LAST_TIME if spoken is None else spoken_languages.language_text(spoken)
        self._language = tkinter.StringVar(body, text)
        self.language = ChoiceBox(body, self._language, (AS_LAST_TIME, *in_order(spoken_languages.choices())))
        note = fields.add("Spoken language", self.language)
        change = self._change
        self._captions.trace_add("write", lambda *_: change(transcribe=CAPTIONS[self._captions.get()]))
        self._model.trace_add("write", lambda *_: change(model=self._model.get().strip()))
        check_as_typed(self._language, note, checks.spoken_language, lambda language: change(spoken_language=language))

    def _choose_theme(self) -> None:
        self._change(theme=next(choice for choice, label in THEME_LABELS.items() if label == self._theme.get()))

    def _browse(self) -> None:
        chosen = filedialog.askdirectory(
            parent=self.frame, title=_("Choose the output folder"), initialdir=self._folder.get().strip() or None
        )
        if chosen:
            self._folder.set(str(Path(chosen)))
