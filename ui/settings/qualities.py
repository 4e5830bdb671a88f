"""The most bits that each quality may take."""

from __future__ import annotations

import tkinter
from functools import partial

import ttkbootstrap as ttk

from pipeline.media.encode import ladder
from pipeline.plan import kbits
from ui.language import shown
from ui.preferences import ProgramSettings
from ui.screen_reader import tell_name
from ui.settings import checks
from ui.settings.checked import ChangeSettings
from ui.settings.section import section
from ui.theme import CARD, HINT
from ui.widgets.fields import BESIDE_LABEL, FieldNote
from ui.widgets.wrapping_label import WrappingLabel

HINT_TEXT = (
    "The most that each may take; plain pictures take less. Empty: as usual. A larger quality must have more than the"
    " next smaller one. What is converted already stays as it is until it is converted again."
)


class QualitiesSection:
    """A field for each quality of the ladder."""

    def __init__(self, master: tkinter.Misc, settings: ProgramSettings, change: ChangeSettings) -> None:
        self.frame = section(master)
        self._change = change
        rates = {rate.name: rate.bit_rate for rate in settings.bit_rates}
        table = ttk.Frame(self.frame, bootstyle=CARD)
        table.grid(row=0, column=0, sticky="w")
        self._typed: dict[str, tkinter.StringVar] = {}
        self.entries: dict[str, ttk.Entry] = {}
        for row, quality in enumerate(ladder.QUALITIES):
            name, rate = quality.name, rates.get(quality.name)
            typed = self._typed[name] = tkinter.StringVar(self.frame, "" if rate is None else f"{rate / 1000:g}")
            entry = self.entries[name] = ttk.Entry(table, textvariable=typed, width=9, justify="right")
            tell_name(entry, f"{name}, kb/s")
            usual = ttk.Label(table, text=shown(f"usually {kbits(quality.bit_rate)}"), bootstyle=HINT)
            parts = (ttk.Label(table, text=name, bootstyle=CARD), entry, ttk.Label(table, text="kb/s", bootstyle=CARD))
            for column, part in enumerate((*parts, usual)):
                part.grid(row=row, column=column, sticky="w", padx=(0, BESIDE_LABEL), pady="1.5p")
            typed.trace_add("write", partial(self._changed))
        label = WrappingLabel(self.frame, bootstyle=HINT)
        label.grid(row=1, column=0, sticky="ew", pady=("4.5p", 0))
        self.note = FieldNote(table, label, HINT_TEXT)

    def _changed(self, *_: str) -> None:
        """Hand on the rates that stand there if they can be used together; else they count as they were."""
        try:
            rates = checks.bit_rates({name: typed.get() for name, typed in self._typed.items()})
        except checks.WrongRateError as error:
            self._mark(error.quality, str(error))
        else:
            self._mark("", "")
            self._change(bit_rates=rates)

    def _mark(self, wrong: str, problem: str) -> None:
        self.note.show(problem)
        for name, entry in self.entries.items():
            entry.state(["invalid" if name == wrong else "!invalid"])
