"""The waveform of the selected passage: its peaks, the segment's limits, the word at the cursor, what is heard now."""

from __future__ import annotations

import tkinter
from tkinter.font import nametofont

from ui.language import shown
from ui.theme import on_new_theme
from ui.transcripts.colours import canvas_colours
from ui.transcripts.wave_view import WaveView, outline

HEIGHT_LINES = 3
PLAYHEAD = "playhead"


class Waveform:
    """A canvas that shows a `WaveView`."""

    def __init__(self, master: tkinter.Misc) -> None:
        self._colours = canvas_colours(master)
        self._shown: WaveView | None = None
        self._playhead_s: float | None = None
        font = nametofont("TkDefaultFont", root=master)
        height = HEIGHT_LINES * font.metrics("linespace")
        self.canvas = tkinter.Canvas(
            master,
            width=100,
            height=height,
            highlightthickness=0,
            borderwidth=0,
            background=self._colours.field,
        )
        on_new_theme(self.canvas, self._colour)
        self.canvas.bind("<Configure>", lambda _: self._draw(), add="+")

    def show(self, view: WaveView | None) -> None:
        """Show a passage, or none."""
        if view != self._shown:
            self._shown = view
            self._draw()

    def point(self, time_s: float | None) -> None:
        """Draw the playhead at a time of the video, or none."""
        self._playhead_s = time_s
        canvas, view = self.canvas, self._shown
        if time_s is None or view is None:
            canvas.delete(PLAYHEAD)
            return
        x = view.x(time_s, canvas.winfo_width())
        if not canvas.find_withtag(PLAYHEAD):
            canvas.create_line(x, 0, x, 0, fill=self._colours.warning, width=2, tags=PLAYHEAD)
        canvas.coords(PLAYHEAD, x, 0, x, canvas.winfo_height())

    def _colour(self) -> None:
        self._colours = canvas_colours(self.canvas)
        self.canvas.configure(background=self._colours.field)
        self._draw()

    def _draw(self) -> None:
        canvas, view, colours = self.canvas, self._shown, self._colours
        canvas.delete("all")
        if view is None:
            return
        width, height = canvas.winfo_width(), canvas.winfo_height()
        canvas.create_rectangle(
            view.x(view.start_s, width), 0, view.x(view.stop_s, width), height, fill=colours.selected, width=0
        )
        points = outline(view.peaks, width, height)
        if points:
            canvas.create_polygon(points, fill=colours.quiet, width=0)
        if view.head_s is not None:
            x = view.x(view.head_s, width)
            canvas.create_line(x, 0, x, height, fill=colours.stripe, width=2)
        if view.note:
            canvas.create_text(
                width / 2, height / 2, text=shown(view.note), fill=colours.quiet, width=width, justify="center"
            )
        self.point(self._playhead_s)
