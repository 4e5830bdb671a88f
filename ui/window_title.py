"""The title of the main window: how far a job is, readable in a taskbar. Pure."""

from __future__ import annotations

from pathlib import PurePath

from ui.view_state import ViewState, WindowStage

PROGRAM = "HLS Converter"
MOST_OF_A_NAME = 60
"""Characters of a video's name; a taskbar shows fewer."""


def title_of(state: ViewState) -> str:
    """Return the title: percentage and video while a job runs, otherwise the name of the program alone."""
    if state.plan is None or state.stage not in (WindowStage.RUNNING, WindowStage.STOPPING):
        return PROGRAM
    name = PurePath(state.plan.job.origin).stem[:MOST_OF_A_NAME]
    return f"{state.bars.overall.figure} {name} – {PROGRAM}"
