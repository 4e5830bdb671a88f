"""What the Tk windows of other programs show on a screen: read from outside, through Tk's own `send`.

Nothing is done to a window: it is asked what stands where, as a person sees it. `send` needs a screen that asks for
authorization (Tk's manual, send): `virtual_screen(authority=…)`. A process of its own asks, for Tk ends the process
whose screen goes away.
"""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
import tkinter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

LOOK_S = 0.1
OWN_NAME = "asking program"

WIDGETS = """apply {{} {
    set found {}
    set left .
    while {[llength $left]} {
        set left [lassign $left widget]
        lappend left {*}[winfo children $widget]
        if {![winfo viewable $widget]} continue
        set text [expr {[catch {$widget cget -text} told] ? "" : $told}]
        set value [expr {[catch {$widget get} told] ? "" : $told}]
        set disabled [expr {[catch {$widget instate disabled} told] ? 0 : $told}]
        lappend found [list $widget [winfo class $widget] $text $value $disabled \\
            [winfo rootx $widget] [winfo rooty $widget] [winfo width $widget] [winfo height $widget]]
    }
    return $found
}}"""
ROWS = """apply {{tree} {
    set found {}
    foreach row [$tree children {}] {
        lappend found [list [$tree item $row -text] [$tree item $row -values] [$tree bbox $row]]
    }
    return $found
}} {%s}"""
ENTRIES = """apply {{menu} {
    set found {}
    for {set entry 0} {$entry <= [$menu index end]} {incr entry} {
        if {[$menu type $entry] ni {separator tearoff}} {
            lappend found [list [$menu entrycget $entry -label] [$menu entrycget $entry -state] \\
                [$menu xposition $entry] [$menu yposition $entry]]
        }
    }
    return $found
}} {%s}"""
ITEMS = """apply {{list} {
    set found {}
    for {set item 0} {$item < [$list size]} {incr item} {
        lappend found [list [$list get $item] [$list bbox $item]]
    }
    return $found
}} {%s}"""


@dataclass(frozen=True, kw_only=True)
class SeenWidget:
    """What is on the screen: which kind of widget, where, the text on it and the value in it."""

    path: str
    kind: str
    text: str
    value: str
    disabled: bool
    x: int
    y: int
    width: int
    height: int

    @property
    def middle(self) -> tuple[int, int]:
        """Where a person clicks."""
        return self.x + self.width // 2, self.y + self.height // 2


@dataclass(frozen=True, kw_only=True)
class SeenLine:
    """A row of a list or an entry of a menu: its texts, and where a person clicks, None where it is not in view."""

    name: str
    values: tuple[str, ...] = ()
    point: tuple[int, int] | None = None


@functools.cache
def _interpreter() -> tkinter.Tk:
    """Return what reads Tcl's lists. It stays: in another thread than its own, Tcl ends a program that lets it go."""
    return tkinter.Tcl()


class SeenProgram:
    """The windows of a program, which Tk knows by a name that begins so."""

    def __init__(self, asking: subprocess.Popen[str], name: str) -> None:
        self._asking = asking
        self._name = name
        self._list = _interpreter().splitlist

    def ask(self, script: str) -> str | None:
        """Return what a script in the program returns, None where it has no window."""
        assert self._asking.stdin is not None
        assert self._asking.stdout is not None
        self._asking.stdin.write(json.dumps([self._name, script]) + "\n")
        self._asking.stdin.flush()
        return json.loads(self._asking.stdout.readline())

    @property
    def widgets(self) -> list[SeenWidget]:
        """All that is on the screen, what is around first."""
        return [_widget(self._list(each)) for each in self._asked(WIDGETS)]

    def rows(self, tree: SeenWidget) -> list[SeenLine]:
        """Return the rows of a list with columns, in their order."""
        return [
            SeenLine(name=text.strip(), values=self._list(values), point=self._point(tree, box, 0.3))
            for text, values, box in map(self._list, self._asked(ROWS % tree.path))
        ]

    def entries(self, menu: SeenWidget) -> list[SeenLine]:
        """Return the entries of a menu that is open, with their states."""
        return [
            SeenLine(name=label, values=(state,), point=(menu.x + int(x) + 12, menu.y + int(y) + 9))
            for label, state, x, y in map(self._list, self._asked(ENTRIES % menu.path))
        ]

    def items(self, listed: SeenWidget) -> list[SeenLine]:
        """Return the items of a plain list."""
        return [
            SeenLine(name=text, point=self._point(listed, box, 0.5))
            for text, box in map(self._list, self._asked(ITEMS % listed.path))
        ]

    def is_under(self, widget: SeenWidget, point: tuple[int, int]) -> bool:
        """Whether a click on a point reaches the widget, or what is in it."""
        found = self.ask(f"winfo containing {point[0]} {point[1]}") or ""
        return found == widget.path or found.startswith(f"{widget.path}.")

    def has_keyboard(self, widget: SeenWidget) -> bool:
        """Whether what is typed comes to a widget."""
        return self.ask("focus") == widget.path

    def _asked(self, script: str) -> tuple[Any, ...]:
        return self._list(self.ask(script) or "")

    def _point(self, around: SeenWidget, box: str, share: float) -> tuple[int, int] | None:
        """Return the point of a box of a widget that is so far to its right."""
        if not box:
            return None
        left, top, width, height = map(int, self._list(box))
        return around.x + left + round(width * share), around.y + top + height // 2


def _widget(found: tuple[Any, ...]) -> SeenWidget:
    path, kind, text, value, disabled, *box = map(str, found)
    x, y, width, height = map(int, box)
    return SeenWidget(
        path=path,
        kind=kind,
        text=text,
        value=value,
        disabled=disabled == "1",
        x=x,
        y=y,
        width=width,
        height=height,
    )


def until(condition: Callable[[], Any], *, deadline_s: float, what: str) -> Any:
    """Look until something is so, and return it."""
    deadline = time.monotonic() + deadline_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"never came: {what}"
        time.sleep(LOOK_S)
    return found


@contextmanager
def seeing(environment: dict[str, str]) -> Iterator[Callable[[str], SeenProgram]]:
    """Look at the screen of an environment; give what returns the windows of a program."""
    asking = subprocess.Popen(
        [sys.executable, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield lambda name: SeenProgram(asking, name)
    finally:
        asking.communicate(timeout=60)


def main() -> None:
    """Answer questions, one a line, until there are no more."""
    root = tkinter.Tk(className=OWN_NAME.capitalize())
    root.withdraw()
    for line in sys.stdin:
        name, script = json.loads(line)
        sys.stdout.write(json.dumps(_answer(root, name, script)) + "\n")
        sys.stdout.flush()


def _answer(root: tkinter.Tk, name: str, script: str) -> str | None:
    """Ask each program of this name: one that has just ended may be known for a moment longer."""
    for program in root.tk.splitlist(root.tk.call("winfo", "interps")):
        if program.startswith(name):
            try:
                return str(root.tk.call("send", program, script))
            except tkinter.TclError:
                continue
    return None


if __name__ == "__main__":
    main()
