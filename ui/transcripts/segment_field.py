"""The field in which the text of the selected segment is typed. Knows keys and one text; nothing of documents."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from ui.theme import on_new_theme
from ui.transcripts.colours import canvas_colours

MAX_LINES = 12
PAD = 5
SHIFT_STEP_S = 0.1
DOUBTFUL = "doubtful"


@dataclass(frozen=True, kw_only=True)
class FieldActions:
    """What the keys of the field do outside of it (docs/transcripts.md lists them)."""

    next: Callable[[], None]
    previous: Callable[[], None]
    commit: Callable[[], object]
    undo: Callable[[], None]
    redo: Callable[[], None]
    page: Callable[[int], None]
    split: Callable[[], None]
    merge: Callable[[], None]
    shift: Callable[[float], None]
    move_start: Callable[[float], None]
    move_end: Callable[[float], None]
    speaker: Callable[[int], None]
    align: Callable[[], None]
    next_doubtful: Callable[[], None]


class SegmentField:
    """A text field that grows with its text. `text` is what is typed, `stored` what the segment has."""

    def __init__(self, master: tkinter.Misc, actions: FieldActions, *, grown: Callable[[], None]) -> None:
        self._actions = actions
        self._grown = grown
        self.stored = ""
        self._doubtful: tuple[tuple[int, int], ...] = ()
        self.widget = tkinter.Text(
            master,
            height=1,
            wrap="word",
            undo=True,
            font="TkDefaultFont",
            borderwidth=0,
            highlightthickness=1,
            padx=PAD - 1,
            pady=PAD - 1,
        )
        self._colour()
        on_new_theme(self.widget, self._colour)
        self._bind()

    def _colour(self) -> None:
        colours = canvas_colours(self.widget)
        self.widget.configure(
            highlightcolor=colours.stripe,
            highlightbackground=colours.line,
            background=colours.field,
            foreground=colours.text,
            insertbackground=colours.text,
        )
        self.widget.tag_configure(DOUBTFUL, foreground=colours.doubtful, underline=True)

    def _bind(self) -> None:
        actions, bind = self._actions, self.widget.bind
        bind("<Return>", lambda _: self._done(actions.next))
        bind("<KP_Enter>", lambda _: self._done(actions.next))
        bind("<Shift-Return>", lambda _: None)  # a line break, by the class's own binding
        bind("<Down>", lambda _: self._vertical(1, actions.next))
        bind("<Up>", lambda _: self._vertical(-1, actions.previous))
        bind("<Escape>", lambda _: self._done(self.restore))
        bind("<Next>", lambda _: self._done(lambda: actions.page(1)))
        bind("<Prior>", lambda _: self._done(lambda: actions.page(-1)))
        for key in ("<Control-z>", "<Command-z>") if self._on_mac else ("<Control-z>",):
            bind(key, lambda _: self._done(self._undo))
        for key in ("<Control-y>", "<Control-Z>", "<Control-Shift-z>"):
            bind(key, lambda _: self._done(self._redo))
        for key in ("<Control-Return>", "<Control-KP_Enter>"):
            bind(key, lambda _: self._done(actions.split))
        bind("<F8>", lambda _: self._done(actions.next_doubtful))
        bind("<F9>", lambda _: self._done(actions.align))
        bind("<Control-m>", lambda _: self._done(actions.merge))
        bind("<Alt-Left>", lambda _: self._done(lambda: actions.shift(-SHIFT_STEP_S)))
        bind("<Alt-Right>", lambda _: self._done(lambda: actions.shift(SHIFT_STEP_S)))
        for key, move, by_s in (
            ("<F3>", actions.move_start, -SHIFT_STEP_S),
            ("<F4>", actions.move_start, SHIFT_STEP_S),
            ("<F5>", actions.move_end, -SHIFT_STEP_S),
            ("<F6>", actions.move_end, SHIFT_STEP_S),
        ):
            bind(key, partial(self._move_limit, move, by_s))
        for number in range(10):  # 0 is nobody
            bind(f"<Control-Key-{number}>", partial(self._speaker, number))
        bind("<Tab>", lambda _: self._leave("tk_focusNext"))
        bind("<Shift-Tab>", lambda _: self._leave("tk_focusPrev"))
        bind("<FocusOut>", lambda _: actions.commit(), add="+")
        bind("<<Modified>>", lambda _: self._fit(), add="+")
        bind("<Configure>", lambda _: self._fit(), add="+")

    @property
    def _on_mac(self) -> bool:
        return str(self.widget.tk.call("tk", "windowingsystem")) == "aqua"

    @property
    def text(self) -> str:
        """What stands in the field."""
        return self.widget.get("1.0", "end-1c")

    @property
    def changed(self) -> bool:
        """Whether something was typed that the segment has not."""
        return self.text != self.stored

    @property
    def cursor(self) -> int:
        """Where the cursor is: how many characters are before it."""
        counted = self.widget.count("1.0", "insert", "chars")
        return 0 if counted is None else int(counted[0] if isinstance(counted, tuple) else counted)

    def show(self, text: str, doubtful: Iterable[tuple[int, int]] = (), *, editable: bool) -> None:
        """Show a segment's text with its doubtful words; the cursor stays if only the text was changed."""
        self.stored, self._doubtful = text, tuple(doubtful)
        if text != self.text:
            self.widget.configure(state="normal")
            self.widget.replace("1.0", "end-1c", text)
            self.widget.edit_reset()
        self.widget.tag_remove(DOUBTFUL, "1.0", "end")
        for start, end in self._doubtful:
            self.widget.tag_add(DOUBTFUL, f"1.0+{start}c", f"1.0+{end}c")
        self.widget.configure(state="normal" if editable else "disabled")
        self._fit()

    def restore(self) -> None:
        """Take back what was typed."""
        self.show(self.stored, self._doubtful, editable=str(self.widget.cget("state")) == "normal")

    def put_cursor(self, characters: int) -> None:
        """Put the cursor behind so many characters."""
        self.widget.mark_set("insert", f"1.0+{characters}c")

    def _undo(self) -> None:
        if not self.changed:
            self._actions.undo()
            return
        try:
            self.widget.edit_undo()
        except tkinter.TclError:  # nothing was typed since: Tk has no question for that
            self.restore()

    def _redo(self) -> None:
        if not self.changed:
            self._actions.redo()
            return
        try:
            self.widget.edit_redo()
        except tkinter.TclError:  # as above
            return

    def _done(self, action: Callable[[], object]) -> str:
        action()
        return "break"

    def _move_limit(self, move: Callable[[float], None], by_s: float, _: tkinter.Event[tkinter.Misc]) -> str:
        return self._done(lambda: move(by_s))

    def _speaker(self, number: int, _: tkinter.Event[tkinter.Misc]) -> str:
        return self._done(lambda: self._actions.speaker(number))

    def _leave(self, where: str) -> str:
        target = getattr(self.widget, where)()
        if target is not None:
            target.focus_set()
        return "break"

    def _vertical(self, lines: int, action: Callable[[], None]) -> str | None:
        """Move the cursor within the field, and beyond its first or last line go to another segment."""
        edge = "end-1c" if lines > 0 else "1.0"
        if self._display_lines("insert", edge) == 0:
            action()
            return "break"
        return None

    def _display_lines(self, start: str, end: str) -> int:
        counted = self.widget.count(start, end, "displaylines")
        return 0 if counted is None else abs(int(counted[0] if isinstance(counted, tuple) else counted))

    def _fit(self) -> None:
        self.widget.edit_modified(False)
        lines = min(MAX_LINES, self._display_lines("1.0", "end-1c") + 1)
        if lines != int(self.widget.cget("height")):
            self.widget.configure(height=lines)
            self._grown()
