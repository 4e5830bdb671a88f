"""Opens the check of this computer, and does what its buttons say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tkinter import filedialog
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from config import Config
from ui.form_variables import FormVariables
from ui.language import _
from ui.pump import INTERVAL_MS, EventPump
from ui.settings.opener import SettingsOpener

if TYPE_CHECKING:
    from ui.machine_check.checks import MachineChecks, Needed
    from ui.machine_check.lines import Mending
    from ui.machine_check.machine import Machine
    from ui.machine_check.window import MachineCheckWindow

SETTLED_TURNS = 20
"""How many turns of the pump nothing must be changed before it is looked at: an address is typed letter by letter."""


class MachineCheckOpener:
    """The window of the check, which is there once or not at all."""

    def __init__(
        self,
        window: ttk.App,
        variables: FormVariables,
        settings: SettingsOpener,
        *,
        config: Callable[[], Config],
        seen: Callable[[], None],
    ) -> None:
        """`config` returns the configuration as it is now; `seen` is called when the window is closed: the page is not
        shown by itself any more. `machine` is asked where it is given, else this computer.
        """
        self.machine: Machine | None = None
        self.opened: MachineCheckWindow | None = None
        self.checks: MachineChecks | None = None
        self._window = window
        self._variables = variables
        self._settings = settings
        self._config = config
        self._seen = seen
        self._pump: EventPump[Callable[[], None]] = EventPump(_call)
        self._form = ("", "", "")
        self._changed_for = -1

    def open(self, *, first_time: bool = False) -> None:
        """Open the window and look at everything, or bring the one that is open to the front."""
        if self.opened is None:
            from ui.machine_check.checks import MachineChecks  # when first wanted: the main window opens sooner
            from ui.machine_check.machine import ThisMachine
            from ui.machine_check.window import MachineCheckWindow

            self.checks = MachineChecks(
                self.machine or ThisMachine(), config=self._config, values=self._variables.read, post=self._pump.put
            )
            self.opened = MachineCheckWindow(self._window, first_time=first_time, mend=self._mend, closed=self._closed)
            self.checks.look()
            values = self._variables.read()
            self._form, self._changed_for = (values.model, values.backend_url, values.token), -1
            self._tick()
        self.opened.window.deiconify()
        self.opened.window.lift()

    def _tick(self) -> None:
        if self.opened is None or self.checks is None:
            return
        self._window.after(INTERVAL_MS, self._tick)
        self._pump.drain()
        self._follow_form(self.checks)
        self.opened.show(self.checks.lines)

    def _follow_form(self, checks: MachineChecks) -> None:
        """Look again when model or login of the form have been changed, and nobody is typing any more."""
        values = self._variables.read()
        now = (values.model, values.backend_url, values.token)
        if now != self._form:
            self._form, self._changed_for = now, 0
        elif self._changed_for >= 0:
            self._changed_for += 1
            if self._changed_for >= SETTLED_TURNS and self._settings.opened is None:
                self._changed_for = -1
                checks.look_at_model()
                checks.look_at_backend()

    def _mend(self, needed: Needed, mending: Mending) -> None:
        from ui.machine_check.lines import Mending

        checks = self.checks
        if checks is None:
            return
        match mending:
            case Mending.CHOOSE_FFMPEG:
                self._choose_ffmpeg(checks)
            case Mending.USUAL_FFMPEG:
                self._use_ffmpeg("", checks)
            case Mending.DOWNLOAD:
                checks.download()
            case Mending.CANCEL:
                checks.cancel_download()
            case Mending.SET_UP:
                self._settings.open_backends()
            case Mending.TEST:
                checks.look_at_backend()
            case Mending.TRY_AGAIN:
                checks.look_at_ffmpeg()

    def _choose_ffmpeg(self, checks: MachineChecks) -> None:
        assert self.opened is not None
        chosen = filedialog.askopenfilename(parent=self.opened.window, title=_("Choose the ffmpeg program"))
        if chosen:
            self._use_ffmpeg(str(Path(chosen)), checks)

    def _use_ffmpeg(self, path: str, checks: MachineChecks) -> None:
        self._settings.use_ffmpeg(path)
        checks.look_at_ffmpeg()

    def _closed(self) -> None:
        if self.checks is not None:
            self.checks.close()
        self.opened = self.checks = None
        self._seen()


def _call(waiting: list[Callable[[], None]]) -> None:
    for do in waiting:
        do()
