"""The colours of what is drawn on a canvas or in a text field, which no style of the theme reaches."""

from __future__ import annotations

import tkinter
from dataclasses import dataclass

import ttkbootstrap as ttk


@dataclass(frozen=True, kw_only=True)
class CanvasColours:
    """Colours by what they are for; each text has a contrast of 4.5 to 1 on both grounds (WCAG 2.2, 1.4.3)."""

    background: str
    selected: str
    field: str
    line: str
    stripe: str
    text: str
    quiet: str
    doubtful: str
    warning: str


DARK = CanvasColours(
    background="#2b3035",
    selected="#343b42",
    field="#1c1f23",
    line="#3d444b",
    stripe="#0d6efd",
    text="#f8f9fa",
    quiet="#b6bdc4",
    doubtful="#ffc107",
    warning="#ff9d6c",
)
LIGHT = CanvasColours(
    background="#ffffff",
    selected="#e7f0ff",
    field="#ffffff",
    line="#dee2e6",
    stripe="#0d6efd",
    text="#212529",
    quiet="#565e64",
    doubtful="#8a5a00",
    warning="#a8420a",
)


def canvas_colours(master: tkinter.Misc) -> CanvasColours:
    """Return the colours for the theme that a window has."""
    red, green, blue = master.winfo_rgb(str(ttk.Style().lookup("TLabel", "foreground")))
    light_text = (red + green + blue) / 3 > 0x7FFF
    return DARK if light_text else LIGHT
