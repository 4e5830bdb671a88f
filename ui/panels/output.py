"""With which preset a video is converted, where the files go and which qualities are made."""

from __future__ import annotations

import tkinter
from collections.abc import Sequence
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from config import Config
from pipeline.errors import Setting
from ui.form_variables import FormVariables
from ui.job_form import QUALITY_NAMES, made_qualities, typed_path
from ui.language import _
from ui.panels.preset import PresetPart
from ui.section_summaries import elided
from ui.source_view import SourceView
from ui.theme import CARD
from ui.view_state import ViewState
from ui.widgets.card import Card
from ui.widgets.fields import Fields, clear_when_edited, show_end, switch

QUALITIES_A_ROW = 4
MOST_OF_FOLDER = 28
"""In characters: the line beneath the field stays one line."""
AUDIO_ONLY = "Audio only: an audio stream is made."
FOLDER_OF_OTHERS = "Used only if it lies below one of SOURCE_ROOTS. Otherwise the files go to the server alone."


class OutputPanel:
    """Preset, output folder and qualities."""

    def __init__(self, master: tkinter.Misc, variables: FormVariables, config: Config) -> None:
        self.card = Card(master, "OUTPUT")
        self._variables = variables
        body = self.card.body
        self.entry = ttk.Entry(body, textvariable=variables.output_dir)
        self.browse = ttk.Button(body, text=_("Browse…"), bootstyle=CARD, command=self._browse)
        show_end(self.entry, variables.output_dir)
        fields = Fields(body)
        self.presets = PresetPart(self.card.head, fields, variables, config.data_dir)
        folder_note = fields.add("Folder", self.entry, beside=self.browse)
        self.folder_text = folder_note.label
        boxes = ttk.Frame(body, bootstyle=CARD)
        self._not_made, self._made_instead = tkinter.BooleanVar(master, False), tkinter.BooleanVar(master, True)
        self.qualities = {
            name: ttk.Checkbutton(boxes, text=name, variable=variables.qualities[name], bootstyle=CARD)
            for name in QUALITY_NAMES
        }
        self.audio_only = ttk.Checkbutton(boxes, text=_("No video"), variable=variables.audio_only, bootstyle=CARD)
        for number, box in enumerate((*self.qualities.values(), self.audio_only)):
            row, column = divmod(number, QUALITIES_A_ROW)
            box.grid(row=row, column=column, sticky="w", padx=(0, "3p"), pady="1.5p")
        quality_note = fields.add("Qualities", boxes)
        self.hint = quality_note.label
        self.notes = {Setting.OUTPUT: folder_note, Setting.QUALITIES: quality_note}
        variables.on_change(clear_when_edited(folder_note), variables.output_dir, variables.upload)
        variables.on_change(clear_when_edited(quality_note), *variables.qualities.values(), variables.audio_only)

    def show(self, state: ViewState) -> None:
        """Show which qualities the source has pixels for, and whether anything can be changed."""
        audio_only = self._variables.audio_only.get()
        self.presets.show(enabled=state.form_enabled)
        switch([self.entry, self.browse, self.audio_only], state.form_enabled)
        offered = QUALITY_NAMES if state.source.offered is None else state.source.offered
        chosen = [name for name, ticked in self._variables.qualities.items() if ticked.get()]
        instead = [name for name in made_qualities(chosen, state.source.media) if name not in chosen]
        for name, box in self.qualities.items():
            can_be_made = name in offered and not audio_only
            is_instead = name in instead and not audio_only
            switch([box], state.form_enabled and can_be_made and not is_instead)
            # what is chosen counts again for a larger video; until then the ticks say what is made
            own = self._variables.qualities[name]
            shown = self._made_instead if is_instead else own if can_be_made else self._not_made
            if str(box.cget("variable")) != str(shown):
                box.configure(variable=shown)
        self.notes[Setting.QUALITIES].explain(AUDIO_ONLY if audio_only else quality_hint(state.source, instead))
        is_this = state.source.path_text == typed_path(self._variables.source.get())
        known = self._variables.output_dir.get().strip() and is_this and state.source.slug
        if self._variables.engine.read().in_queue:
            text = FOLDER_OF_OTHERS
        elif known:
            text = f"In the folder {elided(state.source.slug, MOST_OF_FOLDER)}."
        else:
            text = "Each video gets a folder of its own there."
        self.notes[Setting.OUTPUT].explain(text)

    def _browse(self) -> None:
        current = self._variables.output_dir.get().strip()
        chosen = filedialog.askdirectory(
            parent=self.card, title=_("Choose the output folder"), initialdir=current or None
        )
        if chosen:
            self._variables.output_dir.set(str(Path(chosen)))


def quality_hint(source: SourceView, instead: Sequence[str] = ()) -> str:
    """Say why some qualities can't be chosen, or what is made `instead` of those that are ticked."""
    if source.audio_only:
        return AUDIO_ONLY
    if source.offered is None:
        return "Qualities larger than the video are left out."
    if not source.offered:
        return "Smaller than 360p: one quality of its own size."
    if instead:
        return f"Too small for what is ticked: {_listed(instead)} is made."
    missing = [name for name in QUALITY_NAMES if name not in source.offered]
    return f"Too small for {_listed(missing)}." if missing else "Large enough for every quality."


def _listed(names: Sequence[str]) -> str:
    return " and ".join([*([", ".join(names[:-1])] if len(names) > 1 else []), names[-1]])
