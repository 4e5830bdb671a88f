"""What is done with a finished folder at the press of a button, in threads; the log and the results hear of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.events import LogLevel
from ui.folder_messages import ResultsRead
from ui.folder_services import FolderServices
from ui.messages import LogEntry, Message
from ui.worker import ask


class FolderActions:
    """Shows, plays and reads folders. Every method is called in the Tk thread and returns at once."""

    def __init__(self, services: FolderServices, post: Callable[[Message], None]) -> None:
        self._services = services
        self._post = post

    def show(self, folder: Path) -> None:
        """Show a folder in the desktop's file manager."""

        def shown() -> Message:
            self._services.show(folder)
            return LogEntry(text=f"Opened {folder}")

        ask("file manager", shown, _failed, self._post)

    def watch(self, folder: Path, title: str = "") -> None:
        """Play the stream in a folder in the browser."""

        def watched() -> Message:
            return LogEntry(text=f"Playing {title or folder.name} at {self._services.watch(folder, title)}")

        ask("watch", watched, _failed, self._post)

    def read(self, folder: Path) -> None:
        """Read what a folder holds, for its results."""
        ask(
            "results",
            lambda: ResultsRead(folder=folder, results=self._services.results(folder)),
            lambda text: ResultsRead(folder=folder, results=None, problem=text),
            self._post,
        )


def _failed(text: str) -> Message:
    return LogEntry(text=text, level=LogLevel.ERROR)
