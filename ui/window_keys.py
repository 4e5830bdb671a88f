"""What keys and the mouse wheel do in the main window."""

from __future__ import annotations

import tkinter
from collections.abc import Callable
from tkinter import ttk as plain

import ttkbootstrap as ttk

from ui import screen_reader
from ui.menu import key_events
from ui.widgets.list_keys import ListKeys

START_KEYS = key_events("Return")


def bind_keys(window: ttk.App, *, close: Callable[[], None], used: Callable[[], None]) -> None:
    """Bind keys and the mouse wheel in a window that `close` closes; the shortcuts are those of its menus.

    `used` is called at every key and click in it and in the windows beside it.
    """
    # The release: what a key or button does where it is pressed may keep the event to itself.
    for event in ("<KeyRelease>", "<ButtonRelease>", "<MouseWheel>"):
        window.bind_all(event, lambda _: used(), add="+")
    for key in ("<Return>", "<KP_Enter>"):
        window.bind(key, _to_the_next_field)
    for key in START_KEYS:
        # Tk takes it for Enter too, which presses the button that has the keyboard.
        window.bind_class("TButton", key, lambda _: None)
    window.createcommand("::tk::mac::Quit", close)  # Cmd+Q, and Quit in the menu bar (Tk, tk_mac)
    window.createcommand("::tk::mac::ReopenApplication", window.deiconify)  # its icon in the dock was pressed
    # ttkbootstrap takes the space bar away from buttons; whoever works by keyboard expects it there.
    # The wheel scrolls the column; a list that passes beneath the pointer must not choose something else.
    for wheel in ("<MouseWheel>", "<Shift-MouseWheel>", "<Button-4>", "<Button-5>"):
        window.unbind_class("TCombobox", wheel)
    ListKeys(window)
    screen_reader.follow(window)
    window.bind_class("TButton", "<Key-space>", lambda event: window.tk.call(str(event.widget), "invoke"))


def _to_the_next_field(event: tkinter.Event[tkinter.Misc]) -> None:
    """Let Enter in a field take what was typed and go on to the next control, as Tab does."""
    if isinstance(event.widget, plain.Entry):
        after = event.widget.tk_focusNext()
        if after is not None:
            after.focus_set()
