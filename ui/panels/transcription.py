"""Whether and how speech becomes captions."""

from __future__ import annotations

import tkinter
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from pipeline.caption_files import SUFFIXES
from pipeline.errors import Setting
from pipeline.speech.caption_profiles import TITLES
from ui import spoken_languages
from ui.form_variables import FormVariables
from ui.theme import CARD
from ui.view_state import ViewState
from ui.widgets.card import Card
from ui.widgets.fields import Fields, clear_when_edited, switch


class TranscriptionPanel:
    """Tick, model, spoken language and caption rules; captions of the editor's own."""

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
        self.rules = ttk.Combobox(
            body, textvariable=variables.caption_rules, values=list(TITLES.values()), state="readonly"
        )
        hint = "Whose rules the captions keep to: how long a line is, and how fast they can be read."
        fields.add("Caption rules", self.rules, hint=hint)
        self.captions = ttk.Entry(body, textvariable=variables.captions)
        self.browse_captions = ttk.Button(body, text="Browse…", bootstyle=CARD, command=self._browse_captions)
        hint = "Captions of your own for this video, SRT or WebVTT, in the language of its name, such as talk.de.srt."
        captions_note = fields.add("Captions file", self.captions, beside=self.browse_captions, hint=hint)
        self.dataset = ttk.Entry(body, textvariable=variables.dataset)
        self.browse_dataset = ttk.Button(body, text="Browse…", bootstyle=CARD, command=self._browse_dataset)
        hint = "The transcripts of a course, a file or s3://bucket/key: the video's is put in when the job is done."
        dataset_note = fields.add("Transcript dataset", self.dataset, beside=self.browse_dataset, hint=hint)
        self.notes = {
            Setting.MODEL: model_note,
            Setting.SPOKEN_LANGUAGE: language_note,
            Setting.CAPTIONS: captions_note,
            Setting.DATASET: dataset_note,
        }
        variables.on_change(clear_when_edited(model_note), variables.model, variables.transcribe)
        variables.on_change(clear_when_edited(language_note), variables.spoken_language, variables.transcribe)
        variables.on_change(clear_when_edited(captions_note), variables.captions)
        makes_transcript = (variables.transcribe, variables.captions)
        variables.on_change(clear_when_edited(dataset_note), variables.dataset, *makes_transcript)
        variables.on_change(lambda: variables.captions.set(""), variables.source)  # they are of one video alone

    def show(self, state: ViewState) -> None:
        """Show the models there are, and what can be changed."""
        if tuple(self.model.cget("values")) != state.models:
            self.model.configure(values=list(state.models))
        switch([self.enable, self.captions, self.browse_captions], state.form_enabled)
        whisper = [self.model, self.browse, self.language, self.rules]
        switch(whisper, state.form_enabled and self._variables.transcribe.get())
        makes_transcript = self._variables.transcribe.get() or bool(self._variables.captions.get().strip())
        switch([self.dataset, self.browse_dataset], state.form_enabled and makes_transcript)

    def _browse(self) -> None:
        chosen = filedialog.askdirectory(parent=self.card, title="Choose the folder of a Whisper model", mustexist=True)
        if chosen:
            self._variables.model.set(str(Path(chosen)))

    def _browse_captions(self) -> None:
        kinds = [("Captions", " ".join(f"*{suffix}" for suffix in SUFFIXES)), ("All files", "*")]
        chosen = filedialog.askopenfilename(parent=self.card, title="Choose a captions file", filetypes=kinds)
        if chosen:
            self._variables.captions.set(str(Path(chosen)))
            self._variables.transcribe.set(False)  # they stand in the place of Whisper's unless both are asked for

    def _browse_dataset(self) -> None:
        chosen = filedialog.asksaveasfilename(
            parent=self.card,
            title="Choose a dataset of transcripts, or name a new one",
            filetypes=[("Datasets", "*.json"), ("All files", "*")],
            defaultextension=".json",
            confirmoverwrite=False,  # the transcript is put into it
        )
        if chosen:
            self._variables.dataset.set(str(Path(chosen)))
