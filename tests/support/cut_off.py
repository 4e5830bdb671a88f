"""Finds what is wrong with the places of the widgets in a window, by geometry: what is cut off, outside of what holds
it, or overlapping.
"""

from __future__ import annotations

import tkinter
from collections.abc import Iterator
from itertools import combinations

WHOLE = ("TButton", "TCheckbutton", "TLabel")
"""Classes of widgets of which no side may be cut off."""

HIGH = (*WHOLE, "TCombobox", "TEntry")
"""Those that may be narrower than they ask to be, but not lower: what is in them can be scrolled sideways."""


def faults(window: tkinter.Misc) -> list[str]:
    """Return a sentence for every widget that can't be seen whole; what a canvas scrolls may be out of its view."""
    found: list[str] = []
    waiting: list[tkinter.Misc] = [window]
    while waiting:
        holder = waiting.pop()
        found += [f"{named(child)} has no room in {holder}" for child in holder.winfo_children() if _is_left_out(child)]
        children = [child for child in holder.winfo_children() if _is_laid_out(child)]
        waiting += children
        for child in children:
            found += _cut_off(child)
            found += _outside(child, holder)
        found += [
            f"{named(one)} overlaps {named(other)}" for one, other in combinations(children, 2) if _overlap(one, other)
        ]
    return found


def named(widget: tkinter.Misc) -> str:
    """Return a widget's path, with what it says."""
    has_text = "text" in widget.keys()  # noqa: SIM118  # a widget is no mapping
    return f"{widget} {widget.cget('text')!r}" if has_text else str(widget)


def _is_laid_out(widget: tkinter.Misc) -> bool:
    return not isinstance(widget, tkinter.Toplevel) and bool(widget.winfo_ismapped())


def _is_left_out(widget: tkinter.Misc) -> bool:
    """Whether a widget is to be shown in what holds it and is not: a row or column that has no room at all."""
    wants_none = widget.winfo_reqwidth() <= 1 and widget.winfo_reqheight() <= 1  # a frame that holds nothing
    return widget.winfo_manager() in ("grid", "pack") and not widget.winfo_ismapped() and not wants_none


def _cut_off(widget: tkinter.Misc) -> Iterator[str]:
    kind = widget.winfo_class()
    if kind in WHOLE and widget.winfo_width() < widget.winfo_reqwidth():
        yield f"{named(widget)} is {widget.winfo_width()} wide and asks for {widget.winfo_reqwidth()}"
    if kind in HIGH and widget.winfo_height() < widget.winfo_reqheight():
        yield f"{named(widget)} is {widget.winfo_height()} high and asks for {widget.winfo_reqheight()}"


def _outside(widget: tkinter.Misc, holder: tkinter.Misc) -> Iterator[str]:
    x, y = widget.winfo_rootx() - holder.winfo_rootx(), widget.winfo_rooty() - holder.winfo_rooty()
    if x < 0 or x + widget.winfo_width() > holder.winfo_width():
        yield f"{named(widget)} leaves {holder} sideways"
    scrolled = isinstance(holder, tkinter.Canvas)
    if not scrolled and (y < 0 or y + widget.winfo_height() > holder.winfo_height()):
        yield f"{named(widget)} leaves {holder} above or below"


def _overlap(one: tkinter.Misc, other: tkinter.Misc) -> bool:
    """Whether two widgets share a pixel, unless one is placed upon the other so that nothing of that can be seen."""
    if _covers(one, other) or _covers(other, one):
        return False
    across = one.winfo_rootx() < other.winfo_rootx() + other.winfo_width()
    back = other.winfo_rootx() < one.winfo_rootx() + one.winfo_width()
    down = one.winfo_rooty() < other.winfo_rooty() + other.winfo_height()
    up = other.winfo_rooty() < one.winfo_rooty() + one.winfo_height()
    return across and back and down and up


def _covers(one: tkinter.Misc, other: tkinter.Misc) -> bool:
    """Whether a widget is placed upon another one and hides all of it."""
    right = one.winfo_rootx() + one.winfo_width() >= other.winfo_rootx() + other.winfo_width()
    bottom = one.winfo_rooty() + one.winfo_height() >= other.winfo_rooty() + other.winfo_height()
    left, top = one.winfo_rootx() <= other.winfo_rootx(), one.winfo_rooty() <= other.winfo_rooty()
    return one.winfo_manager() == "place" and left and right and top and bottom
