"""How messages change what becomes of the window while a job is on its way. Pure."""

from __future__ import annotations

from dataclasses import replace

from pipeline.events import JobFinished
from pipeline.model import Outcome
from ui.list_messages import ListEnded, RowState, VideosSelected
from ui.messages import (
    BannerAnswer,
    CloseAnswered,
    CloseAsked,
    FilesGiven,
    Message,
    RowsChosen,
    SourceChosen,
    TokenWanted,
    UnexpectedError,
)
from ui.queue_messages import VideoQueued
from ui.view_state import Leaving, ViewState, WindowStage

ANSWERED = {
    BannerAnswer.STAY: Leaving.STAYS,
    BannerAnswer.GO_ON_IN_BACKGROUND: Leaving.IN_BACKGROUND,
    BannerAnswer.CLOSE_AFTER_JOB: Leaving.AFTER_JOB,
    BannerAnswer.STOP_AND_CLOSE: Leaving.NOW,
}

WHEN_DONE = {Leaving.IN_BACKGROUND: Leaving.DONE, Leaving.AFTER_JOB: Leaving.NOW}
"""What follows when the job ends well; everything else has to be read by the editor, and the window stays for it."""

WHEN_BACK = (Leaving.IN_BACKGROUND, Leaving.DONE)
"""What is over when the editor starts the program once more."""


def advance_leaving(state: ViewState, message: Message) -> ViewState:
    """Return the state after a message that has been taken into the rest of it."""
    if isinstance(message, CloseAsked):
        return replace(state, leaving=Leaving.ASKED) if state.job_on_its_way else state
    if isinstance(message, CloseAnswered):
        asked = state.leaving in (Leaving.ASKED, Leaving.DONE)
        return replace(state, leaving=ANSWERED[message.answer]) if asked else state
    if isinstance(message, FilesGiven):  # the editor has come back
        return replace(state, leaving=Leaving.STAYS) if state.leaving in WHEN_BACK else state
    if state.leaving is Leaving.IN_BACKGROUND and isinstance(message, TokenWanted | UnexpectedError):
        return replace(state, leaving=Leaving.STAYS)
    if state.leaving in (Leaving.ASKED, Leaving.IN_BACKGROUND, Leaving.AFTER_JOB) and not state.job_on_its_way:
        then = WHEN_DONE.get(state.leaving, Leaving.STAYS) if _done(message, state) else Leaving.STAYS
        return replace(state, leaving=then)
    another = state.stage is not WindowStage.READY or state.videos.runs
    if state.leaving is Leaving.DONE and (another or isinstance(message, SourceChosen | RowsChosen | VideosSelected)):
        # the next video is chosen, or started
        return replace(state, leaving=Leaving.STAYS)
    return state


def _done(message: Message, state: ViewState) -> bool:
    """Whether a message says that the job has ended, and that nothing is left to be said about it."""
    if isinstance(message, JobFinished):
        return message.report.outcome is Outcome.DONE and not message.report.warnings
    if isinstance(message, ListEnded):
        unwell = (RowState.FAILED, RowState.ASKING)
        return not message.passed_over and all(row.state not in unwell for row in state.videos.rows.values())
    return isinstance(message, VideoQueued)
