"""Who converts: a part of the panel ADVANCED."""

from __future__ import annotations

from tkinter import ttk as plain

import ttkbootstrap as ttk

from config import Config
from pipeline.errors import Setting
from ui.engine import CONVERT_ON_LABELS, EXAMPLE, without_password
from ui.form_variables import FormVariables
from ui.language import _
from ui.theme import CARD
from ui.view_state import ViewState
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.fields import FieldNote, Fields, clear_when_edited, switch
from ui.widgets.wrapping_label import WrappingLabel

ADDRESS_HINT = f"Such as {EXAMPLE}. A password in it is not remembered: keep it in PostgreSQL's file .pgpass."
NAMED = "✓ Configured from .env"


class EnginePart:
    """This computer or a queue, the queue's address, and whether this computer works along."""

    def __init__(self, body: ttk.Frame, fields: Fields, variables: FormVariables, config: Config) -> None:
        self._variables = variables.engine
        self._of_queue: list[plain.Widget] = []
        self.address: ttk.Entry | None = None
        self.notes: dict[Setting, FieldNote] = {}
        engine = variables.engine
        self.convert_on = ChoiceBox(body, engine.convert_on, CONVERT_ON_LABELS.values(), state="readonly")
        note = fields.add("Convert on", self.convert_on)
        if config.cluster.url:
            shown = without_password(config.cluster.url).partition("?")[0]
            text = f"{NAMED}\n({shown})" if shown else NAMED
            fields.beneath(WrappingLabel(body, text=text, bootstyle="@card success"))
        else:
            self.address = ttk.Entry(body, textvariable=engine.typed)
            note = fields.add("Queue", self.address, hint=ADDRESS_HINT)
            self._of_queue.append(self.address)
        works_along = ttk.Checkbutton(
            body, text=_("This computer works along"), variable=engine.works_along, bootstyle=CARD
        )
        fields.beneath(works_along)
        self._of_queue.append(works_along)
        self.notes[Setting.ENGINE] = note
        variables.on_change(clear_when_edited(note), engine.convert_on, engine.typed)

    def show(self, state: ViewState) -> None:
        """Show what can be changed."""
        switch([self.convert_on], state.form_enabled)
        switch(self._of_queue, state.form_enabled and self._variables.read().in_queue)
