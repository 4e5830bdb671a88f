"""What the window asks about the folders of finished jobs, as one interface, so that tests can inject faults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from backend.folder_player import FolderPlayer
    from pipeline.folder_results import FolderResults


class FolderServices(Protocol):
    """Folders of finished jobs. Every call may take long: never made in the Tk thread."""

    def show(self, folder: Path) -> None:
        """Show a folder in the desktop's file manager. Raises PipelineError."""
        ...

    def watch(self, folder: Path, title: str) -> str:
        """Play a folder's stream in the browser; return the page's address. Raises PipelineError."""
        ...

    def results(self, folder: Path) -> FolderResults:
        """Return what a folder holds. Raises PipelineError."""
        ...


class RealFolders:
    """The real folders. What plays them is started when the first is wanted, and ends with the program."""

    def __init__(self) -> None:
        self._player: FolderPlayer | None = None

    def show(self, folder: Path) -> None:
        """See `FolderServices`."""
        from ui.file_manager import open_in_file_manager

        open_in_file_manager(folder)

    def watch(self, folder: Path, title: str) -> str:
        """See `FolderServices`."""
        from backend.folder_player import FolderPlayer
        from ui.file_manager import open_in_browser

        self._player = self._player or FolderPlayer()
        address = self._player.play(folder, title)
        open_in_browser(address)
        return address

    def results(self, folder: Path) -> FolderResults:
        """See `FolderServices`."""
        from pipeline.folder_results import folder_results

        return folder_results(folder)
