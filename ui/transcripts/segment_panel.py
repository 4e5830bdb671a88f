"""The table of segments with the field in it: which one is selected, and when what was typed becomes an edit."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from functools import partial

import ttkbootstrap as ttk

from transcripts.rows import Id
from ui.transcripts.controller import EditorController
from ui.transcripts.row_view import RowView, row_view
from ui.transcripts.segment import DatasetSegment
from ui.transcripts.segment_field import FieldActions, SegmentField
from ui.transcripts.table import SegmentTable
from ui.transcripts.wave_view import WaveView

PAGE = 5
"""How many rows a page key goes on the table itself."""


class SegmentPanel:
    """Shows the controller's segments; the selected one is always ready to be typed into."""

    def __init__(self, master: tkinter.Misc, controller: EditorController, render: Callable[[], None]) -> None:
        self.frame = ttk.Frame(master)
        self._controller = controller
        self._render = render
        self._selected: Id | None = None
        self._place = 0
        self._revision = -1
        self._editable = False
        self._moved = False
        self.frame.columnconfigure(0, weight=1)
        self.frame.rowconfigure(1, weight=1)
        self.table = SegmentTable(self.frame, row=self._row, chosen=self._clicked)
        self.table.grid(row=1, column=0, sticky="nsew")
        actions = FieldActions(
            next=lambda: self.move(1),
            previous=lambda: self.move(-1),
            commit=self.commit,
            undo=lambda: self._and_render(controller.editing.undo),
            redo=lambda: self._and_render(controller.editing.redo),
            page=lambda pages: self.move(pages * self.table.page),
            split=self.split,
            merge=self.merge,
            shift=lambda by_s: self.shift(by_s, rest=False),
            move_start=lambda by_s: self._retime(lambda: controller.timing.move(self._place, start_by_s=by_s)),
            move_end=lambda by_s: self._retime(lambda: controller.timing.move(self._place, end_by_s=by_s)),
            speaker=self.choose_speaker,
            align=lambda: self._retime(self.align),
            next_doubtful=lambda: self._controller.searches.find_doubtful(self._place),
        )
        self.field = SegmentField(self.table.canvas, actions, grown=self.table.redraw)
        self.table.lay(self.field.widget)
        self.table.listen_to_wheel(self.field.widget)
        self.table.canvas.bind("<space>", lambda _: self._and_render(self.play))
        for key, rows in {"<Up>": -1, "<Down>": 1, "<Prior>": -PAGE, "<Next>": PAGE, "<Return>": 0}.items():
            self.table.canvas.bind(key, partial(self._come_to, rows))
        self.notice = ttk.Label(self.frame, bootstyle="secondary")
        self.notice.grid(row=1, column=0)

    @property
    def selected(self) -> Id | None:
        """The id of the segment that is selected."""
        return self._selected

    @property
    def segment(self) -> DatasetSegment | None:
        """The segment itself."""
        return None if self._selected is None else self._controller.segment(self._place)

    @property
    def wave(self) -> WaveView | None:
        """Its audio, and when the word at the cursor is said."""
        return None if self._selected is None else self._controller.audio.wave(self._place, self.field.cursor)

    def play(self) -> None:
        """Play it, or stop what is played."""
        if self._selected is not None:
            self._controller.audio.play_or_stop(self._place)

    def align(self) -> None:
        """Align its words with the audio, or cancel that."""
        self._controller.aligning.align_or_cancel(self._place)

    def play_on(self) -> None:
        """Go on with the audio of the segment that is selected now, if another is played."""
        self._controller.audio.follow(self._place)

    @property
    def speaker(self) -> str:
        """Who speaks in it."""
        segment = self.segment
        return "" if segment is None else self._controller.speaker_name(segment.speaker)

    @property
    def reason(self) -> str:
        """Which rules its captions break."""
        return "" if self._selected is None else self._controller.reason(self._place)

    @property
    def note(self) -> str:
        """Which of how many it is, and what is wrong with it."""
        if self.segment is None:
            return ""
        which = f"Segment {self._place + 1} of {len(self._controller.order)}"
        return f"{which}: {self.reason}." if self.reason else f"{which}."

    # showing

    def show(self) -> bool:
        """Show the segments as they are now, if anything about them has changed; return whether it has."""
        state, controller = self._controller.state, self._controller
        self._show_notice()
        if controller.revision == self._revision and state.editable is self._editable:
            moved, self._moved = self._moved, False
            return moved
        self._revision, self._editable = controller.revision, state.editable
        order = controller.order
        if self._selected is None or self._selected not in order:
            self._selected = order.at(min(self._place, len(order) - 1)) if len(order) else None
        if self._selected is not None:
            self._place = order.index(self._selected)
        wanted = controller.wanted
        if wanted is not None and wanted[0] in order and not self.field.changed:
            controller.wanted = None
            self.select(order.index(wanted[0]), cursor=wanted[1])
        self._show_field()
        self.table.show(len(order), None if self._selected is None else self._place, speakers=bool(state.speakers))
        return True

    def _show_notice(self) -> None:
        state = self._controller.state
        text = "Reading the segments…" if state.loading else ""
        if not text and state.is_open and state.media_id is not None and not len(self._controller.order):
            text = "This video has no segments."
        if text != self.notice.cget("text"):
            self.notice.configure(text=text)
        if text:
            self.notice.grid()
        else:
            self.notice.grid_remove()

    def _show_field(self) -> None:
        segment = self.segment
        text = "" if segment is None else segment.text
        if self.field.changed and text == self.field.stored:
            return  # what is being typed is not disturbed by other changes
        doubtful = () if segment is None else segment.doubtful
        self.field.show(text, doubtful, editable=self._editable and segment is not None)

    def _row(self, number: int) -> RowView | None:
        segment = self._controller.segment(number)
        if segment is None:
            return None
        return row_view(segment, self._controller.speaker_name(segment.speaker), self._controller.reason(number))

    # selecting

    def move(self, rows: int) -> None:
        """Keep what was typed and select the segment so many rows further down."""
        if len(self._controller.order):
            self.select(min(max(0, self._place + rows), len(self._controller.order) - 1))

    def select(self, place: int, *, cursor: int | None = None) -> None:
        """Keep what was typed and select the segment at a place; if it can't be kept, the selection stays."""
        if not self.commit() or not 0 <= place < len(self._controller.order):
            return
        segment_id = self._controller.order.at(place)
        if segment_id != self._selected:
            self._selected, self._place, self._moved = segment_id, place, True
            segment = self._controller.segment(place)
            text, doubtful = ("", ()) if segment is None else (segment.text, segment.doubtful)
            self.field.show(text, doubtful, editable=self._editable)
            self.field.put_cursor(0 if cursor is None else cursor)
        elif cursor is not None:
            self.field.put_cursor(cursor)
        self.table.see(place)
        self.table.show(len(self._controller.order), place)
        self._render()

    def start(self) -> None:
        """Begin at the first segment: another video was chosen."""
        self._selected, self._place = None, 0
        self.field.show("", editable=False)
        self.table.show(len(self._controller.order), None)

    def focus(self) -> None:
        """Give the field the keyboard."""
        self.field.widget.focus_set()

    def _come_to(self, rows: int, _: object) -> None:
        """Select a segment so many rows further down, and be ready to type into it."""
        self.move(rows)
        self.focus()

    def _clicked(self, row: int) -> None:
        self.select(row)
        self.focus()

    # editing

    def commit(self) -> bool:
        """Make an edit of what was typed; False if it can't be made, and stays in the field."""
        if self._selected is None or not self.field.changed:
            return True
        text = self.field.text
        done = self._controller.editing.set_text(self._selected, text)
        if done:
            self.field.stored = text
        self._render()
        return done

    def split(self) -> None:
        """Part the selected segment at the cursor and select the second part."""
        at = self.field.cursor
        if self._selected is not None and self.commit():
            second = self._controller.editing.split(self._selected, at)
            self._render()
            if second is not None and second in self._controller.order:
                self.select(self._controller.order.index(second))
                self.focus()

    def merge(self) -> None:
        """Join the selected segment with the next one; the cursor is put between the two texts."""
        if self._selected is not None and self.commit():
            at = len(self.field.text)
            if self._controller.editing.merge_with_next(self._place):
                self._render()
                self.field.put_cursor(at)
            self._render()

    def shift(self, by_s: float, *, rest: bool) -> None:
        """Move the selected segment in time, or with it all after it."""
        self._retime(lambda: self._controller.timing.shift(self._place, by_s, rest=rest))

    def set_times(self, start: str, end: str) -> None:
        """Let the selected segment begin and end at times that were typed."""
        self._retime(lambda: self._controller.timing.set_times(self._place, start, end))

    def _retime(self, change: Callable[[], None]) -> None:
        if self._selected is not None and self.commit():
            change()
            self._render()

    def choose_speaker(self, number: int) -> None:
        """Say who speaks in the selected segment: the speaker with a number in the list, nobody for 0."""
        speakers = self._controller.state.speakers
        if number <= len(speakers):
            self.set_speaker(speakers[number - 1][1] if number else "")

    def set_speaker(self, name: str) -> None:
        """Say who speaks in the selected segment."""
        if self._selected is not None and self.commit():
            self._controller.editing.set_speaker(self._selected, name)
            self._render()

    def _and_render(self, action: Callable[[], None]) -> None:
        action()
        self._render()
