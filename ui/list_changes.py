"""How messages about the list of videos change what the window shows. Pure."""

from __future__ import annotations

from dataclasses import replace

from ui.list_banners import ended
from ui.list_messages import FormRefused, ListEnded, ListMessage, NotAdded, RowState, WhenDone
from ui.video_rows import advance_rows
from ui.view_state import Leaving, ViewState


def advance_list(state: ViewState, message: ListMessage | NotAdded | FormRefused) -> ViewState:
    """Return the state after a message about the list."""
    if isinstance(message, NotAdded):
        return replace(state, videos=replace(state.videos, note=message.text, note_title=message.title))
    if isinstance(message, FormRefused):
        return replace(state, problems=message.problems)
    state = replace(state, videos=advance_rows(state.videos, message))
    if not isinstance(message, ListEnded) or state.videos.runs:
        return state
    if state.form_free:
        state = replace(state, banner=ended(state.videos))
    if message.stopped or message.passed_over or not _all_well(state):
        return state
    if state.videos.when_done is WhenDone.QUIT:
        return replace(state, leaving=Leaving.DONE)
    return replace(state, videos=replace(state.videos, falls_asleep=state.videos.when_done is WhenDone.SLEEP))


def _all_well(state: ViewState) -> bool:
    """Whether nothing is left for the editor to answer; a video that failed has its reason in the list."""
    return all(row.state is not RowState.ASKING for row in state.videos.rows.values())
