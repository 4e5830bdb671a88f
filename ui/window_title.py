"""The title of the main window: how far a job is, readable in a taskbar. Pure."""

from __future__ import annotations

from pathlib import PurePath

from ui.list_messages import RowState
from ui.view_state import ViewState, WindowStage

PROGRAM = "HLS Converter"
MOST_OF_A_NAME = 60
"""Characters of a video's name; a taskbar shows fewer."""


def title_of(state: ViewState) -> str:
    """Return the title: percentage and video while one is converted, otherwise the name of the program alone."""
    row = next((row for row in state.videos.rows.values() if row.state is RowState.RUNNING), None)
    if state.stage is WindowStage.READY and row is not None and row.plan is not None:
        return f"{row.bars.overall.figure} {PurePath(row.job.origin).stem[:MOST_OF_A_NAME]} – {PROGRAM}"
    if state.plan is None or state.stage not in (WindowStage.RUNNING, WindowStage.STOPPING):
        return PROGRAM
    name = PurePath(state.plan.job.origin).stem[:MOST_OF_A_NAME]
    return f"{state.bars.overall.figure} {name} – {PROGRAM}"
