"""The window's entry on the taskbar: its title and its progress, kept as the window's state is."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Protocol

import ttkbootstrap as ttk

from ui.taskbar.progress import NOTHING, Standing, TaskbarProgress, progress_of
from ui.taskbar.title import title_of
from ui.view_state import ViewState


class ProgressDisplay(Protocol):
    """Where a system shows the progress of a program."""

    def show(self, progress: TaskbarProgress) -> None:
        """Show it; returns at once, and does nothing where there is no such place."""

    def close(self) -> None:
        """Show nothing any more."""


class TaskbarEntry:
    """What the taskbar has of a window. `has_keyboard` says whether the editor works in it."""

    def __init__(
        self, window: ttk.App, has_keyboard: Callable[[], bool], display: ProgressDisplay | None = None
    ) -> None:
        self._window = window
        self._has_keyboard = has_keyboard
        self._display = display_of(window) if display is None else display
        self._shown = NOTHING
        self.show(ViewState())
        window.bind("<FocusIn>", lambda _: self._seen(), add="+")

    def show(self, state: ViewState) -> None:
        """Show a state of the window. A failure that the editor has before the eyes needs no red icon."""
        self._window.title(title_of(state))
        progress = progress_of(state)
        if progress.standing is Standing.FAILED and (self._shown == NOTHING or self._has_keyboard()):
            progress = NOTHING
        self._show(progress)

    def close(self) -> None:
        """Leave nothing behind."""
        self._display.close()

    def _seen(self) -> None:
        if self._shown.standing is Standing.FAILED:
            self._show(NOTHING)

    def _show(self, progress: TaskbarProgress) -> None:
        if progress != self._shown:
            self._shown = progress
            self._display.show(progress)


def display_of(window: ttk.App) -> ProgressDisplay:
    """Return where this system shows progress."""
    if sys.platform == "win32":
        from ui.taskbar.background import InBackground
        from ui.taskbar.windows_taskbar import shown_by_windows

        # of the frame around the window, which has the button on the taskbar (Tk, wm frame)
        handle = int(window.wm_frame(), 16)
        return InBackground(lambda: shown_by_windows(handle))
    if sys.platform == "darwin":
        from ui.taskbar.dock import Dock

        return Dock()
    from ui.taskbar.background import InBackground
    from ui.taskbar.launcher_entry import shown_by_launcher

    return InBackground(shown_by_launcher)
