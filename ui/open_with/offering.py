"""Offers the program for videos on this system, and says whether it is."""

from __future__ import annotations

import sys
from typing import Protocol

from pipeline.errors import ToolError
from ui.open_with.offered import TAKE_BUNDLE, Offered


class Desktop(Protocol):
    """How a system is told which programs open a file. Which one does so by a double-click is never changed."""

    def offered(self) -> Offered:
        """Return whether the program is offered as it is started now."""

    def offer(self) -> None:
        """Offer it, for this user alone. Raises PipelineError."""

    def withdraw(self) -> None:
        """Offer it no more; does nothing where it is not offered. Raises PipelineError."""


class Mac:
    """Finder reads it from the application itself (CFBundleDocumentTypes)."""

    def offered(self) -> Offered:
        """Return what the application says."""
        return Offered.BY_PACKAGE if getattr(sys, "frozen", False) else Offered.IMPOSSIBLE

    def offer(self) -> None:
        """Say how it can be done, where it is not."""
        if self.offered() is Offered.IMPOSSIBLE:
            raise ToolError(TAKE_BUNDLE)

    def withdraw(self) -> None:
        """Say why it can't be done, where it is offered."""
        if self.offered() is Offered.BY_PACKAGE:
            raise ToolError("Finder offers HLS Converter.app as long as it is on this computer.")


def this_desktop() -> Desktop:
    """Return how this system is told."""
    if sys.platform == "win32":
        from ui.open_with.registry import WindowsDesktop

        return WindowsDesktop()
    if sys.platform == "darwin":
        return Mac()
    from ui.open_with.linux import LinuxDesktop

    return LinuxDesktop()
