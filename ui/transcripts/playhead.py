"""Moves the playhead over the waveform while a passage is played."""

from __future__ import annotations

import tkinter
from collections.abc import Callable

from ui.transcripts.waveform import Waveform

INTERVAL_MS = 33
"""About thirty times a second."""


class Playhead:
    """Asks what is heard now and has it shown, as long as something is played."""

    def __init__(self, window: tkinter.Misc, waveform: Waveform, time_s: Callable[[], float | None]) -> None:
        self._window = window
        self._waveform = waveform
        self._time_s = time_s
        self._timer = ""

    def show(self) -> None:
        """Show the playhead where it is now, and go on until nothing is played any more."""
        if not self._timer:
            self._move()

    def stop(self) -> None:
        """Show nothing any more: the window is about to go."""
        if self._timer:
            self._window.after_cancel(self._timer)
            self._timer = ""

    def _move(self) -> None:
        time_s = self._time_s()
        self._timer = "" if time_s is None else self._window.after(INTERVAL_MS, self._move)
        self._waveform.point(time_s)
