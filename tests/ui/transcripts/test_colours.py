"""The colours of what is drawn."""

import pytest
import ttkbootstrap as ttk
from contrast import TEXT, contrast

from ui.theme import TEXT_TONES
from ui.transcripts.app import EditorApp
from ui.transcripts.colours import DARK, LIGHT, canvas_colours


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
            assert contrast(*colours) >= TEXT, tone
    finally:
        app.view.close()
        app.view.render()


@pytest.mark.parametrize("ground", ["background", "selected", "field"])
@pytest.mark.parametrize("text", ["text", "quiet", "doubtful", "warning"])
@pytest.mark.parametrize("colours", [DARK, LIGHT], ids=["dark", "light"])
def test_every_text_can_be_read(colours, text, ground):
    """In both themes, on every ground it may stand on."""
    assert contrast(getattr(colours, text), getattr(colours, ground)) >= TEXT
