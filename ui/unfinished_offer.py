"""The question whether to go on with what an earlier run has left unfinished. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui.banners import Banner, BannerChoice, Tone
from ui.messages import BannerAnswer
from ui.missing_login import LoginMissing, LoginPlace

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
