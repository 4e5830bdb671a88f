"""Shows folders and pages in the desktop's own programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import webbrowser
from pathlib import Path

from config import child_environment
from pipeline.errors import ToolError


def open_in_file_manager(path: Path) -> None:
    """Show a folder in the desktop's file manager. Raises ToolError."""
    if not _opened(str(path)):
        raise ToolError(f"No file manager was found: the files are in {path}.")


def open_in_browser(address: str) -> None:
    """Show a page in the default browser. Raises ToolError."""
    if not _opened(address) and not webbrowser.open(address):
        raise ToolError(f"No browser was found: open {address} in one yourself.")


def _opened(what: str) -> bool:
    """Hand a path or an address to the desktop; return whether there is something that takes it."""
    if sys.platform == "win32":
        os.startfile(what)
        return True
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        return False
    silent = subprocess.DEVNULL
    subprocess.Popen([opener, what], env=child_environment(), stdin=silent, stdout=silent, stderr=silent)
    return True
