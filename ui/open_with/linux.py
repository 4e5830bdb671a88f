"""Linux: a menu entry of the user's own, in the folders and with the programs that all desktops share."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import platformdirs

from config import child_environment
from installation import window_command
from pipeline.errors import OutputError, ToolError
from ui.icon import drawn
from ui.open_with.desktop_entry import FILE_NAME, ICON, TYPES, desktop_entry
from ui.open_with.offered import Offered

MARK = "# Made by HLS Converter; its settings remove it."
ICON_SIZE = 256
LIMIT_S = 30.0
NO_INDEX = (
    "Open with needs the program update-desktop-database: install desktop-file-utils with your system's package "
    "manager, and try again."
)


class LinuxDesktop:
    """The entry in the user's own folder of menu entries."""

    def __init__(self) -> None:
        folders = platformdirs.PlatformDirs("applications", multipath=True)
        self.entry = folders.user_data_path / FILE_NAME
        self.icon = self.entry.parents[1] / f"icons/hicolor/{ICON_SIZE}x{ICON_SIZE}/apps/{ICON}.png"
        self._packaged = [Path(folder, FILE_NAME) for folder in folders.site_data_dir.split(os.pathsep)]

    def offered(self) -> Offered:
        """Return whether an entry is there that starts the program from where it is now."""
        if self._text() == _entry_text():
            return Offered.YES
        return Offered.BY_PACKAGE if any(path.is_file() for path in self._packaged) else Offered.NO

    def offer(self) -> None:
        """Write the entry and its icon. Raises OutputError, or ToolError where the desktop can't be told."""
        self._refuse_foreign()
        if shutil.which("update-desktop-database") is None:
            raise ToolError(NO_INDEX)
        before = _defaults()
        try:
            self.icon.parent.mkdir(parents=True, exist_ok=True)
            drawn(ICON_SIZE).save(self.icon)
            self.entry.parent.mkdir(parents=True, exist_ok=True)
            self.entry.write_text(_entry_text(), encoding="utf-8")
        except OSError as error:
            raise OutputError(f"{error.filename or self.entry} can't be written ({error.strerror}).") from error
        self._update()
        _give_back(before)

    def withdraw(self) -> None:
        """Remove the entry and its icon. Raises OutputError."""
        if self._text() is None:
            return
        self._refuse_foreign()
        try:
            self.entry.unlink(missing_ok=True)
            self.icon.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"{error.filename} can't be removed ({error.strerror}).") from error
        self._update()

    def _text(self) -> str | None:
        """Return the entry that is there, None for none."""
        try:
            return self.entry.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None

    def _refuse_foreign(self) -> None:
        text = self._text()
        if text is not None and not text.startswith(MARK):
            raise OutputError(f"{self.entry} was not made by this program, and is left as it is: remove it first.")

    def _update(self) -> None:
        """Let desktops see what has changed: they read an index, and not the entries."""
        _run("update-desktop-database", str(self.entry.parent))


def _entry_text() -> str:
    return desktop_entry(window_command(), MARK)


def _defaults() -> dict[str, str]:
    """Return the entry of the program that opens each type by a double-click, as far as there is one."""
    found = {kind: _run("xdg-mime", "query", "default", kind) for kind in TYPES}
    return {kind: entry for kind, entry in found.items() if entry not in ("", FILE_NAME)}


def _give_back(before: dict[str, str]) -> None:
    """Let each type be opened by the program that did so before.

    Where nobody has ever chosen one, it is the first that is found, and a user's own entries are looked at before
    the system's (Association between MIME types and applications, 1.0.1).
    """
    now = _defaults()
    for kind, entry in before.items():
        if now.get(kind) != entry:
            _run("xdg-mime", "default", entry, kind)


def _run(program: str, *arguments: str) -> str:
    """Return what a program of the desktop's says, nothing where it fails: none of them is vital."""
    found = shutil.which(program)
    if found is None:
        return ""
    try:
        done = subprocess.run(
            [found, *arguments],
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            errors="replace",
            timeout=LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
