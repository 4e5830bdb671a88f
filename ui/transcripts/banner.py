"""The top of the editor's window: which dataset this is, and whether everything in it is saved."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.banners import Tone
from ui.language import _, shown
from ui.theme import CARD, HINT, TEXT_TONES, TONE_STYLES, bold
from ui.transcripts.state import EditorState
from ui.widgets.clipped_label import ClippedLabel
from ui.widgets.fields import switch
from ui.window_size import on_screen

STRIPE_WIDTH = 5
UNSAVED = "UNSAVED CHANGES"


class SourceBanner:
    """Source, freshness, the unsaved mark, and the buttons that save and publish."""

    def __init__(self, master: tkinter.Misc) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=1)
        self._font = bold(self.frame, larger=1)
        self.frame.columnconfigure(1, weight=1)
        self._stripe = ttk.Frame(self.frame, width=on_screen(master, STRIPE_WIDTH), bootstyle="secondary")
        self._stripe.grid(row=0, column=0, rowspan=2, sticky="ns")
        self.source = ClippedLabel(self.frame, bootstyle=CARD)
        self.source.grid(row=0, column=1, sticky="ew", padx="9p", pady=("6p", 0))
        self.freshness = ClippedLabel(self.frame, bootstyle=HINT)
        self.freshness.grid(row=1, column=1, sticky="ew", padx="9p", pady=("1.5p", "6p"))
        self.mark = ttk.Label(self.frame, bootstyle=CARD, font=self._font, anchor="e", width=len(shown(UNSAVED)) + 5)
        self.mark.grid(row=0, column=2, sticky="e", padx="9p", pady=("6p", 0))
        self.changes = ttk.Label(self.frame, bootstyle=HINT, anchor="e")
        self.changes.grid(row=1, column=2, sticky="e", padx="9p", pady=("1.5p", "6p"))
        width = max(len(_("Save to S3")), len(_("Save"))) + 2
        self.save = ttk.Button(self.frame, text=_("Save to S3"), bootstyle="@card primary", width=width)
        self.save.grid(row=0, column=3, rowspan=2, padx=(0, "9p"), ipady="2p")

        self.publish = ttk.Button(self.frame, text=_("Publish"), bootstyle=CARD)
        self.publish.grid(row=0, column=4, rowspan=2, padx=(0, "9p"), ipady="2p")

    def show(self, state: EditorState) -> None:
        """Show where things stand."""
        self.source.show(state.source_uri or state.address)
        self.freshness.show(state.read_only or state.freshness)
        self.freshness.configure(bootstyle=TEXT_TONES[Tone.WARNING] if state.read_only else HINT)
        tone = Tone.WARNING if state.unsaved else Tone.GOOD if state.is_open else Tone.PLAIN
        text = UNSAVED if state.unsaved else "Saved" if state.is_open else ""
        self.mark.configure(text=shown(text), bootstyle=TEXT_TONES[tone])
        self._stripe.configure(bootstyle=TONE_STYLES[tone])
        self.changes.configure(text=shown(state.changes) if state.unsaved else "")
        self.save.configure(text=_("Save to S3") if state.on_s3 or not state.is_open else _("Save"))
        switch([self.save], state.save_enabled)
        switch([self.publish], state.publish_enabled)
