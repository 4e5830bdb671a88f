"""The lengths that Tk keeps in pixels, however they were told: what lies around and between widgets, how large frames
and drawings are. They are made longer or shorter here when the density changes.
"""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from tkinter import ttk as plain
from typing import Any
from weakref import WeakKeyDictionary

LENGTHS = {
    "TFrame": ("width", "height", "padding"),
    "TLabel": ("padding",),
    "TButton": ("padding",),
    "Canvas": ("width", "height"),
    "TProgressbar": ("length",),
    "TScale": ("length",),
}
"""The options of each class that are lengths; fields and texts tell theirs in characters and lines."""

AROUND = ("padx", "pady", "ipadx", "ipady")
UNITS = ("p", "i", "c", "m")


@dataclass(frozen=True, kw_only=True)
class KeptLength:
    """A length as it was first seen, and the one that was set last for it."""

    pixels: int
    scaling: float
    last: int


class Lengths:
    """The lengths of widgets, as they were first seen: those of a density that comes again are the same."""

    def __init__(self) -> None:
        self._kept: WeakKeyDictionary[tkinter.Misc, dict[str, KeptLength]] = WeakKeyDictionary()

    def scale(self, root: tkinter.Misc, before: float, after: float) -> None:
        """Give everything in a window, and in the windows beside it, lengths for `after` in place of `before`, both in
        pixels a point.
        """
        for widget in every(root):
            self._scale_around(widget, before, after)
            self._scale_options(widget, before, after)
            self._scale_grid(widget, before, after)
            if isinstance(widget, plain.Treeview):
                self._scale_columns(widget, before, after)

    def scaled(
        self, widget: tkinter.Misc, key: str, pixels: int, before: float, after: float, *, most: int | None = None
    ) -> int:
        """Return how long something of a widget is that is `pixels` long now, and at `most` so long."""
        all_kept = self._kept.setdefault(widget, {})
        kept = all_kept.get(key)
        if kept is None or kept.last != pixels:  # it was told anew since
            kept = KeptLength(pixels=pixels, scaling=before, last=pixels)
        length = round(kept.pixels * after / kept.scaling)
        length = length if most is None else min(length, most)
        all_kept[key] = KeptLength(pixels=kept.pixels, scaling=kept.scaling, last=length)
        return length

    def _scale_around(self, widget: tkinter.Misc, before: float, after: float) -> None:
        """What lies around a widget in what holds it; that of one which is hidden is known when it is shown again."""
        if not isinstance(widget, tkinter.Widget) or isinstance(widget, tkinter.Toplevel | tkinter.Menu):
            return
        manager = widget.winfo_manager()
        if manager == "pack":
            widget.pack_configure(**self._around(widget, widget.pack_info(), before, after))
        elif manager == "grid":
            widget.grid_configure(**self._around(widget, widget.grid_info(), before, after))
        elif not manager and not widget.master.pack_slaves():
            widget.grid()
            widget.grid_configure(**self._around(widget, widget.grid_info(), before, after))
            widget.grid_remove()

    def _around(self, widget: tkinter.Misc, info: Any, before: float, after: float) -> dict[str, Any]:  # noqa: ANN401  # as in Tk
        return {
            side: tuple(
                self.scaled(widget, f"{side}{place}", int(pixels), before, after)
                for place, pixels in enumerate(_each(widget, info[side]))
            )
            if side in ("padx", "pady")
            else self.scaled(widget, side, int(info[side]), before, after)
            for side in AROUND
        }

    def _scale_options(self, widget: tkinter.Misc, before: float, after: float) -> None:
        for option in LENGTHS.get(widget.winfo_class(), ()):
            # past what a widget of several may make of its options
            told = _each(widget, widget.tk.call(str(widget), "cget", f"-{option}"))
            if not told:
                continue
            lengths = [
                one if one.endswith(UNITS) else str(self.scaled(widget, f"{option}{place}", int(one), before, after))
                for place, one in enumerate(told)
            ]
            widget.tk.call(str(widget), "configure", f"-{option}", " ".join(lengths))

    def _scale_grid(self, widget: tkinter.Misc, before: float, after: float) -> None:
        """The least width of columns and height of rows."""
        columns, rows = widget.grid_size()
        lines: tuple[tuple[str, int, Callable[..., Any]], ...] = (
            ("column", columns, widget.grid_columnconfigure),
            ("row", rows, widget.grid_rowconfigure),
        )
        for kind, number, configure in lines:
            for place in range(number):
                least = int(configure(place, "minsize"))
                if least:
                    configure(place, minsize=self.scaled(widget, f"{kind}{place}", least, before, after))

    def _scale_columns(self, tree: plain.Treeview, before: float, after: float) -> None:
        for name in ("#0", *tree.cget("columns")):
            for option in ("width", "minwidth"):
                pixels = int(tree.column(name, option))
                tree.tk.call(
                    tree, "column", name, f"-{option}", self.scaled(tree, f"{name}{option}", pixels, before, after)
                )


def every(root: tkinter.Misc) -> Iterator[tkinter.Misc]:
    """Yield a window, what is in it, and the windows beside it with what is in them."""
    waiting = [root]
    while waiting:
        widget = waiting.pop()
        waiting += widget.winfo_children()
        yield widget


def _each(widget: tkinter.Misc, told: object) -> list[str]:
    """Return the parts of a length, or of a list of them, as Tk tells it."""
    return [str(one) for one in (told if isinstance(told, tuple) else widget.tk.splitlist(str(told)))]
