"""A column of panels that scrolls when it is higher than the window."""

from __future__ import annotations

import tkinter

import ttkbootstrap as ttk

from ui.widgets.folding_card import UNFOLDED, FoldingCard
from ui.widgets.scrollbars import show_when_needed
from ui.window_size import on_screen

MARGIN = 12
CONTROLS = (ttk.Button, ttk.Checkbutton, ttk.Combobox, ttk.Entry)


class ScrolledColumn(ttk.ScrolledFrame):
    """A scrolled frame that brings the control that has the keyboard into view, and a card that was just unfolded."""

    def __init__(self, master: tkinter.Misc, *, width: int) -> None:
        super().__init__(master, width=width, height=100, padding=0)
        show_when_needed(self.vbar, self._canvas)

    def follow_focus(self) -> None:
        """Watch all controls that are in the column by now."""
        waiting: list[tkinter.Misc] = [self]
        while waiting:
            widget = waiting.pop()
            waiting += widget.winfo_children()
            # Only on controls: Tk takes whatever listens to the focus for something that Tab should stop at.
            if isinstance(widget, CONTROLS):
                widget.bind("<FocusIn>", lambda event: self.bring_into_view(event.widget), add="+")
            if isinstance(widget, FoldingCard):
                widget.bind(UNFOLDED, lambda event: self._show_unfolded(event.widget), add="+")

    def bring_into_view(self, widget: tkinter.Misc) -> None:
        """Scroll as far as it takes to see a widget of the column, its top where it is higher than the window."""
        total = self.winfo_height()
        first, last = self.yview() or (0.0, 1.0)
        margin = on_screen(self, MARGIN)
        top = widget.winfo_rooty() - self.winfo_rooty() - margin
        bottom = top + widget.winfo_height() + 2 * margin
        if total <= 0 or (top >= first * total and bottom <= last * total):
            return
        room = (last - first) * total
        self.yview_moveto(top / total if top < first * total or bottom - top > room else (bottom - room) / total)

    def _show_unfolded(self, card: tkinter.Misc) -> None:
        if card.winfo_viewable():
            self.update_idletasks()  # its height is known only then
            self.bring_into_view(card)
