"""Opens the settings window, uses what is changed there at once, and has it remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import ttkbootstrap as ttk

from config import Config
from ui.appearance import ThemeInUse
from ui.chosen_ffmpeg import with_chosen_ffmpeg
from ui.form_variables import FormVariables
from ui.keychain import KeptLogin
from ui.login_control import LoginControl
from ui.preferences import NamedBackend, ProgramSettings

if TYPE_CHECKING:
    from ui.settings.window import SettingsWindow

SAVE_DELAY_MS = 500
"""How long nothing must be changed before the preferences are written: a text is not kept letter by letter."""


class SettingsOpener:
    """The settings window, which is there once or not at all."""

    def __init__(
        self,
        window: ttk.App,
        config: Config,
        variables: FormVariables,
        login: LoginControl,
        *,
        used: Callable[[], None],
        save: Callable[[], None],
    ) -> None:
        """`config` is what `.env` says. `used` is called when `variables` have other settings, `save` writes what they
        hold to the preferences.
        """
        self.opened: SettingsWindow | None = None
        self._window = window
        self._config = config
        self._variables = variables
        self._login = login
        self._used = used
        self._save = save
        self._models: Sequence[str] = ()
        self._waiting: str | None = None
        self._theme = ThemeInUse(window, config, variables.program)
        window.createcommand("::tk::mac::ShowPreferences", self.open)  # Settings… in a Mac's menu bar (Tk, tk_mac)

    def open(self) -> None:
        """Open the window, or bring the one that is open to the front."""
        if self.opened is None:
            from ui.settings.backends import BackendActions  # when first wanted: the main window opens sooner
            from ui.settings.window import SettingsWindow

            self.opened = SettingsWindow(
                self._window,
                self._variables.program,
                self._config,
                BackendActions(keep=self._keep_token, forget=self._login.forget_for),
                self._variables.parallel,
                self._models,
                changed=self._changed,
                closed=self._closed,
            )
        self.opened.come_forward()

    def open_backends(self) -> None:
        """Open the window where backends are set up."""
        self.open()
        if self.opened is not None:
            self.opened.show_backends()

    def use_ffmpeg(self, path: str) -> None:
        """Use another ffmpeg from now on, empty for the usual one."""
        settings = replace(self._variables.program, ffmpeg_path=path)
        if self.opened is not None:
            self.opened.settings = settings
        self._changed(settings)

    def show(self, keychain: str, models: Sequence[str]) -> None:
        """Show what is wrong with the keychain, if anything is; `models` are those to choose from."""
        self._models = models
        if self.opened is not None:
            self.opened.backends.tell_keychain(keychain)

    def _changed(self, settings: ProgramSettings) -> None:
        before, self._variables.program = self._variables.program, settings
        if settings.theme is not before.theme:
            self._theme.use(settings.theme)
        if settings.output_dir and not self._variables.output_dir.get().strip():
            self._variables.output_dir.set(settings.output_dir)
        if settings.ffmpeg_path != before.ffmpeg_path:
            ffmpeg_path = with_chosen_ffmpeg(self._config, settings).ffmpeg_path
            self._login.config = replace(self._login.config, ffmpeg_path=ffmpeg_path)
        self._variables.backend.follow(before, settings)
        nothing_else = not self._config.backend.url and not self._variables.backend_url.get().strip()
        if settings.backends and nothing_else:
            self._variables.backend.choose(settings.backends[0].id, settings)
        self._used()
        if self._waiting is not None:
            self._window.after_cancel(self._waiting)
        self._waiting = self._window.after(SAVE_DELAY_MS, self._save_now)

    def _keep_token(self, backend: NamedBackend, token: str) -> None:
        self._variables.backend.know(backend.id, token)
        self._login.keep_for(backend.id, KeptLogin(url=backend.address, token=token))

    def _save_now(self) -> None:
        self._waiting = None
        self._save()

    def _closed(self) -> None:
        self.opened = None
        if self._waiting is not None:
            self._window.after_cancel(self._waiting)
        self._save_now()
