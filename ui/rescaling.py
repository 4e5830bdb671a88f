"""Draws all windows for another density of the screen while they are open: the editor wants larger text, or has moved
the window to another screen.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk as plain
from tkinter.font import nametofont

import ttkbootstrap as ttk

from ui.lengths import Lengths, every
from ui.theme import FAMILY, use_family
from ui.window_size import BARS, SMALLEST_SHARE, is_maximised, on_screen

POINTS_AN_INCH = 72
TYPED_MS = 400
"""How long a size must stand before it is used: half of it may have been typed."""

RESCALED = "<<Rescaled>>"
"""Every widget is told when all has been drawn anew."""


class Rescaling:
    """The density that the windows of the program are drawn for, `scaling`, in pixels a point: the screen's, by the
    percent that the editor wants texts to have of their usual size.
    """

    def __init__(self, window: ttk.App, percent: int) -> None:
        """`percent` is the size that the window was opened with."""
        self._window = window
        self._lengths = Lengths()
        self._waiting = ""
        self.percent = percent
        self.scaling = self._first = float(window.tk.call("tk", "scaling"))
        self._of_screen = self.scaling * 100 / percent

    def use_percent_soon(self, percent: int) -> None:
        """Draw texts, and everything with them, so large when nothing else has been wanted for a moment."""
        if self._waiting:
            self._window.after_cancel(self._waiting)
        self._waiting = self._window.after(TYPED_MS, self._use_percent, percent)

    def use_density(self, dots_an_inch: int | None) -> None:
        """Draw for a screen of so many dots an inch; None is the one that the window opened on."""
        if dots_an_inch is not None:
            self._of_screen = dots_an_inch / POINTS_AN_INCH
            self.use(self._of_screen * self.percent / 100)

    def _use_percent(self, percent: int) -> None:
        self._waiting = ""
        self.percent = percent
        self.use(self._of_screen * percent / 100)

    def use(self, scaling: float) -> None:
        """Draw all windows for another density, and make them as much larger or smaller."""
        before, self.scaling = self.scaling, scaling
        if abs(scaling - before) < 0.001:
            return
        window = self._window
        window.tk.call("tk", "scaling", scaling)
        self._scale_fonts(before)
        use_family(window.style, FAMILY if scaling == self._first else f"{FAMILY}@{scaling:.3f}")
        self._lengths.scale(window, before, scaling)
        self._lay_out_texts()
        for widget in every(window):
            widget.event_generate(RESCALED)
        for one in every(window):
            if isinstance(one, tkinter.Tk | tkinter.Toplevel) and not one.wm_overrideredirect():
                self._scale_window(one, before)

    def _scale_fonts(self, before: float) -> None:
        window = self._window
        for name in window.tk.splitlist(window.tk.call("font", "names")):
            font = nametofont(name, root=window)
            size = int(font.cget("size"))  # points, which are measured anew; below 0 these are pixels
            if size < 0:
                size = -self._lengths.scaled(window, f"font {name}", -size, before, self.scaling)
            font.configure(size=size)

    def _lay_out_texts(self) -> None:
        """Put the texts of fields where they belong: Tk measures them only when something is set (ttkEntry.c)."""
        for widget in every(self._window):
            if isinstance(widget, plain.Entry):
                widget.tk.call(str(widget), "configure", "-justify", widget.cget("justify"))

    def _scale_window(self, window: tkinter.Tk | tkinter.Toplevel, before: float) -> None:
        """Give a window its size, as far as the screen has room for it."""
        room = (window.winfo_screenwidth(), window.winfo_screenheight() - on_screen(window, BARS))
        now = (*window.minsize(), window.winfo_width(), window.winfo_height())
        most = (*(round(one * SMALLEST_SHARE) for one in room), *room)
        lengths = [
            self._lengths.scaled(window, name, length, before, self.scaling, most=longest)
            for name, length, longest in zip(("least w", "least h", "w", "h"), now, most, strict=True)
        ]
        window.minsize(*lengths[:2])
        if not is_maximised(window) and window.winfo_width() > 1:
            window.geometry("{}x{}".format(*lengths[2:]))


def on_rescale(widget: tkinter.Misc, do: Callable[[], None]) -> None:
    """Call `do` whenever the windows have been drawn for another density, as long as the widget is there."""
    widget.bind(RESCALED, lambda _: do(), add="+")
