"""How the window shows what an earlier run has left unfinished. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ui.banners import Banner, BannerChoice, Tone
from ui.messages import BannerAnswer, UnfinishedFound
from ui.source_changes import ready_for
from ui.view_state import ViewState

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file

CHOICES = (
    BannerChoice(label="Go on", answer=BannerAnswer.GO_ON),
    BannerChoice(label="Leave it", answer=BannerAnswer.LEAVE),
)
"""Neither gets the keyboard: the question comes while somebody may be typing."""


MAX_NAMED = 3
"""How many of the others are named."""


def show_unfinished(state: ViewState, message: UnfinishedFound) -> ViewState:
    """Offer the first of the unfinished jobs, or take the offer back where there are none.

    Once a job of this window has begun, they are not offered any more.
    """
    before, state = state.unfinished, replace(state, unfinished=message.jobs)
    if not state.start_enabled or state.plan is not None:
        return state
    if message.jobs:
        return replace(state, banner=offer(message.jobs, login_for=message.login_for))
    return replace(state, banner=ready_for(state.source)) if before else state


def offer(jobs: Sequence[UnfinishedJob], *, login_for: str = "") -> Banner:
    """Return the question whether to go on with the first job; `login_for` is the server whose login is missing."""
    first, *others = jobs
    how_far = "" if first.percent is None else f": {first.percent} %"
    lines = ["Go on continues where it stopped. Leave it keeps what is finished on the disk, and does not ask again."]
    if login_for:
        lines = [f"It uploads to {login_for}: type that address and its token under Upload, then press Go on."]
    if others:
        lines.append(f"Not finished either: {', '.join(f'“{other.job.name}”' for other in others[:MAX_NAMED])}.")
        if len(others) > MAX_NAMED:
            lines[-1] = f"{lines[-1][:-1]} and {len(others) - MAX_NAMED} more."
    title = f"“{first.job.name}” was not finished{how_far}."
    return Banner(title=title, lines=tuple(lines), tone=Tone.WARNING, choices=CHOICES)
