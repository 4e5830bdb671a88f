"""The menus of the main window: everything that it can do, with the shortcuts.

A new action is a row of its menu here. `enabled` decides by the state of the window, as a button does.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from pathlib import Path
from tkinter import filedialog
from typing import Protocol

from ui.about import AboutOpener
from ui.controller import Controller
from ui.diagnostics import suggested_name
from ui.form_variables import FormVariables
from ui.history.opener import HistoryOpener
from ui.language import _
from ui.layout import TITLE
from ui.list_menu import add_entries, joined, list_entries, row_entries
from ui.list_window import ListWindow
from ui.machine_check.opener import MachineCheckOpener
from ui.menu import IS_MAC, SEPARATOR, Menu, MenuCommand, Switch
from ui.panels.output import OutputPanel
from ui.panels.source import SourcePanel
from ui.settings.opener import SettingsOpener
from ui.view_state import ViewState
from ui.widgets.text_menu import TextMenu


class MenuWindow(Protocol):
    """What the menus do something with."""

    controller: Controller
    variables: FormVariables
    source_panel: SourcePanel
    output_panel: OutputPanel
    settings_window: SettingsOpener
    machine_check: MachineCheckOpener
    history: HistoryOpener
    about: AboutOpener
    videos: ListWindow

    def start(self) -> None:
        """Begin the job that stands in the form."""

    def reset(self) -> None:
        """Put the usual settings into the form."""

    def close(self) -> None:
        """Close the window."""

    def open_transcripts(self) -> None:
        """Open an editor of transcripts."""

    def show_results(self) -> None:
        """Show what the job that has ended has made."""


def menus(window: MenuWindow, field: TextMenu) -> tuple[Menu, ...]:
    """Return the menus; `field` does what the Edit menu says with the field that has the keyboard."""
    return (_file(window), _edit(field), _videos(window), _list(window), _view(window), _help(window))


def _file(window: MenuWindow) -> Menu:
    entries: list[MenuCommand] = [
        MenuCommand(label="Choose video…", key="o", do=window.source_panel.browse.invoke, enabled=_form),
        MenuCommand(label="Choose output folder…", key="Shift-O", do=window.output_panel.browse.invoke, enabled=_form),
        MenuCommand(label="Open folder", key="Shift-F", do=window.controller.open_folder, enabled=_has_folder),
        MenuCommand(label="Watch", key="Shift-W", do=window.controller.watch, enabled=_has_stream),
        MenuCommand(label="Results…", key="Shift-E", do=window.show_results, enabled=_has_folder),
        MenuCommand(label="History…", key="Shift-H", do=window.history.open),
        MenuCommand(label="Transcripts…", key="Shift-T", do=window.open_transcripts),
    ]
    settings = MenuCommand(label="Settings…", key="comma", do=window.settings_window.open)
    # On a Mac the program's own menu has Settings and Quit.
    own = () if IS_MAC else (SEPARATOR, settings, SEPARATOR, MenuCommand(label="Quit", key="q", do=window.close))
    return Menu(label="&File", entries=(*entries, *own))


def _edit(field: TextMenu) -> Menu:
    def entry(label: str, key: str) -> MenuCommand:
        return MenuCommand(label=label, key=key, do=lambda: field.do(label), bound=False)

    return Menu(
        label="&Edit",
        entries=(entry("Cut", "x"), entry("Copy", "c"), entry("Paste", "v"), SEPARATOR, entry("Select all", "a")),
    )


def _videos(window: MenuWindow) -> Menu:
    controller = window.controller
    return Menu(
        label="&Videos",
        entries=(
            MenuCommand(label="Start", key="Return", do=window.start, enabled=lambda state: state.start_pressable),
            MenuCommand(
                label="Cancel",
                key="period",
                do=controller.cancel_shown,
                enabled=lambda state: state.any_cancel_enabled,
            ),
            SEPARATOR,
            MenuCommand(
                label="Pause upload", key="Shift-P", do=controller.pause, enabled=lambda state: state.pause_enabled
            ),
            MenuCommand(
                label="Resume upload", key="Shift-R", do=controller.resume, enabled=lambda state: state.resume_enabled
            ),
            SEPARATOR,
            MenuCommand(label="Reset settings", do=window.reset, enabled=lambda state: state.form_enabled),
            MenuCommand(
                label="Part, poster and preview…",
                key="Shift-V",
                do=window.source_panel.frames.invoke,
                enabled=lambda state: state.form_enabled and state.source.has_frames,
            ),
            SEPARATOR,
            *add_entries(window.videos),
        ),
    )


def _list(window: MenuWindow) -> Menu:
    return Menu(label="&List", entries=joined(row_entries(window.videos), list_entries(window.videos)))


def _view(window: MenuWindow) -> Menu:
    variables = window.variables
    return Menu(
        label="V&iew",
        entries=(
            Switch(label="Captions", variable=variables.captions_open),
            Switch(label="Upload", variable=variables.upload_open),
            Switch(label="Advanced", variable=variables.advanced_open),
        ),
    )


def _help(window: MenuWindow) -> Menu:
    return Menu(
        label="&Help",
        entries=(
            MenuCommand(label="Check this computer", do=window.machine_check.open),
            MenuCommand(label="Save diagnostics…", do=partial(_save_diagnostics, window)),
            SEPARATOR,
            MenuCommand(label=f"About {TITLE}", do=window.about.open),
        ),
    )


def _save_diagnostics(window: MenuWindow) -> None:
    name = suggested_name(date.today())
    # the dialog must not offer to replace a file: the diagnostics never do
    chosen = filedialog.asksaveasfilename(
        title=_("Save diagnostics"), initialfile=name, defaultextension=".zip", confirmoverwrite=False
    )
    if chosen:
        window.controller.save_diagnostics(Path(chosen), window.variables.read())


def _form(state: ViewState) -> bool:
    return state.form_enabled


def _has_folder(state: ViewState) -> bool:
    return state.folder_openable


def _has_stream(state: ViewState) -> bool:
    return state.stream_playable
