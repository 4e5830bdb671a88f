"""What two people have changed, each otherwise: a list in which the editor says whose change counts."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

import ttkbootstrap as ttk

from transcripts.merge import MISSING, Collision, CollisionKey, Side
from transcripts.rows import row_line
from ui.language import _, shown
from ui.screen_reader import tell_name
from ui.theme import CARD, HINT
from ui.transcripts.questions import KEEP, SIDES
from ui.transcripts.state import EditorState
from ui.widgets.wrapping_label import WrappingLabel
from ui.window_size import on_screen

ROWS_SHOWN = 6
HEADINGS = {"where": "Row", "ours": "Mine", "theirs": "On S3", "decision": "Counts"}


def value_text(value: object) -> str:
    """Return a value as people read it."""
    if value is MISSING:
        return "(deleted)"
    if isinstance(value, str):
        return value
    if isinstance(value, dict) and isinstance(value.get("text"), str):  # a whole segment
        return str(value["text"])
    return row_line({"": value})[4:-1].decode()


class CollisionList:
    """A row for each collision; the values of the selected one are shown whole beneath."""

    def __init__(self, master: tkinter.Misc, decide: Callable[[CollisionKey, Side], None]) -> None:
        self.frame = ttk.Frame(master, bootstyle="bordered @card", padding=("10.5p", "6p", "10.5p", "7.5p"))
        self._decide = decide
        self._shown: tuple[Collision, ...] = ()
        self._decisions: dict[CollisionKey, Side] = {}
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(0, weight=1)
        self.tree = ttk.Treeview(self.frame, columns=tuple(HEADINGS), show="headings", height=ROWS_SHOWN)
        unit = on_screen(self.tree, 60)
        for name, heading in HEADINGS.items():
            self.tree.heading(name, text=shown(heading), anchor="w")
            self.tree.column(name, anchor="w", stretch=name in ("ours", "theirs"), width=unit * 2, minwidth=unit)
        tell_name(self.tree, _("Rows that were changed on both sides"))
        self.tree.grid(row=0, column=0, columnspan=3, sticky="nsew")
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._show_values())
        self.values = WrappingLabel(self.frame, bootstyle=HINT)
        self.values.grid(row=1, column=0, sticky="ew", pady=("4.5p", 0))
        self.keep = {
            side: ttk.Button(
                self.frame,
                text=shown(KEEP[side]),
                bootstyle=CARD,
                command=lambda side=side: self.choose(side),
            )
            for side in SIDES
        }
        for column, button in enumerate(self.keep.values(), start=1):
            button.grid(row=1, column=column, padx=("6p", 0), pady=("4.5p", 0), sticky="e")
        self.tree.bind("<Control-a>", lambda _: self.tree.selection_set(self.tree.get_children()))

    def show(self, state: EditorState) -> None:
        """Show what is to be decided."""
        if state.collisions != self._shown:
            self._shown = state.collisions
            self.tree.delete(*self.tree.get_children())
            for number, one in enumerate(state.collisions):
                where = f"{one.id} {one.field or ''}".strip()
                row = (where, value_text(one.ours), value_text(one.theirs), "")
                self.tree.insert("", "end", iid=str(number), values=row)
            if state.collisions:
                self.tree.selection_set("0")
                self.tree.focus("0")
            self._decisions = {}
        for number, one in enumerate(state.collisions):
            side = state.decisions.get(one.key)
            if side is not self._decisions.get(one.key) and side is not None:
                self._decisions[one.key] = side
                self.tree.set(str(number), "decision", shown(SIDES[side]))

    def choose(self, side: Side) -> None:
        """Say whose change counts in the selected rows, and go on to the next one."""
        chosen = [int(item) for item in self.tree.selection()]
        for number in chosen:
            self._decide(self._shown[number].key, side)
        if chosen and max(chosen) + 1 < len(self._shown):
            following = str(max(chosen) + 1)
            self.tree.selection_set(following)
            self.tree.see(following)

    def _show_values(self) -> None:
        chosen = [int(item) for item in self.tree.selection()]
        self.values.configure(
            text=self._shown[chosen[0]].text if len(chosen) == 1 else shown(f"{len(chosen)} selected")
        )
