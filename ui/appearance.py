"""Which theme the windows have and how large they are, by `.env`, by the settings, or as this computer's own."""

from __future__ import annotations

import math
import threading
import tkinter
from dataclasses import dataclass
from tkinter.font import nametofont

import ttkbootstrap as ttk

from config import Config
from ui.density import draw_each_screen
from ui.preferences import ProgramSettings, ThemeChoice
from ui.pump import INTERVAL_MS
from ui.theme import change_theme
from ui.window_size import BARS, SMALLEST_WINDOW, on_screen

PATIENCE_S = 0.5
"""How long a window that opens waits for the system to say whether it is dark."""

USUAL = "dark"


@dataclass(frozen=True, kw_only=True)
class TextSize:
    """How large a window is drawn: `scaling` is how many pixels a point has, None for as many as on this screen."""

    percent: int = 100
    scaling: float | None = None


def theme_at_start(config: Config, settings: ProgramSettings) -> str:
    """Return the theme of a window that opens: dark or light."""
    if config.window_theme:
        return config.window_theme
    if settings.theme is ThemeChoice.SYSTEM:
        return _SystemQuestion().wait(PATIENCE_S) or USUAL
    return str(settings.theme.value)


def size_of_text(settings: ProgramSettings) -> TextSize:
    """Return how large a window is drawn: as the settings say, as far as the screen has room for it.

    A window draws its styles when it is made, and only a window can be asked about the screen: one that nobody sees.
    """
    draw_each_screen()
    if settings.text_percent == 100:
        return TextSize()
    unseen = tkinter.Tk()
    try:
        unseen.withdraw()
        percent = min(settings.text_percent, largest_percent(unseen, 100))
        return TextSize(percent=percent, scaling=float(unseen.tk.call("tk", "scaling")) * percent / 100)
    finally:
        unseen.destroy()


def largest_percent(window: tkinter.Misc, percent: int) -> int:
    """Return at which text size the main window's smallest size fills the screen; `window` has `percent`."""
    width, height = SMALLEST_WINDOW
    room = (window.winfo_screenwidth() / width, window.winfo_screenheight() / (height + BARS))
    return max(100, math.floor(min(room) / (on_screen(window, 1000) / 1000 / percent)))


def enlarge_fonts(window: tkinter.Misc, size: TextSize) -> None:
    """Make the fonts of a window as large as its scaling says: Tk has made them before it knew."""
    if size.percent == 100:
        return
    for name in window.tk.splitlist(window.tk.call("font", "names")):
        font = nametofont(name, root=window)
        points = int(font.cget("size"))  # which are measured anew; below 0 these are pixels
        font.configure(size=points if points > 0 else round(points * size.percent / 100))


class ThemeInUse:
    """Gives the windows the theme of the settings at once; the system's is looked at whenever one gets the keyboard."""

    def __init__(self, window: ttk.App, config: Config, settings: ProgramSettings) -> None:
        self._window = window
        self._fixed = bool(config.window_theme)
        self._choice = settings.theme
        self._asking: _SystemQuestion | None = None
        window.bind_all("<FocusIn>", self._focused, add="+")

    def use(self, choice: ThemeChoice) -> None:
        """Use a theme from now on; what `.env` says stays."""
        self._choice = choice
        if self._fixed:
            return
        if choice is ThemeChoice.SYSTEM:
            self._ask()
        else:
            change_theme(self._window.style, choice.value)

    def _focused(self, event: tkinter.Event[tkinter.Misc]) -> None:
        if isinstance(event.widget, tkinter.Tk | tkinter.Toplevel):
            self._ask()

    def _ask(self) -> None:
        if self._asking is None and self._choice is ThemeChoice.SYSTEM and not self._fixed:
            self._asking = _SystemQuestion()
            self._look()

    def _look(self) -> None:
        """Take the answer when it is there, unless something else was chosen meanwhile."""
        if self._asking is None:
            return
        if not self._asking.answered:
            self._window.after(INTERVAL_MS, self._look)
            return
        found, self._asking = self._asking.theme, None
        if found and self._choice is ThemeChoice.SYSTEM:
            change_theme(self._window.style, found)


class _SystemQuestion:
    """Asks the system for its theme in a thread: dark, light, or empty where it does not say."""

    def __init__(self) -> None:
        self.theme = ""
        self._thread = threading.Thread(target=self._ask, name="system theme", daemon=True)
        self._thread.start()

    @property
    def answered(self) -> bool:
        """Whether the answer is there."""
        return not self._thread.is_alive()

    def wait(self, seconds: float) -> str:
        """Return the answer, empty where it does not come that soon."""
        self._thread.join(seconds)
        return self.theme

    def _ask(self) -> None:
        import darkdetect  # when first used: it loads the system's own libraries

        found = darkdetect.theme()
        self.theme = found.lower() if found in ("Dark", "Light") else ""
