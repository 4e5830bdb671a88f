"""Files that the program was started with, at its first start or at a later one while the window is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class FrontWindow(Protocol):
    """The window, as far as it has to come to the front."""

    def come_back(self) -> None:
        """Be on the screen again."""

    def focus_force(self) -> None:
        """Take the keyboard."""


def take_files(paths: tuple[Path, ...], window: FrontWindow, take: Callable[[tuple[str, ...]], None]) -> None:
    """Bring the window to the front, and let it take the files as if they were dropped on it."""
    window.come_back()
    window.focus_force()
    take(tuple(map(str, paths)))
