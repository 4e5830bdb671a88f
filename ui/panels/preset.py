"""The list of presets, and what can be done with them: saving, renaming, deleting, importing and exporting.

A name is typed, and a question is asked, in the place of the list: nothing moves.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tkinter import filedialog

import ttkbootstrap as ttk

from pipeline.errors import PipelineError
from pipeline.presets.library import SUFFIX, read_library, read_preset, write_preset
from pipeline.presets.preset import Preset
from ui.form_variables import FormVariables
from ui.job_form import form_settings
from ui.language import _, shown
from ui.preset_form import chosen_preset, is_changed, preset_hint, preset_label, with_preset
from ui.screen_reader import tell_name
from ui.theme import CARD, colour_menu, on_new_theme
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.fields import Fields, switch
from ui.widgets.name_row import NameRow

SAVE, SAVE_AS, RENAME, DELETE, IMPORT, EXPORT = "Save", "Save as…", "Rename…", "Delete…", "Import…", "Export…"
FILES = [("Presets", f"*{SUFFIX}"), ("All files", "*")]


class PresetPart:
    """The preset, in the head of a card, with a line in its body; `data_dir` is the folder for the user's data."""

    def __init__(self, head: ttk.Frame, fields: Fields, variables: FormVariables, data_dir: Path | None) -> None:
        self._variables = variables
        self._data_dir = data_dir
        self._library = read_library(data_dir)
        self._enabled = True
        self._shown = tkinter.StringVar(head)
        self.row = head
        head.columnconfigure(1, weight=1)
        ttk.Label(head, text=_("Preset"), bootstyle=CARD).grid(row=0, column=0, padx=(0, "6p"))
        self.list = ChoiceBox(head, self._shown, state="readonly", postcommand=self._read)
        self.list.grid(row=0, column=1, sticky="ew")
        tell_name(self.list, _("Preset"))
        self.button = ttk.Menubutton(head, text=_("Edit "), bootstyle=CARD)
        tell_name(self.button, _("Edit presets"))
        self.button.grid(row=0, column=2, sticky="e", padx=("6p", 0))
        self.name_row = NameRow(head, self._asked)
        tell_name(self.name_row.entry, _("Name of the preset"))
        self.menu = ttk.Menu(self.button, tearoff=False, relief="flat", postcommand=self._read)
        self.actions: dict[str, Callable[[], None]] = {
            SAVE: self._save,
            SAVE_AS: self._save_as,
            RENAME: self._rename,
            DELETE: self._delete,
            IMPORT: self._import,
            EXPORT: self._export,
        }
        for label, action in self.actions.items():
            if label == IMPORT:
                self.menu.add_separator()
            self.menu.add_command(label=shown(label), command=action)
        self.button.configure(menu=self.menu)
        style = ttk.Style()
        colour_menu(self.menu, style)
        on_new_theme(self.menu, lambda: colour_menu(self.menu, style))
        self.note = fields.add_note(self.name_row.entry)
        self.list.bind("<<ComboboxSelected>>", lambda _: self._chosen())
        variables.on_change(self._changed, *variables.of_presets)
        self._changed()

    def show(self, *, enabled: bool) -> None:
        """Show whether anything can be changed."""
        self._enabled = enabled
        switch([self.list, self.button], enabled)
        if not enabled:
            self.name_row.hide()

    def may(self, label: str) -> bool:
        """Whether an action of the menu does something now."""
        values = self._variables.read()
        preset = chosen_preset(values, self._library)
        is_own = preset is not None and self._library.is_own(preset.name)
        if label == SAVE:
            return self._enabled and preset is not None and is_own and is_changed(values, preset)
        return self._enabled and (is_own if label in (RENAME, DELETE) else True)

    def _asked(self) -> None:
        """Show the list again."""
        self.note.show("")
        self.list.focus_set()

    def _read(self) -> None:
        """Look which presets there are: another window, or a command, may have changed them."""
        self._library = read_library(self._data_dir)
        self.list.offer(self._library.names)
        for label in self.actions:
            self.menu.entryconfigure(shown(label), state="normal" if self.may(label) else "disabled")

    def _changed(self) -> None:
        values = self._variables.read()
        self._shown.set(preset_label(values, self._library))
        self.note.show("")
        self.note.explain(preset_hint(values))

    def choose(self, name: str) -> None:
        """Put a preset into the form, if there is one of that name."""
        preset = self._library.find(name)
        if preset is not None:
            self._fill(preset)

    def _chosen(self) -> None:
        self.list.selection_clear()
        self.choose(self._shown.get())

    def _fill(self, preset: Preset) -> None:
        self._variables.fill(with_preset(self._variables.read(), preset))
        self._changed()

    def _of_form(self, name: str) -> Preset:
        return Preset(name=name, settings=form_settings(self._variables.read()))

    def _name(self) -> str:
        preset = chosen_preset(self._variables.read(), self._library)
        return "" if preset is None else preset.name

    def _save(self) -> None:
        self._keep(self._of_form(self._name()))

    def _save_as(self) -> None:
        self.name_row.ask_name("", "Save", self._save_new)

    def _save_new(self, name: str) -> bool:
        self._read()
        other = self._library.find(name)
        if other is not None:
            self.note.show(f"There is a preset {other.name} already: choose another name.")
            return False
        return self._keep(self._of_form(name))

    def _rename(self) -> None:
        name = self._name()
        self.name_row.ask_name(name, "Rename", lambda new: self._done(lambda: self._library.rename(name, new), new))

    def _delete(self) -> None:
        name = self._name()
        self.name_row.ask(f"Delete {name}?", "Delete", lambda: self._done(lambda: self._library.delete(name), ""))

    def _import(self) -> None:
        chosen = filedialog.askopenfilename(
            parent=self.row,
            title=_("Choose a preset's file"),
            filetypes=[(shown(kind), suffix) for kind, suffix in FILES],
        )
        if not chosen:
            return
        try:
            preset = read_preset(Path(chosen))
        except PipelineError as error:
            self.note.show(str(error))
            return
        self._read()
        there = self._library.find(preset.name)
        if there is not None and there.settings == preset.settings:
            self._fill(there)
        else:
            self._keep(replace(preset, name=self._library.free_name(preset.name)))

    def _export(self) -> None:
        name = self._name() or "Preset"
        chosen = filedialog.asksaveasfilename(
            parent=self.row,
            title=_("Export the settings as a preset"),
            initialfile=f"{name}{SUFFIX}",
            defaultextension=SUFFIX,
            filetypes=[(shown(kind), suffix) for kind, suffix in FILES],
        )
        if not chosen:
            return
        try:
            write_preset(self._of_form(name), Path(chosen))
        except PipelineError as error:
            self.note.show(str(error))

    def _keep(self, preset: Preset) -> bool:
        """Save a preset, and choose it."""

        def save() -> None:
            self._library.save(preset)

        if not self._done(save, preset.name):
            return False
        self._fill(preset)
        return True

    def _done(self, change: Callable[[], None], name: str) -> bool:
        """Change the folder of presets, and choose what is called so then; return whether that could be done."""
        try:
            change()
        except PipelineError as error:
            self.note.show(str(error))
            return False
        self._read()
        self._variables.preset_name.set(name)
        self._changed()
        return True
