"""How the clock changes what the window shows: the time left. Pure."""

from __future__ import annotations

from dataclasses import replace

from ui.row_times import tick_rows
from ui.time_left import JobTimeLeft, begun, moved
from ui.view_state import ViewState, WindowStage

TURN_S = 1.0
"""The time left is told anew this often."""


def tick(state: ViewState, now_s: float) -> ViewState:
    """Return the state when it is `now_s`, by a clock that only goes forward.

    While nothing moves because it waits for the editor, no time is told, and the pace is counted anew afterwards.
    """
    videos = tick_rows(state.videos, now_s)
    if videos is not state.videos:
        state = replace(state, videos=videos)
    before, fraction = state.time_left, state.bars.overall.fraction
    if state.stage is not WindowStage.RUNNING or state.pause_reason:
        return state if before is None else _telling(state, None)
    if before is None:
        job, step = begun(fraction, now_s), begun(state.phase_fraction, now_s)
    elif now_s - before.job.now_s < TURN_S:
        return state
    else:
        job = moved(before.job, fraction, now_s)
        step = begun(state.phase_fraction, now_s)
        if before.phase is state.phase:
            step = moved(before.step, state.phase_fraction, now_s)
    return _telling(state, JobTimeLeft(job=job, phase=state.phase, step=step))


def _telling(state: ViewState, left: JobTimeLeft | None) -> ViewState:
    overall = replace(state.bars.overall, figures="" if left is None else left.text)
    return replace(state, time_left=left, bars=replace(state.bars, overall=overall))
