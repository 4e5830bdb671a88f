"""How the window shows what an earlier run has left unfinished. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.errors import Problem, Setting
from pipeline.job import Job
from ui.messages import UnfinishedFound
from ui.missing_login import LoginMissing, LoginPlace
from ui.source_changes import ready_for
from ui.unfinished_offer import offer
from ui.view_state import ViewState

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file


def show_unfinished(state: ViewState, message: UnfinishedFound) -> ViewState:
    """Offer the first of the unfinished jobs, or take the offer back where there are none.

    Once a job of this window has begun, they are not offered before another video is chosen.
    """
    offered = state.banner == ready_for(state.source, state)
    before, state = state.unfinished, replace(state, unfinished=message.jobs)
    if not state.start_enabled or (state.plan is not None and not offered):
        return state
    if message.jobs:
        banner = offer(message.jobs, missing=message.missing)
        return replace(state, banner=banner, problems=_problems(message.missing))
    return replace(state, banner=ready_for(state.source, state)) if before else state


def others_unfinished(jobs: tuple[UnfinishedJob, ...], begun: Job) -> tuple[UnfinishedJob, ...]:
    """Return those that are still to be answered when a job begins: it may be one of them."""
    return tuple(one for one in jobs if one.job.folder != begun.folder)


def _problems(missing: LoginMissing | None) -> tuple[Problem, ...]:
    """Return what stands beside the fields that the login is typed into."""
    if missing is None or missing.place not in (LoginPlace.TOKEN, LoginPlace.TYPED):
        return ()
    token = Problem(text="The unfinished video needs the token of its server.", setting=Setting.TOKEN)
    if missing.place is LoginPlace.TOKEN:
        return (token,)
    address = Problem(text=f"The unfinished video goes to {missing.server}.", setting=Setting.BACKEND_URL)
    return (address, token)
