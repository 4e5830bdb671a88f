"""Whether and how speech becomes captions."""

from __future__ import annotations

import tkinter
from pathlib import Path
from tkinter import filedialog
from tkinter import ttk as plain

import ttkbootstrap as ttk

from pipeline.caption_files import SUFFIXES
from pipeline.errors import Setting
from pipeline.speech.caption_profiles import TITLES
from ui import spoken_languages
from ui.form_variables import FormVariables
from ui.job_form import SEPARATOR
from ui.language import _, in_order, shown
from ui.section_summaries import captions_summary
from ui.theme import CARD
from ui.view_state import ViewState
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.fields import FieldNote, Fields, clear_when_edited, show_end, switch
from ui.widgets.folding_card import FoldingCard
from ui.widgets.tip import Tip

MODEL_HINT = "Larger models are more accurate but take longer. Each is downloaded once; Browse takes a model folder."
SEVERAL_TIP = "Each half minute is transcribed in its own language. This needs no language and is not done fast."
TRANSLATE_TIP = (
    "The video is transcribed a second time, in English, if another language is spoken:"
    " one more subtitle track for viewers to choose. The model 'turbo' and those for English can't translate."
)
FAST_TIP = "Takes about a quarter less work, but whole sentences may be lost."
TRACK_HINT = "The number of the track to transcribe. Empty: the one that plays by default, or the first with speech."
RULES_HINT = "Whose rules the captions keep to: how long a line is, and how fast they can be read."
NAMES_HINT = "People, courses and terms, one per line: what Whisper recognizes wrongly is corrected."
CAPTIONS_HINT = (
    "Captions of your own for this video, SRT or WebVTT, in the language of their names, such as talk.de.srt."
)
DATASET_HINT = "The transcripts of a course, a file or s3://bucket/key: the video's is added when the job is done."


class TranscriptionPanel:
    """Tick, model, languages, caption rules, and what else is asked of Whisper; captions of the editor's own."""

    def __init__(self, master: tkinter.Misc, variables: FormVariables) -> None:
        self.card = FoldingCard(master, "CAPTIONS", variables.captions_open, with_head=True)
        self._variables = variables
        self._of_whisper: list[plain.Widget] = []
        self.notes: dict[Setting, FieldNote] = {}
        self.enable = ttk.Checkbutton(
            self.card.head, text=_("Create captions and a transcript"), variable=variables.transcribe, bootstyle=CARD
        )
        self.enable.grid(row=0, column=0, sticky="w")
        fields = Fields(self.card.body)
        self._add_listening(fields)
        self._add_writing(fields)
        self._add_captions(fields)
        self._add_dataset(fields)
        variables.on_change(
            self._summarise,
            *(variables.transcribe, variables.model, variables.spoken_language, variables.speech.several_languages),
            *(variables.speech.translate, variables.captions, variables.dataset),
        )
        self._summarise()

    def show(self, state: ViewState) -> None:
        """Show the models there are, and what can be changed."""
        if tuple(self.model.cget("values")) != state.models:
            self.model.configure(values=list(state.models))
        switch([self.enable, self.captions, self.browse_captions], state.form_enabled)
        enabled = state.form_enabled and self._variables.transcribe.get()
        switch(self._of_whisper, enabled)
        switch([self.language, self.fast], enabled and not self._variables.speech.several_languages.get())
        makes_transcript = self._variables.transcribe.get() or bool(self._variables.captions.get().strip())
        switch([self.dataset, self.browse_dataset], state.form_enabled and makes_transcript)

    def _summarise(self) -> None:
        self.card.summarise(captions_summary(self._variables.read()), notable=False)

    def _add_listening(self, fields: Fields) -> None:
        variables, speech, body = self._variables, self._variables.speech, self.card.body
        self.model = ttk.Combobox(body, textvariable=variables.model)
        self.browse = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse)
        model_note = fields.add("Model", self.model, beside=self.browse, hint=MODEL_HINT)
        self.fast = self._tick("Faster, but sentences may be lost", speech.fast, tip=FAST_TIP)
        fields.beneath(self.fast)
        self.language = ChoiceBox(body, variables.spoken_language, in_order(spoken_languages.choices()), height=14)
        language_note = fields.add("Language", self.language)
        self.several = self._tick("Several languages are spoken", speech.several_languages, tip=SEVERAL_TIP)
        fields.beneath(self.several)
        self.translate = self._tick("Captions in English, too", speech.translate, tip=TRANSLATE_TIP)
        fields.beneath(self.translate)
        self.track = ttk.Entry(body, textvariable=speech.track, width=6)
        track_note = fields.add("Audio track", self.track, hint=TRACK_HINT)
        self.track.grid_configure(sticky="w")
        variables.on_change(clear_when_edited(model_note), variables.model, variables.transcribe, speech.translate)
        variables.on_change(clear_when_edited(language_note), variables.spoken_language, variables.transcribe)
        variables.on_change(clear_when_edited(track_note), speech.track, variables.transcribe)
        variables.on_change(lambda: speech.track.set(""), variables.source)  # it is one of this video
        self.notes |= {
            Setting.MODEL: model_note,
            Setting.SPOKEN_LANGUAGE: language_note,
            Setting.CAPTION_TRACK: track_note,
        }
        self._of_whisper += [self.model, self.browse, self.several, self.translate, self.track]

    def _add_writing(self, fields: Fields) -> None:
        variables, body = self._variables, self.card.body
        self.rules = ChoiceBox(body, variables.caption_rules, TITLES.values(), state="readonly")
        fields.add("Caption rules", self.rules, hint=RULES_HINT)
        self.names = ttk.Entry(body, textvariable=variables.speech.names_file)
        self.browse_names = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse_names)
        show_end(self.names, variables.speech.names_file)
        names_note = fields.add("Names file", self.names, beside=self.browse_names, hint=NAMES_HINT)
        variables.on_change(clear_when_edited(names_note), variables.speech.names_file, variables.transcribe)
        self.notes[Setting.NAMES] = names_note
        self._of_whisper += [self.rules, self.names, self.browse_names]

    def _add_captions(self, fields: Fields) -> None:
        variables, body = self._variables, self.card.body
        self.captions = ttk.Entry(body, textvariable=variables.captions)
        self.browse_captions = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse_captions)
        show_end(self.captions, variables.captions)
        note = fields.add("Captions files", self.captions, beside=self.browse_captions, hint=CAPTIONS_HINT)
        variables.on_change(clear_when_edited(note), variables.captions)
        variables.on_change(lambda: variables.captions.set(""), variables.source)  # they are of one video alone
        self.notes[Setting.CAPTIONS] = note

    def _add_dataset(self, fields: Fields) -> None:
        variables, body = self._variables, self.card.body
        self.dataset = ttk.Entry(body, textvariable=variables.dataset)
        self.browse_dataset = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse_dataset)
        show_end(self.dataset, variables.dataset)
        note = fields.add("Transcript dataset", self.dataset, beside=self.browse_dataset, hint=DATASET_HINT)
        makes_transcript = (variables.transcribe, variables.captions)
        variables.on_change(clear_when_edited(note), variables.dataset, *makes_transcript)
        self.notes[Setting.DATASET] = note

    def _tick(self, text: str, variable: tkinter.BooleanVar, *, tip: str = "") -> ttk.Checkbutton:
        box = ttk.Checkbutton(self.card.body, text=shown(text), variable=variable, bootstyle=CARD)
        if tip:
            Tip(box, shown(tip))
        return box

    def _browse(self) -> None:
        chosen = filedialog.askdirectory(
            parent=self.card, title=_("Choose the folder of a Whisper model"), mustexist=True
        )
        if chosen:
            self._variables.model.set(str(Path(chosen)))

    def _browse_names(self) -> None:
        chosen = filedialog.askopenfilename(parent=self.card, title=_("Choose a list of names, one per line"))
        if chosen:
            self._variables.speech.names_file.set(str(Path(chosen)))

    def _browse_captions(self) -> None:
        kinds = [("Captions", " ".join(f"*{suffix}" for suffix in SUFFIXES)), ("All files", "*")]
        chosen = filedialog.askopenfilenames(
            parent=self.card, title=_("Choose captions files, one for each language"), filetypes=kinds
        )
        if chosen:
            self._variables.captions.set(f"{SEPARATOR} ".join(str(Path(path)) for path in chosen))
            self._variables.transcribe.set(False)  # they stand in the place of Whisper's unless both are asked for

    def _browse_dataset(self) -> None:
        chosen = filedialog.asksaveasfilename(
            parent=self.card,
            title=_("Choose a dataset of transcripts, or name a new one"),
            filetypes=[(_("Datasets"), "*.json"), (_("All files"), "*")],
            defaultextension=".json",
            confirmoverwrite=False,  # the transcript is put into it
        )
        if chosen:
            self._variables.dataset.set(str(Path(chosen)))
