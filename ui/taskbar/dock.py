"""macOS: the percentage as the label on the program's icon in the Dock (NSDockTile, badgeLabel).

Through rubicon-objc, which desktop-notifier brings along. AppKit wants the main thread, which is Tk's.
"""

from __future__ import annotations

import logging
import sys

from ui.taskbar.progress import Standing, TaskbarProgress

logger = logging.getLogger(__name__)


def badge(progress: TaskbarProgress) -> str:
    """Return what stands on the icon, nothing where there is no progress."""
    labels = {
        Standing.NONE: "",
        Standing.RUNNING: f"{progress.percent}%",
        Standing.PAUSED: f"{progress.percent}% ⏸",
        Standing.FAILED: "!",
    }
    return labels[progress.standing]


class Dock:
    """The label on the icon."""

    def __init__(self) -> None:
        self._works = True

    def show(self, progress: TaskbarProgress) -> None:
        """Show it; where that fails it is tried no second time."""
        if not self._works:
            return
        try:
            _set_label(badge(progress))
        except Exception as error:  # noqa: BLE001  # nothing depends on the label
            self._works = False
            logger.info("the Dock shows no progress: %s", error)

    def close(self) -> None:
        """Do nothing: the label ends with the program."""


def _set_label(text: str) -> None:
    if sys.platform == "darwin":
        from rubicon.objc import ObjCClass

        ObjCClass("NSApplication").sharedApplication.dockTile.badgeLabel = text or None
