"""The colours of what is drawn."""

import pytest
import ttkbootstrap as ttk

from ui.theme import TEXT_TONES
from ui.transcripts.app import EditorApp
from ui.transcripts.colours import DARK, LIGHT, canvas_colours

LEAST = 4.5
"""WCAG 2.2, 1.4.3: text beside what it stands on."""


def luminance(colour):
    """Return a colour's relative luminance (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("name", ["dark", "light"])
def test_a_window_in_each_theme(screen, name):
    """What is drawn has the theme's colours, and each tone of a text can be read on the panels."""
    app = EditorApp(opener=lambda _: None, theme=name)
    try:
        assert (LIGHT if name == "light" else DARK) == canvas_colours(app)
        for tone in TEXT_TONES.values():
            label = ttk.Label(app, bootstyle=tone)
            style = app.style
            colours = [style.lookup(str(label.cget("style")), part) for part in ("foreground", "background")]
            dark, light = sorted(luminance(one) for one in colours)
            assert (light + 0.05) / (dark + 0.05) >= LEAST, tone
    finally:
        app.view.close()
        app.view.render()


@pytest.mark.parametrize("ground", ["background", "selected", "field"])
@pytest.mark.parametrize("text", ["text", "quiet", "doubtful", "warning"])
@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_every_text_can_be_read(colours, text, ground):
    """In both themes, on every ground it may stand on."""
    dark, light = sorted(luminance(getattr(colours, name)) for name in (text, ground))
    assert (light + 0.05) / (dark + 0.05) >= LEAST
