"""Whether and where the finished files go up, and what happens beside it."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk as plain

import ttkbootstrap as ttk

from config import Config
from pipeline.errors import Setting
from ui.connection_view import ConnectionView
from ui.form_variables import FormVariables
from ui.job_form import typed_path
from ui.language import _
from ui.panels.login import LoginFields
from ui.section_summaries import upload_summary
from ui.source_view import SourceView
from ui.speed_limit import limit_problems
from ui.theme import CARD, HINT, TEXT_TONES
from ui.view_state import ViewState, WindowStage
from ui.widgets.fields import Fields, clear_when_edited, show_end, switch
from ui.widgets.folding_card import FoldingCard
from ui.widgets.wrapping_label import WrappingLabel

TITLE_HINT = "Shown on the player's page. Empty: the file's name."
LONGEST_LABEL = "Record language"
OWN_FOLDER = "A folder on the server, of its own for each video."
LIMIT_HINT = "Empty: no limit. Works during an upload."
HOURS_HINT = "Empty: the limits by the hour, of the settings."
LIMIT_DELAY_MS = 500
"""How long nothing must be typed before a limit is used: the first digit of one is not meant."""


class UploadPanel:
    """The S3 upload: backend, place, what to keep, how fast, and the connection test."""

    def __init__(
        self, master: tkinter.Misc, variables: FormVariables, config: Config, limit: Callable[[str], None]
    ) -> None:
        self.card = FoldingCard(master, "S3 UPLOAD", variables.upload_open, with_head=True)
        self._variables = variables
        self._dependent: list[plain.Widget] = []
        self._limit = limit
        self._waiting: str | None = None
        self._suggested_for = ""
        body = self.card.body
        self._add_head()
        fields = Fields(body)
        self.login = LoginFields(body, fields, variables, config, longest=LONGEST_LABEL)
        self.notes = self.login.notes
        self._dependent += self.login.dependent
        self._add_test(fields)
        self._add_destination(fields, config)
        self._add_ticks(fields)
        self._add_speed(fields)
        variables.on_change(
            self._summarise, variables.upload, variables.destination, variables.make_mp4, variables.delete_local
        )
        self._summarise()
        self.refresh()

    def show(self, state: ViewState) -> None:
        """Show what can be changed, how the connection test went, and Cancel Upload while there is one to cancel."""
        switch([self.enable, self.make_mp4, self.title], state.form_enabled)
        switch(self._dependent, state.form_enabled and self._variables.upload.get())
        switch([self.test], state.form_enabled and self._variables.upload.get() and not state.connection.testing)
        switch([self.limit], self._variables.upload.get() and state.stage is not WindowStage.STOPPING)
        if state.source.path_text != self._suggested_for:
            self.suggest(state.source)
        self.login.show(state.keychain)
        self._show_connection(state.connection)
        if state.cancel_upload_shown:
            self.cancel.grid()
        else:
            self.cancel.grid_remove()
        switch([self.cancel], state.cancel_enabled)

    def suggest(self, source: SourceView) -> None:
        """Give a video that is known a folder of its own, unless one stands in the field."""
        if source.slug and source.path_text == typed_path(self._variables.source.get()):
            self._suggested_for = source.path_text
            self._variables.suggest_destination(source.slug)

    def _summarise(self) -> None:
        values = self._variables.read()
        self.card.summarise(upload_summary(values), notable=values.upload and values.delete_local)

    def _another_video(self) -> None:
        self._suggested_for = ""
        self._variables.forget_suggestion()
        self._variables.title.set("")

    def _show_connection(self, connection: ConnectionView) -> None:
        if self.result.cget("text") != connection.text:
            self.result.configure(text=connection.text, bootstyle=TEXT_TONES[connection.tone])

    def _add_head(self) -> None:
        head = self.card.head
        self.enable = ttk.Checkbutton(
            head,
            text=_("Enable S3 Upload"),
            variable=self._variables.upload,
            bootstyle=CARD,
            command=self._enabled,
        )
        self.enable.grid(row=0, column=0, sticky="w")
        self.cancel = ttk.Button(head, text=_("Cancel Upload"), bootstyle="@card danger outline")
        self.cancel.grid(row=0, column=1, sticky="e")

    def _enabled(self) -> None:
        """Show where the files will go: whoever has just ticked the box wants to say so."""
        if self._variables.upload.get():
            self.card.unfold()

    def _add_destination(self, fields: Fields, config: Config) -> None:
        variables, body = self._variables, self.card.body
        language = ttk.Combobox(
            body, textvariable=variables.language, values=list(config.languages.supported), state="readonly"
        )
        fields.add_plain(LONGEST_LABEL, language)
        self._dependent.append(language)
        entry = self._entry(fields, Setting.DESTINATION, "Destination", variables.destination, hint=OWN_FOLDER)
        show_end(entry, variables.destination)
        variables.on_change(self._another_video, variables.source)
        self.title = ttk.Entry(body, textvariable=variables.title)
        fields.add("Title", self.title, hint=TITLE_HINT)
        hint = "Optional. For future linking to sessions."
        self._entry(fields, Setting.SESSION_ID, "Session ID", variables.session_id, hint=hint)

    def _add_ticks(self, fields: Fields) -> None:
        variables, body = self._variables, self.card.body
        self.make_mp4 = ttk.Checkbutton(
            body, text=_("Create 480p MP4 for offline download"), variable=variables.make_mp4, bootstyle=CARD
        )
        fields.wide(self.make_mp4, above="6p")
        fields.wide(
            WrappingLabel(body, bootstyle=HINT, text=_("Made in the output folder even when the upload is off.")),
            above="0",
            indent="19.5p",
        )
        self.delete_local = ttk.Checkbutton(
            body, text=_("Delete the converted copy after upload"), variable=variables.delete_local, bootstyle=CARD
        )
        fields.wide(self.delete_local)
        self._dependent.append(self.delete_local)

    def _add_speed(self, fields: Fields) -> None:
        variables, body = self._variables, self.card.body
        row = ttk.Frame(body, bootstyle=CARD)
        self.limit = ttk.Entry(row, textvariable=variables.limit, width=6, justify="right")
        self.limit.grid(row=0, column=0)
        ttk.Label(row, text="MB/s", bootstyle=CARD).grid(row=0, column=1, padx=("4.5p", 0))
        note = self.notes[Setting.SPEED_LIMIT] = fields.add("Limit to", row, marked=self.limit)
        variables.on_change(clear_when_edited(note), variables.upload)
        variables.on_change(self._limit_soon, variables.limit)

    def refresh(self) -> None:
        """Show what the settings say of backends and limits."""
        self.login.refresh()
        by_hour = bool(self._variables.program.upload_limits)
        self.notes[Setting.SPEED_LIMIT].explain(HOURS_HINT if by_hour else LIMIT_HINT)

    def _limit_soon(self) -> None:
        self.notes[Setting.SPEED_LIMIT].show("")
        if self._waiting is not None:
            self.card.after_cancel(self._waiting)
        self._waiting = self.card.after(LIMIT_DELAY_MS, self._limit_now)

    def _limit_now(self) -> None:
        self._waiting = None
        typed = self._variables.limit.get().strip()
        self.notes[Setting.SPEED_LIMIT].show(" ".join(limit_problems(typed)))
        self._limit(typed)

    def _add_test(self, fields: Fields) -> None:
        row = ttk.Frame(self.card.body, bootstyle=CARD)
        row.columnconfigure(1, weight=1)
        self.test = ttk.Button(row, text=_("Test Connection"), bootstyle=CARD)
        self.test.grid(row=0, column=0, sticky="w")
        self.result = WrappingLabel(row, bootstyle=CARD)
        self.result.grid(row=0, column=1, sticky="ew", padx=("6p", 0))
        fields.wide(row, lines=2)

    def _entry(
        self,
        fields: Fields,
        setting: Setting,
        label: str,
        variable: tkinter.StringVar,
        *,
        show: str = "",
        hint: str = "",
    ) -> ttk.Entry:
        entry = ttk.Entry(self.card.body, textvariable=variable, show=show)
        note = self.notes[setting] = fields.add(label, entry, hint=hint)
        self._variables.on_change(clear_when_edited(note), variable, self._variables.upload)
        self._dependent.append(entry)
        return entry
