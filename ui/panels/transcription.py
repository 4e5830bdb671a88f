"""Whether and how speech becomes captions."""

from __future__ import annotations

import tkinter
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from pipeline.errors import Setting
from ui import spoken_languages
from ui.form_variables import FormVariables
from ui.theme import CARD
from ui.view_state import ViewState
from ui.widgets.card import Card
from ui.widgets.fields import Fields, clear_when_edited, switch


class TranscriptionPanel:
    """Tick, model and spoken language."""

    def __init__(self, master: tkinter.Misc, variables: FormVariables) -> None:
        self.card = Card(master, "TRANSCRIPTION")
        self._variables = variables
        body = self.card.body
        self.enable = ttk.Checkbutton(
            body, text="Create captions and a transcript", variable=variables.transcribe, bootstyle=CARD
        )
        fields = Fields(body)
        fields.wide(self.enable, above=0)
        self.model = ttk.Combobox(body, textvariable=variables.model)
        self.browse = ttk.Button(body, text="Browse…", bootstyle=CARD, command=self._browse)
        hint = "Larger models hear better but take longer. Each is downloaded once; Browse takes a model folder."
        model_note = fields.add("Model", self.model, beside=self.browse, hint=hint)
        self.language = ttk.Combobox(
            body, textvariable=variables.spoken_language, values=list(spoken_languages.choices()), height=14
        )
        language_note = fields.add("Language", self.language)
        self.notes = {Setting.MODEL: model_note, Setting.SPOKEN_LANGUAGE: language_note}
        variables.on_change(clear_when_edited(model_note), variables.model, variables.transcribe)
        variables.on_change(clear_when_edited(language_note), variables.spoken_language, variables.transcribe)

    def show(self, state: ViewState) -> None:
        """Show the models there are, and what can be changed."""
        if tuple(self.model.cget("values")) != state.models:
            self.model.configure(values=list(state.models))
        switch([self.enable], state.form_enabled)
        switch([self.model, self.browse, self.language], state.form_enabled and self._variables.transcribe.get())

    def _browse(self) -> None:
        chosen = filedialog.askdirectory(parent=self.card, title="Choose the folder of a Whisper model", mustexist=True)
        if chosen:
            self._variables.model.set(str(Path(chosen)))
