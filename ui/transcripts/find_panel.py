"""Find and replace over the whole course, with a preview of every segment that would change."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import takewhile
from tkinter.font import nametofont

import ttkbootstrap as ttk

from transcripts.find_replace import Hit, Query
from transcripts.rows import Id
from ui.language import _, shown
from ui.screen_reader import tell_name
from ui.theme import CARD, HINT
from ui.transcripts.segment import time_text
from ui.transcripts.state import EditorState
from ui.widgets.clipped_label import ClippedLabel
from ui.widgets.elided import ELLIPSIS
from ui.widgets.fields import switch

ROWS_SHOWN = 5
"""The list has no more rows, and none as long as nothing is found: the segments below are what one works on."""
MAX_LISTED = 2000
"""More rows than this nobody looks through; what they stand for is found and replaced all the same."""
HEADINGS = {"what": "", "video": "Video", "time": "Time", "before": "Now", "after": "Replaced"}
CONTEXT = 24
"""So many characters before the first place where something is replaced are shown."""
CHOSEN, LEFT_OUT = "✓", "–"


@dataclass(frozen=True, kw_only=True)
class FindActions:
    """What the panel does outside of it."""

    search: Callable[[Query], None]
    replace: Callable[[frozenset[Id]], None]
    go_to: Callable[[Hit], None]
    close: Callable[[], None]


def excerpts(before: str, after: str) -> tuple[str, str]:
    """Return two texts on one line each, from shortly before where they begin to differ."""
    one, other = (" ".join(text.split()) for text in (before, after))
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    start = max(0, same - CONTEXT)
    if start:
        start = one.find(" ", start, same) + 1 or start
        return ELLIPSIS + one[start:], ELLIPSIS + other[start:]
    return one, other


class FindPanel:
    """Two fields, a list of what would change, and a button that changes it; the space bar leaves a row out."""

    def __init__(self, master: tkinter.Misc, actions: FindActions) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=("10.5p", "6p", "10.5p", "7.5p"))
        self._actions = actions
        self._hits: tuple[Hit, ...] | None = None
        self._without: set[Id] = set()
        self._state: EditorState | None = None
        self.match_case = tkinter.BooleanVar(master, value=False)
        self.whole_words = tkinter.BooleanVar(master, value=True)
        self.frame.columnconfigure((1, 3), weight=1)
        self._lay_out_fields()
        self.tree = ttk.Treeview(self.frame, columns=tuple(HEADINGS), show="headings", height=ROWS_SHOWN)
        widths = {"what": 3, "video": 16, "time": 9, "before": 30, "after": 30}
        unit = nametofont("TkDefaultFont", root=self.frame).measure("n")
        for name, heading in HEADINGS.items():
            self.tree.heading(name, text=shown(heading), anchor="w")
            wide = name in ("before", "after")
            self.tree.column(name, anchor="w", stretch=wide, width=widths[name] * unit, minwidth=24)
        tell_name(self.tree, _("Find and replace"))
        self.tree.grid(row=1, column=0, columnspan=7, sticky="nsew", pady="4.5p")
        self.tree.grid_remove()
        self.tree.bind("<space>", lambda _: self._toggle())
        self.tree.bind("<Return>", lambda _: self._go())
        self.tree.bind("<Double-1>", lambda _: self._go())
        self.found = ClippedLabel(self.frame, bootstyle=HINT)
        self.found.grid(row=2, column=0, columnspan=4, sticky="ew", pady=("4.5p", 0))
        self.toggle = ttk.Button(self.frame, text=_("Leave out or in"), bootstyle=CARD, command=self._toggle)
        self.toggle.grid(row=2, column=4, padx=("6p", 0), pady=("4.5p", 0))
        self.replace = ttk.Button(self.frame, text=_("Replace"), bootstyle="@card primary", command=self._replace)
        self.replace.grid(row=2, column=5, padx=("6p", 0), pady=("4.5p", 0))
        self.close = ttk.Button(self.frame, text=_("Close"), bootstyle=CARD, command=actions.close)
        self.close.grid(row=2, column=6, padx=("6p", 0), pady=("4.5p", 0))

    def _lay_out_fields(self) -> None:
        self.find, self.replacement = (ttk.Entry(self.frame, bootstyle=CARD, width=12) for _ in range(2))
        for column, (label, entry) in enumerate((("Find", self.find), ("Replace with", self.replacement))):
            ttk.Label(self.frame, text=shown(label), bootstyle=CARD).grid(row=0, column=2 * column, padx=(0, "4.5p"))
            entry.grid(row=0, column=2 * column + 1, sticky="ew", padx=(0, "7.5p"))
            tell_name(entry, label)
            entry.bind("<Return>", lambda _: self.search())
            entry.bind("<Escape>", lambda _: self._actions.close())
        boxes = (("Match case", self.match_case), ("Whole words", self.whole_words))
        for column, (text, variable) in enumerate(boxes, 4):
            box = ttk.Checkbutton(self.frame, text=shown(text), variable=variable, bootstyle=CARD)
            box.grid(row=0, column=column, padx=(0, "6p"))
        self.look = ttk.Button(self.frame, text=_("Find"), bootstyle=CARD, command=self.search)
        self.look.grid(row=0, column=6)

    def search(self) -> None:
        """Look for what stands in the fields."""
        self._actions.search(
            Query(
                find=self.find.get(),
                replacement=self.replacement.get(),
                match_case=self.match_case.get(),
                whole_words=self.whole_words.get(),
            )
        )

    def show(self, state: EditorState) -> None:
        """Show what was found."""
        self._state = state
        hits = state.hits
        if hits is not self._hits:
            self._hits = hits
            self._without = set()
            self.tree.delete(*self.tree.get_children())
            titles = {video.id: video.title for video in state.videos}
            for number, hit in enumerate((hits or ())[:MAX_LISTED]):
                title = titles.get(hit.media_id, "") if hit.media_id is not None else ""
                texts = [" ".join(title.split()), *excerpts(hit.before, hit.after)]
                values = (CHOSEN, texts[0], time_text(hit.start_s), texts[1], texts[2])
                self.tree.insert("", "end", iid=str(number), values=values)
            if hits:
                self.tree.configure(height=min(ROWS_SHOWN, len(hits)))
                self.tree.grid()
            else:
                self.tree.grid_remove()
        self._say(state)

    def _say(self, state: EditorState) -> None:
        chosen = len(self._hits or ()) - len(self._without)
        places = sum(hit.count for hit in self._hits or ())
        text = "Searching…" if state.searching else ""
        if not text and self._hits is not None:
            count = len(self._hits)
            noun = "segment" if count == 1 else "segments"
            listed = f", the first {MAX_LISTED} listed" if len(self._hits) > MAX_LISTED else ""
            text = f"{places} found in {count} {noun}{listed}." if self._hits else "Nothing was found."
        self.found.show(text)
        self.replace.configure(text=shown(f"Replace in {chosen}") if chosen else _("Replace"))
        changes = any(hit.before != hit.after for hit in self._hits or ())
        switch([self.replace], state.editable and chosen > 0 and changes and not state.searching)
        switch([self.toggle], bool(self._hits))

    def _toggle(self) -> None:
        for item in self.tree.selection():
            hit = (self._hits or ())[int(item)]
            self._without ^= {hit.id}
            self.tree.set(item, "what", LEFT_OUT if hit.id in self._without else CHOSEN)
        if self._state is not None:
            self._say(self._state)

    def _go(self) -> None:
        for item in self.tree.selection()[:1]:
            self._actions.go_to((self._hits or ())[int(item)])

    def _replace(self) -> None:
        self._actions.replace(frozenset(self._without))
