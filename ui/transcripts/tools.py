"""The buttons above the table, and the bar beneath it for the selected segment: who speaks, and moving it in time."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import dataclass

import ttkbootstrap as ttk

from ui.theme import CARD, HINT
from ui.transcripts.state import EditorState
from ui.transcripts.waveform import Waveform
from ui.widgets.clipped_label import ClippedLabel
from ui.widgets.fields import switch

PLAY, STOP = "Play", "Stop"
SHIFT_S = "0.5"
GAP = 6


@dataclass(frozen=True, kw_only=True)
class ToolActions:
    """What the buttons do."""

    undo: Callable[[], None]
    redo: Callable[[], None]
    split: Callable[[], None]
    merge: Callable[[], None]
    find: Callable[[], None]
    play: Callable[[], None]
    loop: Callable[[bool], None]


class ToolBar:
    """Undo, redo, split, merge, find, play and loop."""

    def __init__(self, master: tkinter.Misc, actions: ToolActions) -> None:
        self.frame = ttk.Frame(master)
        self.undo = self._button("Undo", actions.undo)
        self.redo = self._button("Redo", actions.redo)
        self.split = self._button("Split", actions.split)
        self.merge = self._button("Merge with next", actions.merge)
        self.find = self._button("Find and replace…", actions.find)
        self.play = self._button(PLAY, actions.play)
        self.play.configure(width=len(STOP) + 1)
        self.looping = tkinter.BooleanVar(master, value=False)
        self.loop = ttk.Checkbutton(
            self.frame,
            text="Loop",
            variable=self.looping,
            takefocus=False,
            command=lambda: actions.loop(self.looping.get()),
        )
        for column, button in enumerate(
            (self.undo, self.redo, self.split, self.merge, self.find, self.play, self.loop)
        ):
            button.grid(row=0, column=column, padx=(0, GAP))

    def _button(self, text: str, action: Callable[[], None]) -> ttk.Button:
        return ttk.Button(self.frame, text=text, command=action, takefocus=False)

    def show(self, state: EditorState, *, can_undo: bool, can_redo: bool, selected: bool) -> None:
        """Show which of them do something now."""
        switch([self.undo], state.editable and can_undo)
        switch([self.redo], state.editable and can_redo)
        switch([self.split, self.merge], state.editable and selected)
        switch([self.find], state.is_open)
        switch([self.play, self.loop], state.is_open and selected)
        self.play.configure(text=PLAY if state.playing is None else STOP)
        self.looping.set(state.looping)


class SegmentBar:
    """Who speaks in the selected segment, moving it in time, and what is wrong with it."""

    def __init__(
        self, master: tkinter.Misc, *, speaker: Callable[[str], None], shift: Callable[[float, bool], None]
    ) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=(10, 6))
        self._speaker_chosen = speaker
        self._shift = shift
        self.frame.columnconfigure(6, weight=1)
        ttk.Label(self.frame, text="Speaker", bootstyle=CARD).grid(row=0, column=0, padx=(0, GAP))
        self.speaker = ttk.Combobox(self.frame, width=18, bootstyle=CARD)
        self.speaker.grid(row=0, column=1, padx=(0, 2 * GAP))
        ttk.Label(self.frame, text="Shift by", bootstyle=CARD).grid(row=0, column=2, padx=(0, GAP))
        self.seconds = ttk.Entry(self.frame, width=6, bootstyle=CARD)
        self.seconds.insert(0, SHIFT_S)
        self.seconds.grid(row=0, column=3)
        ttk.Label(self.frame, text="seconds", bootstyle=CARD).grid(row=0, column=4, padx=GAP)
        one, rest = "This segment", "This and all after"
        self.shift_one = ttk.Button(self.frame, text=one, bootstyle=CARD, command=lambda: self._move(rest=False))
        self.shift_rest = ttk.Button(self.frame, text=rest, bootstyle=CARD, command=lambda: self._move(rest=True))
        self.shift_one.grid(row=0, column=5, padx=(0, GAP))
        self.shift_rest.grid(row=0, column=6, sticky="w")
        self.note = ClippedLabel(self.frame, bootstyle=HINT)
        self.note.grid(row=1, column=0, columnspan=7, sticky="ew", pady=(GAP, 0))
        self.speaker.bind("<<ComboboxSelected>>", lambda _: self._choose())
        self.speaker.bind("<Return>", lambda _: self._choose())
        self.speaker.bind("<FocusOut>", lambda _: self._choose(), add="+")
        self._shown_speaker = ""
        self.waveform = Waveform(self.frame)
        self.waveform.canvas.grid(row=2, column=0, columnspan=7, sticky="ew", pady=(GAP, 0))

    def show(self, state: EditorState, *, speaker: str, selected: bool, note: str, warning: bool) -> None:
        """Show the selected segment."""
        names = tuple(name for _, name in state.speakers)
        if names != tuple(self.speaker.cget("values")):
            self.speaker.configure(values=names)
        if speaker != self._shown_speaker or not selected:
            self._shown_speaker = speaker
            self.speaker.set(speaker)
        switch([self.speaker, self.seconds, self.shift_one, self.shift_rest], state.editable and selected)
        self.note.configure(bootstyle="@card warning" if warning else HINT)
        self.note.show(note)

    def _choose(self) -> None:
        if self.speaker.get() != self._shown_speaker:
            self._shown_speaker = self.speaker.get()
            self._speaker_chosen(self._shown_speaker)

    def _move(self, *, rest: bool) -> None:
        text = self.seconds.get().strip().replace(",", ".").replace("−", "-")
        try:
            by_s = float(text)
        except ValueError:
            by_s = float("nan")
        self._shift(by_s, rest)
