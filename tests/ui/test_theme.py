"""The window's colours."""

from __future__ import annotations

import pytest
import ttkbootstrap as ttk

from ui.banners import Tone
from ui.theme import DISABLED_TEXT, TEXT_TONES

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


@pytest.mark.parametrize("tone", [*Tone], ids=lambda tone: tone.value)
def test_every_tone_can_be_read(open_driver, tone):
    """What went wrong above all."""
    window = open_driver().window
    style = str(ttk.Label(window, bootstyle=TEXT_TONES[tone]).cget("style"))
    assert contrast(window, window.style.lookup(style, "foreground"), window.style.lookup(style, "background")) >= LEAST


def test_what_is_disabled_can_be_read(open_driver):
    """Settings are read while a job runs."""
    window = open_driver().window
    box = str(window.output_panel.qualities["720p"].cget("style"))
    assert DISABLED_TEXT == window.style.lookup(box, "foreground", ["disabled"])
    assert contrast(window, DISABLED_TEXT, window.style.lookup(box, "background")) >= LEAST
