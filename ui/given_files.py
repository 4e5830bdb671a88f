"""Files that the program was started with, at its first start or at a later one while the window is open."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pipeline.events import LogLevel
from ui.messages import LogEntry
from ui.view_state import ViewState


class FrontWindow(Protocol):
    """The window, as far as it has to come to the front."""

    def come_back(self) -> None:
        """Be on the screen again."""

    def focus_force(self) -> None:
        """Take the keyboard."""


class VideoField(Protocol):
    """Where a video is chosen."""

    def choose(self, video: Path) -> None:
        """Take a video."""


def take_files(
    paths: tuple[Path, ...], window: FrontWindow, field: VideoField, state: ViewState
) -> tuple[LogEntry, ...]:
    """Bring the window to the front and choose the first file; return what has to be said about it."""
    window.come_back()
    window.focus_force()
    if not paths:
        return ()
    if not state.form_enabled:
        text = f"{paths[0].name} was not taken: a video is on its way. Choose it when that one is done."
        return (LogEntry(text=text, level=LogLevel.WARNING),)
    field.choose(paths[0])
    return ()
