"""The words in which a row of the list says how its video stands. Pure."""

from __future__ import annotations

from pipeline.model import PhaseName
from pipeline.phase_table import PHASES
from ui.list_messages import RowState

WORDS = {
    RowState.HELD: "Not started",
    RowState.WAITING: "Waits",
    RowState.RUNNING: "Checking…",
    RowState.PAUSED: "Paused",
    RowState.PARKED: "Waits",
    RowState.ASKING: "Needs an answer",
    RowState.DONE: "Done",
    RowState.FAILED: "Failed",
    RowState.CANCELLED: "Cancelled",
}
BROKEN_OFF = "Not finished"
"""What was paused by nobody: the program ended at it."""

IN_A_WORD = {PhaseName.FETCH: "Fetching", PhaseName.HLS: "Encoding"}


def in_a_word(phase: PhaseName) -> str:
    """Return what goes on in a phase, in as few words as a row of the list has room for."""
    told = PHASES[phase]
    return IN_A_WORD.get(phase) or (told.title if " " in told.activity else told.activity)
