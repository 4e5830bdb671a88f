"""The bar beneath the table for the selected segment: who speaks, when, moving it, its captions' rules, its audio."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import dataclass

import ttkbootstrap as ttk

from pipeline.job import CaptionRules
from pipeline.speech.caption_profiles import TITLES
from ui.language import _, shown
from ui.screen_reader import tell_name
from ui.theme import CARD, HINT
from ui.transcripts.segment import DatasetSegment, exact_time_text
from ui.transcripts.state import EditorState
from ui.transcripts.waveform import Waveform
from ui.widgets.choice_box import ChoiceBox
from ui.widgets.clipped_label import ClippedLabel
from ui.widgets.fields import switch

ALIGN, CANCEL = "Align words", "Cancel aligning"
SHIFT_S = "0.5"
GAP = "4.5p"
TIME_WIDTH = 11
MUCH = 1000
"""The weight of what lies between the two sides of a row: it has all the room that is left over, while the list at the
right end gives way where there is too little.
"""


@dataclass(frozen=True, kw_only=True)
class BarActions:
    """What the bar does outside of it."""

    speaker: Callable[[str], None]
    times: Callable[[str, str], None]
    shift: Callable[[float, bool], None]
    align: Callable[[], None]
    rules: Callable[[CaptionRules], None]


class SegmentBar:
    """Everything about the selected segment but its text."""

    def __init__(self, master: tkinter.Misc, actions: BarActions) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=("7.5p", "4.5p"))
        self._actions = actions
        self._shown_speaker = ""
        self._shown_times = ("", "")
        self.frame.columnconfigure(0, weight=1)
        self._lay_out_segment()
        self._lay_out_shift()
        self.note = ClippedLabel(self.frame, bootstyle=HINT)
        self.note.grid(row=2, column=0, sticky="ew", pady=(GAP, 0))
        self.waveform = Waveform(self.frame)
        self.waveform.canvas.grid(row=3, column=0, sticky="ew", pady=(GAP, 0))

    def _lay_out_segment(self) -> None:
        row = ttk.Frame(self.frame, bootstyle=CARD)
        row.grid(row=0, column=0, sticky="ew")
        row.columnconfigure(5, weight=MUCH)
        row.columnconfigure(7, weight=1)
        self.start, self.end = (ttk.Entry(row, width=TIME_WIDTH, bootstyle=CARD) for _ in range(2))
        for column, (text, entry) in enumerate((("From", self.start), ("to", self.end))):
            ttk.Label(row, text=shown(text), bootstyle=CARD).grid(row=0, column=2 * column, padx=(0, GAP))
            entry.grid(row=0, column=2 * column + 1, padx=(0, GAP))
            tell_name(entry, text)
            entry.bind("<Return>", lambda _: self._set_times())
            entry.bind("<KP_Enter>", lambda _: self._set_times())
            entry.bind("<Escape>", lambda _: self._show_times(*self._shown_times))
            entry.bind("<FocusOut>", lambda _: self._set_times(), add="+")
        width = max(len(shown(CANCEL)), len(shown(ALIGN))) + 1
        self.align = ttk.Button(
            row, text=shown(ALIGN), width=width, bootstyle=CARD, command=lambda: self._actions.align()
        )
        self.align.grid(row=0, column=4)
        ttk.Label(row, text=_("Speaker"), bootstyle=CARD).grid(row=0, column=6, padx=(GAP, GAP))
        self.speaker = ttk.Combobox(row, width=18, bootstyle=CARD)
        self.speaker.grid(row=0, column=7, sticky="ew")
        tell_name(self.speaker, _("Speaker"))
        self.speaker.bind("<<ComboboxSelected>>", lambda _: self._choose())
        self.speaker.bind("<Return>", lambda _: self._choose())
        self.speaker.bind("<FocusOut>", lambda _: self._choose(), add="+")

    def _lay_out_shift(self) -> None:
        row = ttk.Frame(self.frame, bootstyle=CARD)
        row.grid(row=1, column=0, sticky="ew", pady=(GAP, 0))
        row.columnconfigure(5, weight=MUCH)
        row.columnconfigure(7, weight=1)
        ttk.Label(row, text=_("Shift by"), bootstyle=CARD).grid(row=0, column=0, padx=(0, GAP))
        self.seconds = ttk.Entry(row, width=6, bootstyle=CARD)
        self.seconds.insert(0, SHIFT_S)
        self.seconds.grid(row=0, column=1)
        tell_name(self.seconds, _("Shift by"))
        ttk.Label(row, text=_("seconds"), bootstyle=CARD).grid(row=0, column=2, padx=GAP)
        one, rest = "This segment", "This and all after"
        self.shift_one = ttk.Button(row, text=shown(one), bootstyle=CARD, command=lambda: self._move(rest=False))
        self.shift_rest = ttk.Button(row, text=shown(rest), bootstyle=CARD, command=lambda: self._move(rest=True))
        self.shift_one.grid(row=0, column=3, padx=(0, GAP))
        self.shift_rest.grid(row=0, column=4)
        ttk.Label(row, text=_("Caption rules"), bootstyle=CARD).grid(row=0, column=6, padx=(GAP, GAP))
        self._rules = tkinter.StringVar(row)
        self.rules = ChoiceBox(row, self._rules, TITLES.values(), width=18, bootstyle=CARD, state="readonly")
        self.rules.grid(row=0, column=7, sticky="ew")
        tell_name(self.rules, _("Caption rules"))
        self.rules.bind("<<ComboboxSelected>>", lambda _: self._choose_rules())

    def show(
        self, state: EditorState, segment: DatasetSegment | None, *, speaker: str, note: str, warning: bool
    ) -> None:
        """Show the selected segment, None if there is none."""
        names = tuple(name for _, name in state.speakers)
        if names != tuple(self.speaker.cget("values")):
            self.speaker.configure(values=names)
        if speaker != self._shown_speaker or segment is None:
            self._shown_speaker = speaker
            self.speaker.set(speaker)
        times = ("", "") if segment is None else (exact_time_text(segment.start_s), exact_time_text(segment.end_s))
        if times != self._shown_times:
            self._show_times(*times)
        self._rules.set(TITLES[state.rules])
        enabled = state.editable and segment is not None
        switch([self.speaker, self.start, self.end, self.seconds, self.shift_one, self.shift_rest], enabled)
        switch([self.align], enabled or state.aligning)
        self.align.configure(text=shown(CANCEL if state.aligning else ALIGN))
        self.note.configure(bootstyle="@card warning" if warning else HINT)
        self.note.show(note)

    def _show_times(self, start: str, end: str) -> None:
        self._shown_times = (start, end)
        for entry, text in ((self.start, start), (self.end, end)):
            disabled = entry.instate(["disabled"])
            entry.state(["!disabled"])  # else its text could not be replaced
            entry.delete(0, "end")
            entry.insert(0, text)
            entry.state(["disabled" if disabled else "!disabled"])

    def _set_times(self) -> None:
        typed = (self.start.get(), self.end.get())
        if typed != self._shown_times and not self.start.instate(["disabled"]):
            self._show_times(*self._shown_times)  # what is refused is not left there
            self._actions.times(*typed)

    def _choose(self) -> None:
        if self.speaker.get() != self._shown_speaker:
            self._shown_speaker = self.speaker.get()
            self._actions.speaker(self._shown_speaker)

    def _choose_rules(self) -> None:
        self.rules.selection_clear()
        self._actions.rules(next(rules for rules, title in TITLES.items() if title == self._rules.get()))

    def _move(self, *, rest: bool) -> None:
        text = self.seconds.get().strip().replace(",", ".").replace("−", "-")
        try:
            by_s = float(text)
        except ValueError:
            by_s = float("nan")
        self._actions.shift(by_s, rest)
