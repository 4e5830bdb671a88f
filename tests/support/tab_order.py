"""Goes through a window with the Tab key, as somebody without a mouse does."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Sequence
from itertools import pairwise

CONTROLS = (
    *("TButton", "TCheckbutton", "TCombobox", "TEntry", "TMenubutton", "TNotebook", "TScale", "TSpinbox"),
    *("Treeview", "Text"),
)
MOST = 300
"""Presses of Tab: more than any window has controls."""


def controls(top: tkinter.Misc) -> list[tkinter.Misc]:
    """Return what can be used in a window as it is now, without the windows beside it."""
    found, waiting = [], [top]
    while waiting:
        widget = waiting.pop()
        waiting += [child for child in widget.winfo_children() if not isinstance(child, tkinter.Toplevel)]
        disabled = "disabled" in widget.state() if hasattr(widget, "instate") else False
        if widget.winfo_class() in CONTROLS and widget.winfo_viewable() and not disabled:
            found.append(widget)
    return found


def stops(top: tkinter.Tk | tkinter.Toplevel, settle: Callable[[], None], key: str = "<Tab>") -> list[tkinter.Misc]:
    """Press Tab until it comes to a control for the second time; return where it stopped."""
    top.focus_force()
    settle()
    seen: list[tkinter.Misc] = []
    for _ in range(MOST):
        (top.focus_get() or top).event_generate(key)
        settle()
        focused = top.focus_get()
        assert focused is not None
        if focused in seen:
            return seen
        seen.append(focused)
    raise AssertionError(f"{MOST} stops are no end: {seen[-5:]}")


def missed(top: tkinter.Tk | tkinter.Toplevel, settle: Callable[[], None]) -> list[str]:
    """Return what Tab does not come to, and what it comes to before something that is read earlier."""
    found = stops(top, settle)
    never = [f"Tab never comes to {told(one)}" for one in controls(top) if one not in found]
    return never + _out_of_order(found)


def told(widget: tkinter.Misc) -> str:
    """Return a widget's path and what it says."""
    has_text = widget.winfo_class() in ("TButton", "TCheckbutton", "TMenubutton")
    return f"{widget} {widget.cget('text')!r}" if has_text else str(widget)


def _out_of_order(found: Sequence[tkinter.Misc]) -> list[str]:
    return [
        f"Tab comes to {told(one)} before {told(other)}" for one, other in pairwise(found) if _read_earlier(other, one)
    ]


def _read_earlier(one: tkinter.Misc, other: tkinter.Misc) -> bool:
    """Whether a control stands above another, or to the left of it in the same line: the parts that they are in do."""
    first, second = _parts(one, other)
    top, bottom = first.winfo_rooty(), first.winfo_rooty() + first.winfo_height()
    if bottom <= second.winfo_rooty():
        return first.winfo_rootx() < second.winfo_rootx() + second.winfo_width()  # not another column
    beside = top < second.winfo_rooty() + second.winfo_height()
    return beside and first.winfo_rootx() + first.winfo_width() <= second.winfo_rootx()


def _parts(one: tkinter.Misc, other: tkinter.Misc) -> tuple[tkinter.Misc, tkinter.Misc]:
    """Return the parts, children of one frame, that two controls are in."""
    above = _ancestors(one)
    for part in _ancestors(other):
        if part.master in [each.master for each in above]:
            return next(each for each in above if each.master is part.master), part
    raise AssertionError(f"{one} and {other} are in different windows")


def _ancestors(widget: tkinter.Misc) -> list[tkinter.Misc]:
    found = [widget]
    while found[-1].master is not None and not isinstance(found[-1], tkinter.Tk | tkinter.Toplevel):
        found.append(found[-1].master)
    return found
