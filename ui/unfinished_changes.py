"""How the window shows what an earlier run has left unfinished. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pipeline.errors import Problem, Setting
from ui.banners import Banner, BannerChoice, Tone
from ui.messages import BannerAnswer, UnfinishedFound
from ui.missing_login import LoginMissing, LoginPlace
from ui.source_changes import ready_for
from ui.view_state import ViewState

if TYPE_CHECKING:
    from pipeline.unfinished import UnfinishedJob  # with the queue's file

CHOICES = (
    BannerChoice(label="Go on", answer=BannerAnswer.GO_ON),
    BannerChoice(label="Leave it", answer=BannerAnswer.LEAVE),
)
"""Neither gets the keyboard: the question comes while somebody may be typing."""

LIST_ALL = BannerChoice(label="Put all into the list", answer=BannerAnswer.LIST_ALL)
"""Offered where there are several."""


WAYS = {
    LoginPlace.TOKEN: ": type its token under Upload",
    LoginPlace.TYPED: ": type that address and its token under Upload",
    LoginPlace.NAMED: ": choose the backend {name} under Upload",
    LoginPlace.SETTINGS: (
        ", and that is not the chosen backend: add it under File > Settings… > Backends, choose it under Upload"
    ),
}
"""What to do about a login that is missing."""

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
        banner = offer(message.jobs, missing=message.missing)
        return replace(state, banner=banner, problems=_problems(message.missing))
    return replace(state, banner=ready_for(state.source)) if before else state


def offer(jobs: Sequence[UnfinishedJob], *, missing: LoginMissing | None = None) -> Banner:
    """Return the question whether to go on with the first job; `missing` is the login that it needs."""
    first, *others = jobs
    begins_again = first.percent == 0
    how_far = f": {first.percent}% is kept" if first.percent else ""
    goes_on = "Go on begins again: less than 1% is finished." if begins_again else "Go on continues where it stopped."
    lines = [f"{goes_on} Leave it keeps what is finished on the disk, and does not ask again."]
    if missing is not None:
        lines = [f"It uploads to {missing.server}{WAYS[missing.place].format(name=missing.name)}, then press Go on."]
    if others:
        lines.append(f"Not finished either: {', '.join(f'“{other.job.name}”' for other in others[:MAX_NAMED])}.")
        if len(others) > MAX_NAMED:
            lines[-1] = f"{lines[-1][:-1]} and {len(others) - MAX_NAMED} more."
    title = f"“{first.job.name}” was not finished{how_far}."
    choices = (*CHOICES, LIST_ALL) if others else CHOICES
    return Banner(title=title, lines=tuple(lines), tone=Tone.WARNING, choices=choices)


def _problems(missing: LoginMissing | None) -> tuple[Problem, ...]:
    """Return what stands beside the fields that the login is typed into."""
    if missing is None or missing.place not in (LoginPlace.TOKEN, LoginPlace.TYPED):
        return ()
    token = Problem(text="The unfinished video needs the token of its server.", setting=Setting.TOKEN)
    if missing.place is LoginPlace.TOKEN:
        return (token,)
    address = Problem(text=f"The unfinished video goes to {missing.server}.", setting=Setting.BACKEND_URL)
    return (address, token)
