"""The window of the settings. What is typed is checked at once; what can be used is handed on at once."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import ttkbootstrap as ttk

from config import Config
from ui.language import _, shown
from ui.preferences import ProgramSettings
from ui.screen_reader import tell_name
from ui.settings.backends import BackendActions, BackendsSection
from ui.settings.general import GeneralSection
from ui.settings.qualities import QualitiesSection
from ui.settings.system import SystemSection
from ui.settings.upload import UploadSection
from ui.theme import keep_visible
from ui.window_size import give_size

TITLE = "Settings"
SIZE = (600, 570)
MIN_SIZE = SIZE
GAP = "7.5p"


class SettingsWindow:
    """A window beside the main one, with a section for each kind of setting. Nothing in it is modal."""

    def __init__(
        self,
        master: ttk.App,
        settings: ProgramSettings,
        config: Config,
        actions: BackendActions,
        parallel: tkinter.StringVar,
        models: Sequence[str],
        *,
        changed: Callable[[ProgramSettings], None],
        closed: Callable[[], None],
    ) -> None:
        """`parallel` is the number of files that the form has, `models` are those to choose from. `changed` is called
        with every new value that can be used, `closed` when the window is gone.
        """
        self.settings = settings
        self._changed = changed
        self._closed = closed
        self.window = ttk.Toplevel(_(TITLE), iconphoto=None, master=master)
        give_size(self.window, SIZE, MIN_SIZE)
        self.window.columnconfigure(0, weight=1)
        self.window.rowconfigure(0, weight=1)
        self.sections = ttk.Notebook(self.window)
        tell_name(self.sections, shown(TITLE))
        self.sections.grid(row=0, column=0, sticky="nsew", padx=GAP, pady=(GAP, 0))
        self.general = GeneralSection(self.sections, settings, config, models, self._change)
        self.backends = BackendsSection(self.sections, settings, config, actions, self._change)
        self.upload = UploadSection(self.sections, settings, parallel, self._change)
        self.qualities = QualitiesSection(self.sections, settings, self._change)
        self.system = SystemSection(self.sections, settings, config, self._change)
        titled = (
            *((self.general, "General"), (self.backends, "Backends")),
            *((self.qualities, "Qualities"), (self.upload, "Upload")),
            (self.system, "System"),
        )
        for section, title in titled:
            self.sections.add(section.frame, text=shown(title), sticky="nsew")
        self.sections.enable_traversal()
        self.close_button = ttk.Button(self.window, text=_("Close"), command=self.close)
        self.close_button.grid(row=1, column=0, sticky="e", padx=GAP, pady=GAP)
        self.window.protocol("WM_DELETE_WINDOW", self.close)
        self.window.bind("<Escape>", lambda _: self.close())
        keep_visible(self.window, master.style)
        self.general.first.focus_set()

    def come_forward(self) -> None:
        """Be on the screen, above other windows, with the keyboard."""
        self.window.deiconify()
        self.window.lift()
        self.window.focus_set()

    def show_backends(self) -> None:
        """Show the backends, and begin a new one if there is none."""
        self.sections.select(self.backends.frame)
        self.backends.begin()

    def close(self) -> None:
        """Take the window away."""
        self.backends.keep_token()
        self.window.destroy()
        self._closed()

    def _change(self, **values: Any) -> None:  # noqa: ANN401  # as in dataclasses.replace
        changed = replace(self.settings, **values)
        if changed != self.settings:
            self.settings = changed
            self._changed(changed)
