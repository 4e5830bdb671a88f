"""Shows a folder in the desktop's file manager."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from config import child_environment
from pipeline.errors import ToolError


def open_in_file_manager(path: Path) -> None:
    """Show a folder in the desktop's file manager. Raises ToolError."""
    if sys.platform == "win32":
        os.startfile(path)
        return
    opener = shutil.which("open" if sys.platform == "darwin" else "xdg-open")
    if opener is None:
        raise ToolError(f"No file manager was found: the files are in {path}.")
    silent = subprocess.DEVNULL
    subprocess.Popen([opener, str(path)], env=child_environment(), stdin=silent, stdout=silent, stderr=silent)
