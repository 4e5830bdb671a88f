"""The list of videos: those of this computer, and those in a queue of several computers."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from tkinter.font import nametofont

import ttkbootstrap as ttk

from ui.language import _, shown
from ui.list_menu import ListActions, add_entries, can_start_all, joined, list_entries, row_entries
from ui.list_view import Listed, counted, listed, selected, shown_row, title_in, written_next
from ui.menu import MenuCommand, Separator, key_events, shown_key
from ui.rescaling import on_rescale
from ui.screen_reader import tell_name
from ui.theme import CARD, HINT, colour_menu, on_new_theme
from ui.video_rows import NO_VIDEOS, VideoRow
from ui.view_state import ViewState
from ui.widgets.card import NARROW, Card
from ui.widgets.elided import clipped
from ui.widgets.fields import switch
from ui.widgets.list_keys import MARKED
from ui.widgets.menu_letters import pop_up, underline
from ui.widgets.picture import Picture, sized_picture
from ui.widgets.row_dragging import RowDragging
from ui.widgets.scrollbars import show_when_needed
from ui.widgets.text_menu import MENU_KEYS, RIGHT_BUTTON
from ui.window_size import line_height, on_screen

ROWS = 3
"""How many videos are in view at least."""

PORTION_MS = 5
"""The pause between two portions of rows that are written."""

STATUS_SHARE = 0.41
USUAL_LENGTH = "00:00"
WHOLE = 10_000
"""Room for every text, in pixels: before the list is laid out."""

PICTURE = (16, 9)
"""The shape of the pictures."""

STYLE = "Videos.Treeview"
NO_VIDEOS_TEXT = "Drop videos or folders here, or press Add."


class QueuePanel:
    """The list, with its buttons and its menu. Rows are written again only where they changed."""

    def __init__(self, master: tkinter.Misc, select: Callable[[tuple[str, ...]], None]) -> None:
        self.card = Card(master, "VIDEOS")
        self._select_rows = select
        self._actions: ListActions | None = None
        self._state: ViewState | None = None
        self._shown: dict[str, Listed] = {}
        self._unwritten: set[str] = set()
        self._writing: str | None = None
        self._pictures: dict[str, tuple[bytes, Picture]] = {}
        self._chosen: tuple[str, ...] = ()
        self._width = 1
        self._longest = USUAL_LENGTH
        self._font = nametofont("TkDefaultFont", root=self.card)
        self.counted = ttk.Label(self.card, bootstyle=HINT)
        self.counted.grid(row=0, column=0, sticky="w", padx=("52p", 0), pady=(0, "3p"))
        self._show_list(master)
        self._show_buttons()

    @property
    def picture_size(self) -> tuple[int, int]:
        """How large the pictures are, in pixels."""
        height = line_height(self.card) + on_screen(self.card, 4)
        return height * PICTURE[0] // PICTURE[1] // 2 * 2, height // 2 * 2

    @property
    def lines(self) -> list[str]:
        """What each row says, with nothing left out."""
        videos = NO_VIDEOS if self._state is None else self._state.videos
        rows = (shown_row(one, videos) for one in self._shown.values())
        return [f"{row.title}: {row.status}" for row in rows]

    def connect(self, actions: ListActions) -> None:
        """Let buttons, keys and the menu of the list do something."""
        self._actions = actions
        self.menu = tkinter.Menu(self.tree, tearoff=False, relief="flat")
        self.start_all.configure(command=actions.start_all)
        self.add.configure(command=lambda: self._pop_up(self.add, add_entries(actions)))
        more = joined(row_entries(actions), list_entries(actions))
        self.more.configure(command=lambda: self._pop_up(self.more, more))
        every = joined(row_entries(actions), list_entries(actions), add_entries(actions))
        self.tree.bind(RIGHT_BUTTON, lambda event: self._menu_at(event, every))
        for key in MENU_KEYS:
            self.tree.bind(key, lambda _: self._pop_up(self.tree, every))
        for entry in row_entries(actions):
            if isinstance(entry, MenuCommand):
                for key in key_events(entry.key):
                    self.tree.bind(key, partial(self._pressed, entry.do))
        self.tree.bind("<Escape>", lambda _: self.tree.selection_set(()))
        self.tree.bind("<ButtonPress-1>", self._clicked, add="+")
        self.tree.bind("<Delete>", partial(self._pressed, actions.remove))
        self.tree.bind("<<Paste>>", lambda _: actions.paste())
        RowDragging(self.tree, lambda row: isinstance(self._shown.get(row), VideoRow), actions.move)

    def show(self, state: ViewState) -> None:
        """Show the videos."""
        before, self._state = self._state, state
        if before is not None and before.videos is state.videos and before.queue is state.queue:
            return
        rows = listed(state)
        all_anew = before is not None and _shared(before) != _shared(state)
        self._place(list(rows))
        changed = [id_ for id_, one in rows.items() if all_anew or self._shown.get(id_) is not one]
        added = [id_ for id_ in rows if id_ not in self._shown] if self._shown else []
        self._shown = rows
        self._make_room(one.length for one in rows.values() if isinstance(one, VideoRow))
        self._write_soon(changed)
        self._pictures = {id_: kept for id_, kept in self._pictures.items() if id_ in rows}
        for id_ in (*added[-1:], *added[:1]):  # as many of them as there is room for, from the first
            self.tree.see(id_)
        chosen = selected(state)
        # not by what the tree has: a click or a key is in it before its event has come
        if chosen != self._chosen:
            self._chosen = chosen
            self.tree.selection_set(chosen)
            if chosen:
                self.tree.focus(chosen[0])
                self.tree.see(chosen[0])
        self.counted.configure(text=shown(counted(state)))
        switch([self.start_all], can_start_all(state))
        if rows:
            self.hint.place_forget()
        else:
            self.hint.place(relx=0.5, rely=0.5, anchor="center")

    def _show_list(self, master: tkinter.Misc) -> None:
        body = self.card.body
        body.rowconfigure(0, weight=1)
        self.tree = ttk.Treeview(body, columns=("length", "status"), show="tree", selectmode="extended", height=ROWS)
        self._style_rows()
        self.tree.configure(style=STYLE)
        tell_name(self.tree, _("Videos"))
        self.tree.grid(row=0, column=0, sticky="nsew")
        bar = ttk.Scrollbar(body, command=self.tree.yview)
        bar.grid(row=0, column=1, sticky="ns")
        body.columnconfigure(1, minsize=bar.winfo_reqwidth())
        show_when_needed(bar, self.tree)
        on_new_theme(self.tree, self._style_rows)
        on_rescale(self.tree, self._rescaled)
        self.tree.bind("<Configure>", lambda event: self._resized(event.width), add="+")
        self.tree.bind("<<TreeviewSelect>>", lambda _: self._select())
        self.hint = ttk.Label(self.tree, text=shown(NO_VIDEOS_TEXT), bootstyle="secondary")

    def _style_rows(self) -> None:
        """Give the rows the height and the colours that they have in the theme that is shown."""
        style = ttk.Style()
        width, height = self.picture_size
        style.configure(STYLE, rowheight=height + on_screen(self.card, 4))
        style.layout(f"{STYLE}.Item", [("Treeitem.image", {"side": "left"}), ("Treeitem.text", {"side": "left"})])
        for tag, colour in (("bad", "danger"), ("asks", "warning")):
            self.tree.tag_configure(tag, foreground=style.colors.get(colour))
        self._no_picture = tkinter.PhotoImage(master=self.tree, width=width, height=height)

    def _rescaled(self) -> None:
        self._style_rows()
        self._pictures.clear()
        self._resized(self.tree.winfo_width())

    def _show_buttons(self) -> None:
        self.add, self.start_all, self.more = (
            ttk.Button(self.card.corner, text=shown(text), bootstyle=CARD, padding=NARROW)
            for text in ("Add…", "Start all", "More…")
        )
        for number, button in enumerate((self.add, self.start_all, self.more)):
            button.grid(row=0, column=number, padx=("4p", 0))

    def _place(self, ids: list[str]) -> None:
        """Give the list these rows in this order; those that stay are not made anew."""
        if ids == list(self._shown):
            return
        gone = [id_ for id_ in self._shown if id_ not in set(ids)]
        if gone:
            self.tree.delete(*gone)
        for place, id_ in enumerate(ids):
            if not self.tree.exists(id_):
                self.tree.insert("", place, iid=id_)
            elif self.tree.index(id_) != place:
                self.tree.move(id_, "", place)

    @property
    def _columns(self) -> tuple[int, int, int]:
        """How wide titles, lengths and states are, in pixels: the texts, and what the list keeps around them."""
        around = on_screen(self.card, 9)
        length = self._font.measure(self._longest) + around
        status = round(self._width * STATUS_SHARE)
        return max(1, self._width - length - status), length, status

    def _make_room(self, lengths: Iterable[str]) -> None:
        """Make the column of the lengths as wide as the longest."""
        longest = max((USUAL_LENGTH, *lengths), key=len)
        if len(longest) != len(self._longest):
            self._longest = longest
            self._resized(self._width)

    def _resized(self, width: int) -> None:
        self._width = width
        title, length, status = self._columns
        self.tree.column("#0", width=title, stretch=False)
        self.tree.column("length", width=length, stretch=False, anchor="e")
        self.tree.column("status", width=max(1, status - on_screen(self.card, 4)))
        self._write_soon(self._shown)

    def _write_soon(self, ids: Iterable[str]) -> None:
        """Write rows, in portions where they are many: the window's own events get their turn in between."""
        self._unwritten.update(ids)
        if self._writing is None:
            self._write_portion()

    def _write_portion(self) -> None:
        self._writing = None
        self._unwritten &= self._shown.keys()
        if not self._unwritten:
            return
        for id_ in written_next(self._unwritten, list(self._shown), self.tree.yview()):
            self._unwritten.discard(id_)
            self._write(id_, self._shown[id_])
        if self._unwritten:
            self._writing = self.tree.after(PORTION_MS, self._write_portion)

    def _write(self, id_: str, one: Listed) -> None:
        """Write a row, each text as far as there is room for it."""
        assert self._state is not None
        row = shown_row(one, self._state.videos)
        row = replace(row, preset=shown(row.preset), status=shown(row.status))
        title_room, _, status_room = self._columns if self._width > 1 else (WHOLE, WHOLE, WHOLE)
        around = on_screen(self.card, 8)
        title = title_in(title_room - around - self.picture_size[0], row, self._font.measure)
        status = clipped(row.status, status_room - around, self._font.measure)
        picture = self._picture(id_, one)
        marked = (MARKED,) if self.tree.tag_has(MARKED, id_) else ()
        self.tree.item(id_, text=f" {title}", image=picture, values=(row.length, status), tags=(row.tag, *marked))

    def _picture(self, id_: str, one: Listed) -> Picture:
        content = one.picture if isinstance(one, VideoRow) else b""
        if not content:
            return self._no_picture
        kept = self._pictures.get(id_)
        if kept is None or kept[0] is not content:
            kept = self._pictures[id_] = content, sized_picture(self.tree, content, self.picture_size)
        return kept[1]

    def _select(self) -> None:
        chosen = tuple(str(id_) for id_ in self.tree.selection())
        if self._state is not None and chosen != self._chosen:
            self._chosen = chosen  # which is not set again when it is shown: the next key may have chosen another
            self._select_rows(chosen)

    def _clicked(self, event: tkinter.Event[tkinter.Misc]) -> None:
        """Select none at a click beside the rows."""
        if not self.tree.identify_row(event.y):
            self.tree.selection_set(())

    def _menu_at(self, event: tkinter.Event[tkinter.Misc], entries: Sequence[MenuCommand | Separator]) -> None:
        row = str(self.tree.identify_row(event.y))
        if row and row not in self.tree.selection():
            self.tree.selection_set((row,))
            self.tree.focus(row)
            self._select()
        self._fill(entries)
        self.menu.tk_popup(event.x_root, event.y_root)

    def _pop_up(self, widget: tkinter.Misc, entries: Sequence[MenuCommand | Separator]) -> None:
        self._fill(entries)
        pop_up(self.menu, widget)

    def _fill(self, entries: Sequence[MenuCommand | Separator]) -> None:
        assert self._state is not None
        self.menu.delete(0, "end")
        colour_menu(self.menu, ttk.Style())
        for entry in entries:
            if isinstance(entry, Separator):
                self.menu.add_separator()
            else:
                self.menu.add_command(
                    label=shown(entry.label),
                    command=entry.do,
                    accelerator=shown_key(entry.key),
                    state="normal" if entry.enabled(self._state) else "disabled",
                )
        underline(self.menu)

    def _pressed(self, do: Callable[[], object], _: object) -> str:
        # Not only where it is enabled in the state that is shown: what is selected may be newer.
        do()
        return "break"


def _shared(state: ViewState) -> tuple[bool, bool]:
    """Return what the rows say beside what each is."""
    return state.videos.runs, state.videos.paused
