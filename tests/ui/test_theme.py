"""The window's colours."""

from __future__ import annotations

from dataclasses import replace

import pytest
import ttkbootstrap as ttk
from ui_fakes import CONFIGURED

from ui.banners import Tone
from ui.theme import DISABLED_TEXT, TEXT_TONES, WINDOW_THEMES

LEAST = 4.5
"""WCAG 2.2, 1.4.3: text beside what it stands on."""


def luminance(window, colour: str) -> float:
    """Return a colour's relative luminance (WCAG 2.2)."""
    parts = [part / 65535 for part in window.winfo_rgb(colour)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(window, some: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21."""
    dark, light = sorted((luminance(window, some), luminance(window, other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.fixture(params=WINDOW_THEMES)
def window(request, open_driver):
    """The window in each of its themes."""
    return open_driver(config=replace(CONFIGURED, window_theme=request.param)).window


@pytest.mark.parametrize("tone", [*Tone], ids=lambda tone: tone.value)
def test_every_tone_can_be_read(window, tone):
    """What went wrong above all."""
    style = str(ttk.Label(window, bootstyle=TEXT_TONES[tone]).cget("style"))
    assert contrast(window, window.style.lookup(style, "foreground"), window.style.lookup(style, "background")) >= LEAST


def test_what_is_disabled_can_be_read(window):
    """Settings are read while a job runs."""
    box = str(window.output_panel.qualities["720p"].cget("style"))
    text = DISABLED_TEXT[window.style.theme_use()]
    assert text == window.style.lookup(box, "foreground", ["disabled"])
    assert contrast(window, text, window.style.lookup(box, "background")) >= LEAST
