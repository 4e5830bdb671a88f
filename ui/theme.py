"""Colours and styles: which theme, what each tone looks like, and corrections to the theme. Knows no panel."""

from __future__ import annotations

import tkinter
from collections.abc import Callable, Mapping
from tkinter import ttk as plain
from tkinter.font import Font, nametofont
from typing import Any

import ttkbootstrap as ttk

from ui.banners import Tone
from ui.bars import RowStatus

FAMILY = "converter"
"""What the themes of both colours are called, for the density of the screen that the window opened on."""

THEMES = ttk.Theme(
    name=FAMILY,
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
    name=FAMILY,
    primary="#0d6efd",
    success="#1b7049",
    info="#0a6675",
    warning="#8a5a00",
    danger="#b02a37",
    light={"background": "#ffffff", "foreground": "#212529"},
)
"""The same on white, where each has to be darker to be read."""

WINDOW_THEMES = ("dark", "light")
"""What WINDOW_THEME says."""


def themed(name: str) -> str:
    """Register the themes, which a window does before it opens, and return the full name of one: dark or light."""
    THEMES.register()
    LIGHT_THEMES.register()
    return f"{FAMILY}-{name}"


def shown_theme(style: ttk.Style) -> str:
    """Return which theme is in use: dark or light."""
    return str(style.theme_use()).rpartition("-")[2]


def use_family(style: ttk.Style, family: str) -> None:
    """Draw everything with the themes of another density, by the name of their family: a theme, once it is built, keeps
    the sizes of the density that it was built for.
    """
    name = f"{family}-{shown_theme(style)}"
    if name not in style.theme_names():
        for theme in (THEMES, LIGHT_THEMES):
            ttk.Theme.from_existing(theme, name=family).register()
    style.theme_use(name)


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
BAR_COLOURS = {
    "dark": {
        RowStatus.ACTIVE: "#6ea8fe",
        RowStatus.DONE: "#74c69d",
        RowStatus.WARNED: "#ffcd39",
        RowStatus.FAILED: "#f1a1a8",
        RowStatus.CANCELLED: "#ffcd39",
    },
    "light": {
        RowStatus.ACTIVE: "#0a58ca",
        RowStatus.DONE: "#165a3a",
        RowStatus.WARNED: "#8a5a00",
        RowStatus.FAILED: "#8d222c",
        RowStatus.CANCELLED: "#8a5a00",
    },
}
"""What a bar is filled with: it stands out from what is not filled by 3 to 1 (WCAG 2.2, 1.4.11), which the dark theme's
own colours do not.
"""

FIGURE_STYLES = {
    RowStatus.ABSENT: HINT,
    RowStatus.OFF: HINT,
    RowStatus.PLANNED: CARD,
    RowStatus.WAITING: HINT,
    RowStatus.ACTIVE: CARD,
    RowStatus.DONE: "@card success",
    RowStatus.WARNED: "@card warning",
    RowStatus.SKIPPED: HINT,
    RowStatus.FAILED: "@card danger",
    RowStatus.CANCELLED: "@card warning",
}

DISABLED_TEXT = {"dark": "#959da5", "light": "#60676f"}
"""The themes' own colour for disabled text has a contrast of 1.5 to 1; settings must stay readable while a job runs."""

CONTROL_BORDERS = {"dark": "#868e96", "light": "#6c757d"}
"""The themes' own borders of fields and buttons have a contrast of 1.3 to 1.7 to 1, and 3 is needed to see what can be
typed into or pressed (WCAG 2.2, 1.4.11)."""

PRIMARY_TEXT = {"dark": "#000000", "light": "#ffffff"}
"""The text of a button that is filled with a colour: white on the dark theme's blue has a contrast of 3.3 to 1."""

WITH_TEXT = ("TButton", "TCheckbutton", "TCombobox", "TEntry")
WITH_BORDER = ("TButton", "TCombobox", "TEntry", "Treeview")
FOCUS_FRAME = "Highlight.TFrame"
"""The frame around a text, which shows the focus."""


def bar_style(status: RowStatus, style: ttk.Style) -> str:
    """Return how a bar looks on a panel; one that waits or is off has nothing that is filled."""
    colours = BAR_COLOURS[shown_theme(style)]
    return f"@card {colours.get(status, colours[RowStatus.ACTIVE])}"


def change_theme(style: ttk.Style, name: str) -> None:
    """Give every window the colours of a theme: dark or light."""
    if shown_theme(style) != name:
        style.theme_use(f"{str(style.theme_use()).rpartition('-')[0]}-{name}")


def on_new_theme(widget: tkinter.Misc, do: Callable[[], None]) -> None:
    """Call `do` whenever the theme has become another one, as long as the widget is there."""
    shown = ttk.Style().theme_use()

    def changed(_: tkinter.Event[tkinter.Misc]) -> None:
        nonlocal shown
        now = ttk.Style().theme_use()
        if now != shown:  # Tk tells of every style that is changed, too, and `do` may change some
            shown = now
            do()

    widget.bind("<<ThemeChanged>>", changed, add="+")


def keep_visible(root: tkinter.Misc, style: ttk.Style) -> None:
    """Correct the theme for all widgets that are in the window by now: texts can be read, disabled ones too, and
    controls can be seen.
    """
    # ttkbootstrap colours a root window by its class, and only one of Tk's own class
    root.winfo_toplevel().configure(background=style.colors.bg)
    theme = shown_theme(style)
    on_colour, disabled = PRIMARY_TEXT[theme], {"disabled": DISABLED_TEXT[theme]}
    for name, kind in _styles(root):
        is_outline = "Outline" in name  # which is filled beneath the pointer
        if kind in WITH_TEXT:
            filled = {"pressed": on_colour, "hover": on_colour} if is_outline else {}
            _remap(style, name, "foreground", disabled | filled)
        if kind == "TButton" and "primary" in name:
            style.configure(name, foreground=on_colour, focuscolor=on_colour)
        elif (kind in WITH_BORDER and not is_outline) or name == FOCUS_FRAME:
            border = CONTROL_BORDERS[theme]
            style.configure(name, bordercolor=border)
            _remap(style, name, "bordercolor", {"pressed": border, "hover": border})


def _styles(root: tkinter.Misc) -> set[tuple[str, str]]:
    """Return the style and the kind of every themed widget in a window."""
    found, waiting = set(), [root]
    while waiting:
        widget = waiting.pop()
        waiting += widget.winfo_children()
        if isinstance(widget, plain.Widget):
            kind = widget.winfo_class()
            found.add((str(widget.cget("style")) or kind, kind))
    return found


def _remap(style: ttk.Style, name: str, option: str, colours: Mapping[str, str]) -> None:
    """Set what colour an option has in these states; in others it stays as it is."""
    # ttk takes the first that fits: what is disabled or has the focus goes before what the pointer is on
    kept = [entry for entry in style.map(name, query_opt=option) if not set(entry[:-1]) & set(colours)]
    changed = [(state, colour) for state, colour in colours.items()]
    disabled = [entry for entry in changed if entry[0] == "disabled"]
    found: dict[str, Any] = {option: [*disabled, *kept, *(entry for entry in changed if entry not in disabled)]}
    style.map(name, **found)


def colour_menu(menu: tkinter.Menu, style: ttk.Style) -> None:
    """Give a menu that opens in the window its colours: Tk's own menus know no theme."""
    colours = style.colors
    menu.configure(
        background=colours.inputbg,
        foreground=colours.inputfg,
        activebackground=colours.selectbg,
        activeforeground=colours.selectfg,
        disabledforeground=DISABLED_TEXT[shown_theme(style)],
    )


def bold(master: tkinter.Misc, *, larger: int = 0) -> Font:
    """Return the window's own font in bold, `larger` points above its size."""
    font = nametofont("TkDefaultFont", root=master).copy()
    size = int(font.cget("size"))
    font.configure(weight="bold", size=size + larger if size > 0 else size - larger)
    return font
