"""The login to the backend: of `.env`, of a backend with a name, or address and token as they are typed."""

from __future__ import annotations

import tkinter
from tkinter import ttk as plain
from urllib.parse import urlsplit

import ttkbootstrap as ttk

from config import Config
from pipeline.errors import Setting
from ui.backend_choice import TYPED
from ui.banners import Tone
from ui.form_variables import FormVariables
from ui.language import _, shown
from ui.theme import CARD, HIDDEN, HINT, TEXT_TONES
from ui.widgets.fields import FieldNote, Fields, clear_when_edited
from ui.widgets.wrapping_label import WrappingLabel

NOT_CONFIGURED = "⚠ Ask your administrator for the backend's address and the token."
REMEMBERED = "Kept in the keychain, never in a file."
FROM_ENV = "From .env"
AS_TYPED = "As typed below"


class LoginFields:
    """The rows about the backend. `dependent` are the controls that do something only while there is an upload."""

    def __init__(
        self, body: ttk.Frame, fields: Fields, variables: FormVariables, config: Config, *, longest: str
    ) -> None:
        """`longest` is the longest label of the rows below."""
        self._variables = variables
        self._config = config.backend
        self._shown: object = None
        self._ids: tuple[str, ...] = ()
        self.dependent: list[plain.Widget] = []
        self.notes: dict[Setting, FieldNote] = {}
        self._parts = [ttk.Frame(body, bootstyle=CARD) for _ in range(5)]
        choosing, env, typed, token, remembering = self._parts
        for part in self._parts:
            fields.wide(part, above="0")
        self._add_choice(choosing, longest)
        text = f"✓ Configured from .env\n({shown_address(config.backend.url)})"
        Fields(env, longest=longest).add_plain("Backend", ttk.Label(env, text=shown(text), bootstyle="@card success"))
        self.not_configured = WrappingLabel(typed, bootstyle="@card warning", text=NOT_CONFIGURED)
        in_typed = Fields(typed, longest=longest)
        in_typed.wide(self.not_configured)
        self._entry(in_typed, typed, Setting.BACKEND_URL, "Backend URL", variables.backend_url)
        self._entry(Fields(token, longest=longest), token, Setting.TOKEN, "Auth Token", variables.token, show=HIDDEN)
        in_remembering = Fields(remembering, longest=longest)
        self.remember = ttk.Checkbutton(
            remembering, text=_("Remember on this computer"), variable=variables.remember_login, bootstyle=CARD
        )
        self.dependent.append(self.remember)
        in_remembering.beneath(self.remember)
        self.keychain = WrappingLabel(remembering, bootstyle=HINT, text=REMEMBERED)
        in_remembering.beneath(self.keychain)
        variables.on_change(self._tell_missing, variables.backend_url, variables.token)
        self._tell_missing()
        self.refresh()

    def show(self, trouble: str) -> None:
        """Show whether a login is missing, and what became of the token in the keychain."""
        _show_or_hide(self.not_configured, self._variables.upload.get())
        text = trouble or REMEMBERED
        if self.keychain.cget("text") != text:
            self.keychain.configure(text=text, bootstyle=TEXT_TONES[Tone.WARNING] if trouble else HINT)

    def _tell_missing(self) -> None:
        """Say that address and token are needed as long as one is missing; the place of the sentence stays."""
        missing = not (self._variables.backend_url.get().strip() and self._variables.token.get().strip())
        self.not_configured.configure(text=NOT_CONFIGURED if missing else "")

    def refresh(self) -> None:
        """Show the backends that there are now, and the rows that the chosen one needs."""
        backends, chosen = self._variables.program.backends, self._variables.backend.chosen.get()
        if self._shown == (backends, chosen):
            return
        self._shown = (backends, chosen)
        self._ids = (TYPED, *(backend.id for backend in backends))
        first = FROM_ENV if self._config.configured else AS_TYPED
        self.choice.configure(values=[shown(first), *(backend.name for backend in backends)])
        self.choice.current(self._ids.index(chosen) if chosen in self._ids else 0)
        named = self._variables.program.backend(chosen)
        self._choice_note.explain(shown_address(named.address) if named else "")
        from_env = self._config.configured and not named
        choosing, env, typed, token, remembering = self._parts
        _show_or_hide(choosing, bool(backends))
        _show_or_hide(env, from_env)
        _show_or_hide(typed, not from_env and not named)
        _show_or_hide(token, not from_env)
        _show_or_hide(remembering, bool(named) or not self._config.token)
        _show_or_hide(self.remember, not named)
        of_env = self._config.token and not named
        self.notes[Setting.TOKEN].explain("Leave empty to use AUTH_TOKEN from .env." if of_env else "")

    def _add_choice(self, frame: ttk.Frame, longest: str) -> None:
        self.choice = ttk.Combobox(frame, state="readonly")
        self._choice_note = Fields(frame, longest=longest).add("Backend", self.choice)
        self.choice.bind("<<ComboboxSelected>>", lambda _: self._choose(), add="+")
        self.dependent.append(self.choice)
        self._variables.on_change(self.refresh, self._variables.backend.chosen)

    def _choose(self) -> None:
        self.choice.selection_clear()
        self._variables.backend.choose(self._ids[self.choice.current()], self._variables.program)

    def _entry(
        self,
        fields: Fields,
        frame: ttk.Frame,
        setting: Setting,
        label: str,
        variable: tkinter.StringVar,
        *,
        show: str = "",
    ) -> None:
        entry = ttk.Entry(frame, textvariable=variable, show=show)
        note = self.notes[setting] = fields.add(label, entry)
        self._variables.on_change(clear_when_edited(note), variable, self._variables.upload)
        self.dependent.append(entry)


def _show_or_hide(widget: plain.Widget, shown: bool) -> None:
    if shown:
        widget.grid()
    else:
        widget.grid_remove()


def shown_address(url: str) -> str:
    """Return a backend's address without anything that could be a secret."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
