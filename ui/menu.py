"""The menu bar: draws menus that are told as data, and binds the shortcuts of their entries. Knows no panel."""

from __future__ import annotations

import re
import sys
import tkinter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import ttkbootstrap as ttk

from ui.language import shown
from ui.theme import colour_menu, on_new_theme
from ui.view_state import ViewState
from ui.widgets.menu_letters import underline

IS_MAC = sys.platform == "darwin"
MODIFIER = "Command" if IS_MAC else "Control"
SHOWN_MODIFIER = "Cmd" if IS_MAC else "Ctrl"
KEY_NAMES = {
    **{"Return": "Enter", "period": ".", "comma": ",", "slash": "/", "BackSpace": "Backspace"},
    **{"Shift": "Shift", "Alt": "Alt", "Up": "Up", "Down": "Down"},
}
"""What is shown for the names that Tk has for keys."""

SHOWN_ALT = "Option" if IS_MAC else "Alt"
"""Tk calls it so, too."""

FUNCTION_KEY = re.compile(r"F\d+")


def always(_: ViewState) -> bool:
    """Return True, whatever the state."""
    return True


@dataclass(frozen=True, kw_only=True)
class MenuCommand:
    """An entry that does something.

    `key` is a letter, or Tk's name of a key, such as `o`, `Shift-O` or `Return`: it is pressed with Control, on a Mac
    with Command, but for those such as `Alt-Up`, and function keys, which are pressed alone. `enabled` says whether the
    entry does something now. `bound` is false if the key works without the menu.
    """

    label: str
    do: Callable[[], object]
    key: str = ""
    enabled: Callable[[ViewState], bool] = always
    bound: bool = True


@dataclass(frozen=True, kw_only=True)
class Switch:
    """An entry with a tick, which shows and changes a variable."""

    label: str
    variable: tkinter.BooleanVar


@dataclass(frozen=True, kw_only=True)
class Separator:
    """A line between two groups of entries."""


SEPARATOR = Separator()


@dataclass(frozen=True, kw_only=True)
class Menu:
    """A menu of the bar; an ampersand in its label stands before the letter that opens it with Alt."""

    label: str
    entries: Sequence[MenuCommand | Switch | Separator]


class MenuBar:
    """The menus of a window, and the shortcuts of their entries."""

    def __init__(self, window: ttk.App, menus: Sequence[Menu]) -> None:
        self.bar = tkinter.Menu(window, relief="flat", borderwidth=0)
        self.menus: dict[str, tkinter.Menu] = {}
        self._window = window
        self._state: ViewState | None = None
        self._commands: list[tuple[tkinter.Menu, int, MenuCommand]] = []
        for menu in menus:
            self._add(menu)
        self.recolour(window.style)
        on_new_theme(self.bar, lambda: self.recolour(window.style))
        window.configure(menu=self.bar)

    def show(self, state: ViewState) -> None:
        """Show which entries do something now."""
        self._state = state
        for menu, index, command in self._commands:
            wanted = "normal" if command.enabled(state) else "disabled"
            # The entry beneath the pointer is called active.
            if (str(menu.entrycget(index, "state")) == "disabled") != (wanted == "disabled"):
                menu.entryconfigure(index, state=wanted)

    def recolour(self, style: ttk.Style) -> None:
        """Give the menus the colours of the theme."""
        for menu in (self.bar, *self.menus.values()):
            colour_menu(menu, style)

    def _add(self, menu: Menu) -> None:
        before, mark, after = shown(menu.label).partition("&")
        label = before + after
        made = tkinter.Menu(self.bar, tearoff=False)
        self.menus[menu.label.replace("&", "")] = made
        self.bar.add_cascade(label=label, menu=made, underline=len(before) if mark else -1)
        for index, entry in enumerate(menu.entries):
            if isinstance(entry, Separator):
                made.add_separator()
            elif isinstance(entry, Switch):
                made.add_checkbutton(label=shown(entry.label), variable=entry.variable)
            else:
                made.add_command(label=shown(entry.label), command=entry.do, accelerator=shown_key(entry.key))
                self._commands.append((made, index, entry))
                for key in key_events(entry.key) if entry.bound else ():
                    self._window.bind(key, partial(self._pressed, entry))
        underline(made)

    def _pressed(self, command: MenuCommand, _: object) -> str:
        if self._state is not None and command.enabled(self._state):
            command.do()
        return "break"


def shown_key(key: str) -> str:
    """Return how a menu shows a key."""
    *others, name = key.split("-")
    if not name:
        return ""
    if others[:1] == ["Alt"]:
        return "+".join(shown(part) for part in (SHOWN_ALT, *others[1:], KEY_NAMES.get(name, name)))
    modifiers = [] if FUNCTION_KEY.fullmatch(name) else [SHOWN_MODIFIER]
    last = KEY_NAMES.get(name, name if len(name) > 1 else name.upper())
    return "+".join(shown(part) for part in (*modifiers, *others, last))


def key_events(key: str) -> tuple[str, ...]:
    """Return Tk's events for a key; with Caps Lock a letter is another key to Tk."""
    *others, name = key.split("-")
    if not name:
        return ()
    if others[:1] == ["Alt"]:
        return (f"<{'-'.join([SHOWN_ALT, *others[1:], name])}>",)
    if FUNCTION_KEY.fullmatch(name):
        return (f"<{'-'.join([*others, name])}>",)
    start = "-".join([MODIFIER, *others])
    if name == "Return":
        return (f"<{start}-Return>", f"<{start}-KP_Enter>")
    if len(name) > 1 or not name.isalpha():
        return (f"<{start}-Key-{name}>",)
    return (f"<{start}-{name}>", f"<{MODIFIER}-Lock-{'-'.join([*others, name.swapcase()])}>")
