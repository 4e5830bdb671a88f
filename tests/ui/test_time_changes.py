"""How the clock changes what the window shows."""

from __future__ import annotations

import pytest
from ui_fakes import report
from window_states import PLAN, RUNNING, UPLOADING, after

from pipeline.events import JobFinished, PhaseProgress, PhaseStarted
from pipeline.model import Outcome, PhaseName
from ui.messages import ClockTicked, Message, Paused, Resumed, StopRequested, TokenWanted
from ui.state_changes import advance
from ui.view_state import ViewState

HLS, UPLOAD = PhaseName.HLS, PhaseName.UPLOAD
ENCODING = (*RUNNING, PhaseStarted(job="lesson01", phase=HLS, overall=0.0))


def course(phase: PhaseName, seconds: range, *, overall: float = 400.0, step: float = 200.0) -> list[Message]:
    """Return what is told in some seconds in which the job, and its phase, go on as if they took so many."""
    return [
        message
        for second in seconds
        for message in (
            PhaseProgress(job="lesson01", phase=phase, fraction=second / step, overall=second / overall),
            ClockTicked(now_s=1000.0 + second),
        )
    ]


def figures(*messages: Message) -> str:
    """Return what stands beneath the overall bar after these messages."""
    return after(*messages).bars.overall.figures


def test_the_time_left_stands_beneath_the_overall_bar():
    """Of the whole job, and of the step that runs; the next step has a time of its own."""
    encoded = (*ENCODING, *course(HLS, range(0, 41)))
    assert "6:00 left · 2:40 left in this step" == figures(*encoded)
    mp4 = (*encoded, PhaseStarted(job="lesson01", phase=PhaseName.MP4, overall=0.1), ClockTicked(now_s=1041.0))
    assert "6:00 left" == figures(*mp4)


def test_nothing_is_told_at_first():
    """The row says nothing then."""
    assert "" == figures(*ENCODING, *course(HLS, range(0, 4)))


@pytest.mark.parametrize("wait", [(Paused(),), (TokenWanted(),)], ids=["paused", "without a token"])
def test_no_time_is_told_while_nothing_moves(wait):
    """Afterwards the pace is counted anew: an hour's pause is no slow upload."""
    sent = (*UPLOADING, *course(UPLOAD, range(0, 41)))
    assert "6:00 left" == figures(*sent)
    waiting = (*sent, *wait, ClockTicked(now_s=1041.0), ClockTicked(now_s=5000.0))
    assert "" == figures(*waiting)


def test_after_a_pause_the_pace_is_counted_anew():
    """An hour's pause is no slow upload."""
    sent = (*UPLOADING, *course(UPLOAD, range(0, 41)), Paused(), ClockTicked(now_s=1041.0))
    later = [
        message if not isinstance(message, ClockTicked) else ClockTicked(now_s=message.now_s + 3600.0)
        for message in course(UPLOAD, range(41, 81))
    ]
    assert "5:20 left" == figures(*sent, Resumed(), *later)


@pytest.mark.parametrize(
    "end",
    [
        (JobFinished(report=report(PLAN)),),
        (JobFinished(report=report(PLAN, Outcome.FAILED, error="x")),),
        (StopRequested(), ClockTicked(now_s=1041.0)),
    ],
    ids=["done", "failed", "stopping"],
)
def test_no_time_is_left_of_a_job_that_ends(end):
    """Nothing is promised any more, and the next job has a time of its own."""
    state = after(*ENCODING, *course(HLS, range(0, 41)), *end)
    assert "" == state.bars.overall.figures
    assert None is advance(state, ClockTicked(now_s=1042.0)).time_left


def test_a_window_at_rest_is_not_drawn_anew():
    """The clock alone changes nothing, nor does it more than once a second while a job runs."""
    new, running = ViewState(), after(*ENCODING, *course(HLS, range(0, 41)))
    assert new is advance(new, ClockTicked(now_s=5.0))
    assert running is advance(running, ClockTicked(now_s=1040.9))
