"""The table of segments: one canvas on which only the rows in view are drawn, and a field on the selected one."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from tkinter.font import Font, nametofont

import ttkbootstrap as ttk

from ui.rescaling import on_rescale
from ui.theme import on_new_theme
from ui.transcripts.colours import CanvasColours, canvas_colours
from ui.transcripts.row_view import Mark, MarkedText, RowView, broken_into_lines
from ui.transcripts.scrolling import Scrolling
from ui.widgets.elided import clipped
from ui.widgets.scrollbars import thumb

LINES = 2
"""How many lines of a text a row has room for; the field shows all of them."""

PAD = 5
STRIPE_WIDTH = 3
WHEEL_ROWS = 3
TIME_SAMPLE, SPEAKER_SAMPLE, REASON_SAMPLE = "0:00:00.0", "Prof. Dr. Green", "999 characters a second, of"
"""Texts whose widths are those of the columns."""

NARROW_WIDTH = 60
"""In characters: a table that is narrower has no column for reasons, which the line beneath has as well."""

MEASURED_TEXTS = 20_000


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Where each column begins, in pixels, and where the text ends. None is a column that is not shown."""

    time: int
    speaker: int | None
    text: int
    text_end: int
    reason: int | None


class SegmentTable(ttk.Frame):
    """Rows of one height, drawn when they come into view.

    `row` returns what a row shows; `chosen` is told of the row that was clicked, with its place on the screen.
    """

    def __init__(
        self, master: tkinter.Misc, *, row: Callable[[int], RowView | None], chosen: Callable[[int], None]
    ) -> None:
        super().__init__(master, bootstyle="bordered @card", padding=1)
        self._row = row
        self._chosen = chosen
        self._font = nametofont("TkDefaultFont", root=self)
        self._underlined = self._font.copy()
        self._underlined.configure(underline=True)
        self._measure_font()
        self.scrolling = Scrolling()
        self.selected: int | None = None
        self._speakers = False
        self._colours: CanvasColours = canvas_colours(self)
        self._due: str | None = None
        self.columnconfigure(0, weight=1)
        self.rowconfigure(0, weight=1)
        self.canvas = tkinter.Canvas(self, highlightthickness=1, borderwidth=0, takefocus=True, width=200, height=100)
        self._colour_canvas()
        self.canvas.grid(row=0, column=0, sticky="nsew")
        self.bar = ttk.Scrollbar(self, command=self._bar_moved, bootstyle=thumb())
        self.bar.grid(row=0, column=1, sticky="ns")
        on_new_theme(self.canvas, self._colour)
        on_rescale(self.canvas, self._rescaled)
        self._overlay = self.canvas.create_window(0, 0, anchor="nw", state="hidden")
        self.overlaid: tkinter.Widget | None = None
        self.canvas.bind("<Configure>", lambda _: self._resized(), add="+")
        self.canvas.bind("<Button-1>", self._clicked)
        self.listen_to_wheel(self.canvas)

    def _measure_font(self) -> None:
        self._measure = lru_cache(MEASURED_TEXTS)(self._font.measure)
        self.row_height = LINES * self._font.metrics("linespace") + 2 * PAD

    def _rescaled(self) -> None:
        self._measure_font()
        self._resized()

    def _colour(self) -> None:
        """Take the colours of another theme."""
        self._colours = canvas_colours(self)
        self._colour_canvas()
        self.bar.configure(bootstyle=thumb())
        self.redraw()

    def _colour_canvas(self) -> None:
        colours = self._colours
        self.canvas.configure(
            background=colours.background, highlightbackground=colours.background, highlightcolor=colours.stripe
        )

    def listen_to_wheel(self, widget: tkinter.Misc) -> None:
        """Scroll the table when the wheel is turned above a widget."""
        widget.bind("<MouseWheel>", lambda event: self.scroll(-WHEEL_ROWS if event.delta > 0 else WHEEL_ROWS))
        widget.bind("<Button-4>", lambda _: self.scroll(-WHEEL_ROWS))
        widget.bind("<Button-5>", lambda _: self.scroll(WHEEL_ROWS))

    def lay(self, widget: tkinter.Widget) -> None:
        """Lay a widget, a child of the canvas, over the text of the selected row."""
        self.overlaid = widget
        self.canvas.itemconfigure(self._overlay, window=str(widget))

    # scrolling

    def show(self, count: int, selected: int | None, *, speakers: bool | None = None) -> None:
        """Show so many rows, one of them selected, and who speaks, or not; None leaves that as it is."""
        self.selected = selected
        self._speakers = self._speakers if speakers is None else speakers
        self.scrolling = self.scrolling.with_size(count, self._room)
        self.redraw()

    def see(self, row: int) -> None:
        """Scroll as little as it takes to have a row in view."""
        self._view(self.scrolling.showing(row))

    def scroll(self, rows: int) -> str:
        """Scroll by rows, down if positive. Returns what ends the handling of an event."""
        self._view(self.scrolling.at(self.scrolling.top + rows))
        return "break"

    @property
    def page(self) -> int:
        """How many rows a page has."""
        return max(1, self.scrolling.room - 1)

    @property
    def _room(self) -> int:
        return max(1, self.canvas.winfo_height() // self.row_height)

    def _resized(self) -> None:
        selected_seen = self.selected is not None and self.selected in self.scrolling.rows
        self.scrolling = self.scrolling.with_size(self.scrolling.count, self._room)
        if selected_seen and self.selected is not None:
            self.scrolling = self.scrolling.showing(self.selected)
        self.redraw()

    def _bar_moved(self, what: str, amount: str, unit: str = "") -> None:
        if what == "moveto":
            self._view(self.scrolling.at_fraction(float(amount)))
        else:
            self.scroll(int(amount) * (self.page if unit == "pages" else 1))

    def _view(self, scrolling: Scrolling) -> None:
        if scrolling != self.scrolling:
            self.scrolling = scrolling
            self.redraw()

    def _clicked(self, event: tkinter.Event[tkinter.Misc]) -> None:
        row = self.scrolling.top + event.y // self.row_height
        if row < self.scrolling.count:
            self._chosen(row)

    # drawing

    def redraw(self) -> None:
        """Draw the rows in view as soon as nothing else is to be done; several calls draw once."""
        if self._due is None:
            self._due = self.after_idle(self.draw)

    def stop(self) -> None:
        """Draw nothing any more: the window is about to go."""
        if self._due is not None:
            self.after_cancel(self._due)
            self._due = None

    def draw(self) -> None:
        """Draw the rows in view."""
        self.stop()
        self.canvas.delete("row")
        self.bar.set(*self.scrolling.fractions)
        columns = self.columns
        for slot, number in enumerate(self.scrolling.rows):
            view = self._row(number)
            if view is not None:
                self._draw_row(number, slot * self.row_height, view, columns)
        self._place_overlay(columns)

    @property
    def columns(self) -> Columns:
        """Where the columns are now."""
        gap = 2 * PAD
        width = self.canvas.winfo_width()
        time = STRIPE_WIDTH + gap
        text = time + self._measure(TIME_SAMPLE) + gap
        speaker = text if self._speakers else None
        if speaker is not None:
            text = speaker + self._measure(SPEAKER_SAMPLE) + gap
        reason = width - self._measure(REASON_SAMPLE) - PAD
        if width < NARROW_WIDTH * self._measure("n"):
            return Columns(time=time, speaker=speaker, text=text, text_end=width - PAD, reason=None)
        return Columns(time=time, speaker=speaker, text=text, text_end=reason - gap, reason=reason)

    def _draw_row(self, number: int, y: int, view: RowView, columns: Columns) -> None:
        canvas, colours, selected = self.canvas, self._colours, number == self.selected
        width, bottom = canvas.winfo_width(), y + self.row_height
        if selected:
            canvas.create_rectangle(0, y, width, bottom, fill=colours.selected, width=0, tags="row")
            canvas.create_rectangle(0, y, STRIPE_WIDTH, bottom, fill=colours.stripe, width=0, tags="row")
        canvas.create_line(0, bottom - 1, width, bottom - 1, fill=colours.line, tags="row")
        top = y + PAD
        self._write(columns.time, top, view.time, colours.quiet, self._font)
        if columns.speaker is not None:
            speaker = clipped(view.speaker, columns.text - columns.speaker - 2 * PAD, self._measure)
            self._write(columns.speaker, top, speaker, colours.quiet, self._font)
        line_height = self._font.metrics("linespace")
        room = columns.text_end - columns.text
        if not selected or self.overlaid is None:
            for one in broken_into_lines(view.pieces, room, LINES, self._measure):
                doubtful = one.mark is Mark.DOUBTFUL
                self._write(
                    columns.text + one.x,
                    top + one.line * line_height,
                    one.text,
                    colours.doubtful if doubtful else colours.text,
                    self._underlined if doubtful else self._font,
                )
        if view.reason and columns.reason is not None:
            pieces = (MarkedText(text=view.reason),)
            for one in broken_into_lines(pieces, width - PAD - columns.reason, LINES, self._measure):
                self._write(columns.reason, top + one.line * line_height, one.text, colours.warning, self._font)

    def _write(self, x: int, y: int, text: str, colour: str, font: Font) -> None:
        if text:
            self.canvas.create_text(x, y, text=text, fill=colour, font=font, anchor="nw", tags="row")

    def _place_overlay(self, columns: Columns) -> None:
        hidden = self.overlaid is None or self.selected is None or self.selected not in self.scrolling.rows
        if hidden or self.selected is None or self.overlaid is None:
            self.canvas.itemconfigure(self._overlay, state="hidden")
            return
        y = (self.selected - self.scrolling.top) * self.row_height
        height = max(self.row_height, self.overlaid.winfo_reqheight())
        y = max(0, min(y, self.canvas.winfo_height() - height))
        self.canvas.coords(self._overlay, columns.text - PAD, y)
        width = columns.text_end - columns.text + 2 * PAD
        self.canvas.itemconfigure(self._overlay, state="normal", width=width, height=height)
