"""What the taskbar shows of a state of the window. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ui.tones import Tone
from ui.view_state import ViewState, WindowStage


class Standing(Enum):
    """How what is shown on the taskbar stands; each system has its own colour for it."""

    NONE = "none"
    RUNNING = "running"
    PAUSED = "paused"
    FAILED = "failed"


@dataclass(frozen=True, kw_only=True)
class TaskbarProgress:
    """How far the job is, 0 to 100, and whether the editor is to look at the window: it waits for an answer."""

    standing: Standing = Standing.NONE
    percent: int = 0
    attention: bool = False


NOTHING = TaskbarProgress()
FAILED = TaskbarProgress(standing=Standing.FAILED, percent=100, attention=True)
"""A full bar, which Windows shows red; what has failed leaves no other one."""


def progress_of(state: ViewState) -> TaskbarProgress:
    """Return what is to be shown: the job that the title names too, and a failure until the next one begins."""
    if state.under_way is None:
        failed = state.stage is WindowStage.READY and state.shown_banner.tone is Tone.BAD
        return FAILED if failed else NOTHING
    _, overall = state.under_way
    percent = int(min(1.0, max(0.0, overall.fraction)) * 100)
    waits = state.token is not None
    standing = Standing.PAUSED if waits or state.resume_enabled else Standing.RUNNING
    return TaskbarProgress(standing=standing, percent=percent, attention=waits)
