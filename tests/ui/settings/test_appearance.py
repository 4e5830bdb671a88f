"""Which colours and which size a window opens with."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from config import Config
from ui import appearance
from ui.appearance import largest_percent, theme_at_start
from ui.preferences import ProgramSettings, ThemeChoice


@pytest.mark.parametrize(
    ("env", "chosen", "system", "theme"),
    [
        ("light", ThemeChoice.DARK, "Dark", "light"),
        ("", ThemeChoice.LIGHT, "Dark", "light"),
        ("", ThemeChoice.SYSTEM, "Light", "light"),
        ("", ThemeChoice.SYSTEM, None, "dark"),
    ],
    ids=["set in .env", "chosen", "the system's", "of a system that does not say"],
)
def test_the_theme_of_a_window_that_opens(monkeypatch, env, chosen, system, theme):
    """`.env` goes before the settings, and the settings before the system."""
    monkeypatch.setattr("darkdetect.theme", lambda: system)
    assert theme == theme_at_start(Config(window_theme=env), ProgramSettings(theme=chosen))


def test_a_system_that_takes_long(monkeypatch):
    """A window opens without its answer."""
    answer = threading.Event()
    monkeypatch.setattr("darkdetect.theme", lambda: answer.wait(10) and "Light")
    monkeypatch.setattr(appearance, "PATIENCE_S", 0.01)
    assert "dark" == theme_at_start(Config(), ProgramSettings(theme=ThemeChoice.SYSTEM))
    answer.set()


@dataclass
class Screen:
    """A screen of a size, and of a density as a window of this text size sees it."""

    width: int
    height: int

    def winfo_screenwidth(self) -> int:
        """Return its pixels."""
        return self.width

    def winfo_screenheight(self) -> int:
        """Return its pixels."""
        return self.height


@pytest.mark.parametrize(
    ("size", "factor", "percent", "largest"),
    [
        ((1920, 1080), 1.0, 100, 151),
        ((1920, 1080), 1.5, 150, 151),
        ((3840, 2160), 2.0, 100, 151),
        ((800, 600), 1.0, 100, 100),
    ],
    ids=["an ordinary one", "seen from an enlarged window", "a dense one", "a small one"],
)
def test_the_largest_text(monkeypatch, size, factor, percent, largest):
    """The main window's smallest size fits onto the screen, with the system's own bars."""
    monkeypatch.setattr(appearance, "on_screen", lambda _, length: round(length * factor))
    assert largest == largest_percent(Screen(*size), percent)
