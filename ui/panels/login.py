"""The login to the backend: the one of `.env`, or address and token as they are typed."""

from __future__ import annotations

import tkinter
from tkinter import ttk as plain
from urllib.parse import urlsplit

import ttkbootstrap as ttk

from config import Config
from pipeline.errors import Setting
from ui.banners import Tone
from ui.form_variables import FormVariables
from ui.theme import CARD, HIDDEN, HINT, TEXT_TONES
from ui.widgets.fields import FieldNote, Fields, clear_when_edited
from ui.widgets.wrapping_label import WrappingLabel

NOT_CONFIGURED = "⚠ Ask your administrator for the backend's address and the token."
REMEMBERED = "Kept in the keychain, never in a file."


class LoginFields:
    """The rows about the backend. `dependent` are the controls that do something only while there is an upload."""

    def __init__(self, body: ttk.Frame, fields: Fields, variables: FormVariables, config: Config) -> None:
        self._body = body
        self._variables = variables
        self.dependent: list[plain.Widget] = []
        self.remember: ttk.Checkbutton | None = None
        self.keychain: WrappingLabel | None = None
        self.not_configured: WrappingLabel | None = None
        self.notes: dict[Setting, FieldNote] = {}
        if config.backend.configured:
            self._add_configured(fields, config)
        else:
            self._add_manual(fields, config)

    def show(self, trouble: str) -> None:
        """Show whether a login is missing, and what became of the token in the keychain."""
        if self.not_configured is not None:
            if self._variables.upload.get():
                self.not_configured.grid()
            else:
                self.not_configured.grid_remove()
        text = trouble or REMEMBERED
        if self.keychain is not None and self.keychain.cget("text") != text:
            self.keychain.configure(text=text, bootstyle=TEXT_TONES[Tone.WARNING] if trouble else HINT)

    def _add_configured(self, fields: Fields, config: Config) -> None:
        text = f"✓ Configured from .env\n({shown_address(config.backend.url)})"
        fields.add_plain("Backend", ttk.Label(self._body, text=text, bootstyle="@card success"))

    def _add_manual(self, fields: Fields, config: Config) -> None:
        self.not_configured = WrappingLabel(self._body, bootstyle="@card warning", text=NOT_CONFIGURED)
        fields.wide(self.not_configured)
        self._entry(fields, Setting.BACKEND_URL, "Backend URL", self._variables.backend_url)
        hint = "Leave empty to use AUTH_TOKEN from .env." if config.backend.token else ""
        self._entry(fields, Setting.TOKEN, "Auth Token", self._variables.token, show=HIDDEN, hint=hint)
        if not config.backend.token:
            self.remember = ttk.Checkbutton(
                self._body, text="Remember on this computer", variable=self._variables.remember_login, bootstyle=CARD
            )
            self.dependent.append(self.remember)
            fields.beneath(self.remember)
            self.keychain = WrappingLabel(self._body, bootstyle=HINT, text=REMEMBERED)
            fields.beneath(self.keychain)

    def _entry(
        self,
        fields: Fields,
        setting: Setting,
        label: str,
        variable: tkinter.StringVar,
        *,
        show: str = "",
        hint: str = "",
    ) -> None:
        entry = ttk.Entry(self._body, textvariable=variable, show=show)
        note = self.notes[setting] = fields.add(label, entry, hint=hint)
        self._variables.on_change(clear_when_edited(note), variable, self._variables.upload)
        self.dependent.append(entry)


def shown_address(url: str) -> str:
    """Return a backend's address without anything that could be a secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
