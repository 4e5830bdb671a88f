"""The window's colours."""

from __future__ import annotations

import tkinter
from collections.abc import Iterator
from dataclasses import replace
from tkinter import ttk as plain

import pytest
import ttkbootstrap as ttk
from contrast import OTHERS, TEXT, contrast
from ui_fakes import CONFIGURED, FakeServices

from ui.banners import Tone
from ui.bars import RowStatus
from ui.theme import DISABLED_TEXT, TEXT_TONES, WINDOW_THEMES, bar_style, change_theme, shown_theme

TEXT_STATES = {
    "TLabel": ((),),
    "TButton": ((), ("disabled",), ("hover",), ("pressed",)),
    "TCheckbutton": ((), ("disabled",)),
    "TEntry": ((), ("disabled",)),
    "TCombobox": (("readonly",), ("readonly", "disabled")),
    "Treeview": ((), ("selected",)),
}
"""In which states the text of each kind of widget is read."""

FIELDS = ("TEntry", "TCombobox")


@pytest.fixture(params=WINDOW_THEMES)
def driver(request, open_driver):
    """The window in each of its themes, opened in the other one, unfolded, with a question in its banner."""
    (other,) = set(WINDOW_THEMES) - {request.param}
    config = replace(CONFIGURED, window_theme=other)
    driver = open_driver(FakeServices(conflict="/videos/out holds another video"), config=config)
    change_theme(driver.window.style, request.param)
    driver.fill(upload=True)
    driver.unfold()
    driver.press(driver.window.actions.start)
    driver.until(lambda: driver.choices)
    return driver


@pytest.fixture
def window(driver):
    """The same without hands."""
    return driver.window


def widgets(driver, *classes: str) -> Iterator[plain.Widget]:
    """Yield the widgets of these classes, one of each style."""
    seen = set()
    for widget in driver.tree(driver.window):
        if widget.winfo_class() in classes and style_of(widget) not in seen:
            seen.add(style_of(widget))
            yield widget


def style_of(widget: plain.Widget) -> str:
    """Return the name of a widget's style."""
    return str(widget.cget("style")) or widget.winfo_class()


def colour(widget: plain.Widget, option: str, *state: str) -> str:
    """Return a colour that a widget has in a state."""
    return str(ttk.Style().lookup(style_of(widget), option, state))


def ground(widget: tkinter.Misc) -> str:
    """Return the colour of what a widget stands on."""
    above = widget.nametowidget(widget.winfo_parent())
    if isinstance(above, plain.Widget):
        return colour(above, "background")
    return str(above.cget("background"))


def too_weak(pairs: Iterator[tuple[str, str, str]], least: float) -> list[str]:
    """Return which of these have too little contrast, and how much."""
    measured = ((what, contrast(some, other)) for what, some, other in pairs)
    return [f"{what}: {ratio:.2f}" for what, ratio in measured if ratio < least]


@pytest.mark.parametrize("tone", [*Tone], ids=lambda tone: tone.value)
def test_every_tone_can_be_read(window, tone):
    """What went wrong above all."""
    label = ttk.Label(window, bootstyle=TEXT_TONES[tone])
    assert contrast(colour(label, "foreground"), colour(label, "background")) >= TEXT


def test_what_lies_between_the_panels_has_the_colour_of_the_theme(window):
    """As the frames beside it have."""
    assert window.style.lookup("TFrame", "background") == window.cget("background")


def test_what_is_disabled_can_be_read(window):
    """Settings are read while a job runs."""
    box = window.output_panel.qualities["720p"]
    text = DISABLED_TEXT[shown_theme(window.style)]
    assert text == colour(box, "foreground", "disabled")
    assert contrast(text, colour(box, "background")) >= TEXT


def test_every_text_can_be_read(driver):
    """Of each style in the window, in each state."""

    def pairs() -> Iterator[tuple[str, str, str]]:
        for widget in widgets(driver, *TEXT_STATES):
            under = "fieldbackground" if widget.winfo_class() in FIELDS else "background"
            for state in TEXT_STATES[widget.winfo_class()]:
                what = f"{style_of(widget)} {state}"
                yield what, colour(widget, "foreground", *state), colour(widget, under, *state)
            if widget.winfo_class() in FIELDS:
                what = f"{style_of(widget)} selected"
                yield what, colour(widget, "selectforeground"), colour(widget, "selectbackground")

    assert [] == too_weak(pairs(), TEXT)


def test_every_control_can_be_seen(driver):
    """Fields, lists and buttons have a border that stands out from what they stand on, or a colour that does."""

    def pairs() -> Iterator[tuple[str, str, str]]:
        for widget in widgets(driver, *FIELDS, "TButton"):
            name = style_of(widget)
            if "primary" in name:
                yield name, colour(widget, "background"), ground(widget)
            elif "Ghost" not in name:
                for state in ((), ("hover",), ("pressed",)):
                    yield f"{name} {state}", colour(widget, "bordercolor", *state), ground(widget)
            if widget.winfo_class() in FIELDS:
                yield f"{name} invalid", colour(widget, "bordercolor", "invalid"), ground(widget)
        for bar in widgets(driver, "TScrollbar"):
            yield style_of(bar), colour(bar, "fieldbackground"), colour(bar, "troughcolor")

    assert [] == too_weak(pairs(), OTHERS)


def test_the_focus_can_be_seen(driver):
    """The border of a field, and the ring in a button or around the words of a box."""

    def pairs() -> Iterator[tuple[str, str, str]]:
        for widget in widgets(driver, *FIELDS):
            yield style_of(widget), colour(widget, "bordercolor", "focus"), ground(widget)
            yield style_of(widget), colour(widget, "bordercolor", "focus"), colour(widget, "fieldbackground")
        for widget in widgets(driver, "TButton", "TCheckbutton"):
            yield style_of(widget), colour(widget, "focuscolor"), colour(widget, "background")
        text = driver.window.log_panel.text
        frame = driver.window.nametowidget(text.winfo_parent())
        yield "log", colour(frame, "bordercolor", "focus"), ground(frame)

    assert [] == too_weak(pairs(), OTHERS)


@pytest.mark.parametrize("status", [*RowStatus], ids=lambda status: status.value)
def test_every_bar_can_be_seen(window, status):
    """What is done stands out from what is not, and from the panel."""
    bar = ttk.Progressbar(window.progress_panel.card.body, bootstyle=bar_style(status, window.style))
    (filled,) = (part for part in style_of(bar).split(".") if part.startswith("#"))
    assert contrast(filled, colour(bar, "troughcolor")) >= OTHERS
    assert contrast(filled, ground(bar)) >= OTHERS


def test_bars_have_these_colours(window):
    """What is measured is what is shown."""
    for row in window.progress_panel.rows:
        assert str(row.progress.cget("style")).split(".")[1] in bar_style(row.bar.status, window.style)
