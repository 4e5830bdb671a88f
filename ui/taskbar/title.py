"""The title of the main window: how far a job is, readable in a taskbar. Pure."""

from __future__ import annotations

from pathlib import PurePath

from ui.view_state import ViewState

PROGRAM = "HLS Converter"
MOST_OF_A_NAME = 60
"""Characters of a video's name; a taskbar shows fewer."""


def title_of(state: ViewState) -> str:
    """Return the title: percentage and video while one is converted, otherwise the name of the program alone."""
    if state.under_way is None:
        return PROGRAM
    job, overall = state.under_way
    return f"{overall.figure} {PurePath(job.origin).stem[:MOST_OF_A_NAME]} – {PROGRAM}"
