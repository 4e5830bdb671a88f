"""Colours and styles: which theme, what each tone looks like, and corrections to the theme. Knows no panel."""

from __future__ import annotations

import tkinter
from tkinter.font import Font, nametofont

import ttkbootstrap as ttk

from ui.banners import Tone
from ui.bars import RowStatus

THEMES = ttk.Theme(
    name="converter",
    primary="#0d6efd",
    success="#2a9d68",
    info="#0dcaf0",
    warning="#ffc107",
    danger="#e8606c",
    dark={"background": "#212529", "foreground": "#f8f9fa"},
)
"""Bootstrap's dark colours with a green and a red that can be read: its own have a contrast of 4.0 and 3.7 to 1 on a
panel, and text needs 4.5 (WCAG 2.2, 1.4.3)."""

LIGHT_THEMES = ttk.Theme(
    name="converter",
    primary="#0d6efd",
    success="#1b7049",
    info="#0a6675",
    warning="#8a5a00",
    danger="#b02a37",
    light={"background": "#ffffff", "foreground": "#212529"},
)
"""The same on white, where each has to be darker to be read."""

WINDOW_THEMES = {"dark": "converter-dark", "light": "converter-light"}
"""By what WINDOW_THEME says."""


def themed(name: str) -> str:
    """Register the themes, which a window does before it opens, and return the full name of one: dark or light."""
    THEMES.register()
    LIGHT_THEMES.register()
    return WINDOW_THEMES[name]


CARD = "@card"
"""The surface that panels lie on; every label and box on a panel names it, or its background would not match."""

HINT = "@card secondary"

HIDDEN = "●"
"""What a field shows in place of each character of a token."""

TONE_STYLES = {
    Tone.PLAIN: "secondary",
    Tone.BUSY: "primary",
    Tone.GOOD: "success",
    Tone.WARNING: "warning",
    Tone.BAD: "danger",
}
TEXT_TONES = {
    Tone.PLAIN: CARD,
    Tone.BUSY: "@card info",
    Tone.GOOD: "@card success",
    Tone.WARNING: "@card warning",
    Tone.BAD: "@card danger",
}
BAR_STYLES = {
    RowStatus.OFF: CARD,
    RowStatus.WAITING: CARD,
    RowStatus.ACTIVE: CARD,
    RowStatus.DONE: "@card success",
    RowStatus.WARNED: "@card warning",
    RowStatus.SKIPPED: CARD,
    RowStatus.FAILED: "@card danger",
    RowStatus.CANCELLED: "@card warning",
}
FIGURE_STYLES = {
    RowStatus.OFF: HINT,
    RowStatus.WAITING: CARD,
    RowStatus.ACTIVE: CARD,
    RowStatus.DONE: "@card success",
    RowStatus.WARNED: "@card warning",
    RowStatus.SKIPPED: HINT,
    RowStatus.FAILED: "@card danger",
    RowStatus.CANCELLED: "@card warning",
}

DISABLED_TEXT = {"converter-dark": "#959da5", "converter-light": "#60676f"}
"""The themes' own colour for disabled text has a contrast of 1.5 to 1; settings must stay readable while a job runs."""

WITH_DISABLED_TEXT = (ttk.Button, ttk.Checkbutton, ttk.Combobox, ttk.Entry)


def keep_disabled_readable(root: tkinter.Misc, style: ttk.Style) -> None:
    """Give all widgets that are in the window by now a text colour for disabled that can be read."""
    waiting = [root]
    names = set()
    while waiting:
        widget = waiting.pop()
        waiting += widget.winfo_children()
        if isinstance(widget, WITH_DISABLED_TEXT):
            names.add(str(widget.cget("style")) or widget.winfo_class())
    for name in names:
        style.map(name, foreground=[("disabled", DISABLED_TEXT[style.theme_use()])])


def bold(master: tkinter.Misc, *, larger: int = 0) -> Font:
    """Return the window's own font in bold, `larger` points above its size."""
    font = nametofont("TkDefaultFont", root=master).copy()
    size = int(font.cget("size"))
    font.configure(weight="bold", size=size + larger if size > 0 else size - larger)
    return font
