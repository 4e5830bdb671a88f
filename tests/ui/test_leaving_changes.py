"""What becomes of a window that was to be closed while a job is on its way."""

from __future__ import annotations

from pathlib import Path

import pytest
from ui_fakes import report
from window_states import PLAN, ROWS, RUNNING, UPLOADING, after

from pipeline.errors import Problem
from pipeline.events import JobFinished
from pipeline.model import Outcome, PhaseName
from pipeline.preflight_answers import Refused, ReplaceFolder
from ui.banners import CLOSE_QUESTION, CLOSES_AFTERWARDS, CLOSES_SOON
from ui.messages import (
    BannerAnswer,
    Checking,
    CloseAnswered,
    CloseAsked,
    SourceChosen,
    StartCancelled,
    StopRequested,
    TokenAnswered,
    TokenWanted,
    UnexpectedError,
)
from ui.queue_memory import QueuedVideo
from ui.queue_messages import VideoQueued
from ui.view_state import Leaving, TokenView

ASKED = CloseAsked()
STAY, IN_BACKGROUND, AFTER_JOB, STOP = (
    CloseAnswered(answer=answer)
    for answer in (
        BannerAnswer.STAY,
        BannerAnswer.GO_ON_IN_BACKGROUND,
        BannerAnswer.CLOSE_AFTER_JOB,
        BannerAnswer.STOP_AND_CLOSE,
    )
)
DONE = JobFinished(report=report(PLAN))
WARNED = JobFinished(report=report(PLAN, warnings=("The file record was not made.",)))
FAILED = JobFinished(report=report(PLAN, Outcome.FAILED, error="The disk is full."))
CANCELLED = JobFinished(report=report(PLAN, Outcome.CANCELLED))
REFUSED = Refused(problems=(Problem(text="The source is gone."),))
QUESTION = ReplaceFolder(plan=PLAN, reason="There is another video.", refusal=Problem(text="no"))
QUEUED = VideoQueued(video=QueuedVideo(id="1", title="lesson", renditions=("720p",), phases=(PhaseName.HLS,)))


@pytest.mark.parametrize(
    ("messages", "leaving"),
    [
        ((ASKED,), Leaving.STAYS),
        ((Checking(), ASKED), Leaving.ASKED),
        ((*RUNNING, ASKED), Leaving.ASKED),
        ((*RUNNING, ASKED, STAY), Leaving.STAYS),
        ((*RUNNING, IN_BACKGROUND), Leaving.STAYS),
        ((*RUNNING, ASKED, IN_BACKGROUND), Leaving.IN_BACKGROUND),
        ((*RUNNING, ASKED, AFTER_JOB), Leaving.AFTER_JOB),
        ((*RUNNING, ASKED, AFTER_JOB, ASKED, STAY), Leaving.STAYS),
        ((*RUNNING, ASKED, STOP), Leaving.NOW),
        ((*RUNNING, StopRequested(), ASKED), Leaving.STAYS),
    ],
    ids=[
        "nothing runs",
        "while checking",
        "while running",
        "stay",
        "not asked",
        "background",
        "afterwards",
        "asked again",
        "stop",
        "stopping already",
    ],
)
def test_the_question_and_its_answers(messages, leaving):
    """The question is asked only where there is something to lose, and an answer counts only where it was asked."""
    assert leaving is after(*messages).leaving


@pytest.mark.parametrize(
    ("answer", "end", "leaving"),
    [
        (IN_BACKGROUND, DONE, Leaving.DONE),
        (IN_BACKGROUND, QUEUED, Leaving.DONE),
        (IN_BACKGROUND, WARNED, Leaving.STAYS),
        (IN_BACKGROUND, FAILED, Leaving.STAYS),
        (IN_BACKGROUND, REFUSED, Leaving.STAYS),
        (IN_BACKGROUND, QUESTION, Leaving.STAYS),
        (IN_BACKGROUND, TokenWanted(), Leaving.STAYS),
        (IN_BACKGROUND, UnexpectedError(text="Something."), Leaving.STAYS),
        (IN_BACKGROUND, SourceChosen(text="x"), Leaving.IN_BACKGROUND),
        (AFTER_JOB, DONE, Leaving.NOW),
        (AFTER_JOB, WARNED, Leaving.STAYS),
        (AFTER_JOB, FAILED, Leaving.STAYS),
        (AFTER_JOB, CANCELLED, Leaving.STAYS),
        (AFTER_JOB, StartCancelled(), Leaving.STAYS),
        (AFTER_JOB, QUESTION, Leaving.STAYS),
        (AFTER_JOB, TokenWanted(), Leaving.AFTER_JOB),
        (ASKED, DONE, Leaving.STAYS),
        (ASKED, QUESTION, Leaving.STAYS),
        (ASKED, TokenWanted(), Leaving.ASKED),
    ],
)
def test_how_it_ends(answer, end, leaving):
    """A job that ends well lets the window go; whatever the editor has to read or to answer keeps it, or brings it
    back.
    """
    assert leaving is after(*UPLOADING, ASKED, answer, end).leaving


@pytest.mark.parametrize("message", [Checking(), SourceChosen(text="x"), ROWS], ids=["start", "a video", "a setting"])
def test_another_job_keeps_the_window(message):
    """Whoever chooses or starts the next video while the window says goodbye works on."""
    assert Leaving.STAYS is after(*UPLOADING, ASKED, IN_BACKGROUND, DONE, message).leaving


def test_the_question_stands_in_the_banner():
    """Also in the place of another one, which comes back; news of the job goes on behind it."""
    state = after(*UPLOADING, ASKED, TokenWanted())
    assert (CLOSE_QUESTION, None) == (state.shown_banner, state.shown_token)
    state = after(*UPLOADING, ASKED, TokenWanted(), STAY)
    assert (state.banner, TokenView()) == (state.shown_banner, state.shown_token)
    assert after(*UPLOADING).banner == after(*UPLOADING, ASKED, TokenWanted(), TokenAnswered(given=True), STAY).banner


def test_the_banner_says_that_the_window_will_close():
    """And that the program will end, with a button that keeps it."""
    assert CLOSES_AFTERWARDS == after(*UPLOADING, ASKED, AFTER_JOB).shown_banner.lines[-1]
    ended = after(*UPLOADING, ASKED, IN_BACKGROUND, DONE).shown_banner
    assert (CLOSES_SOON, [BannerAnswer.STAY]) == (ended.lines[-1], [choice.answer for choice in ended.choices])
    assert ended.title == f"Done: {Path(PLAN.job.source).name}"


def test_nothing_is_lost_by_a_slip_of_the_finger():
    """The answer that has the keyboard changes nothing."""
    assert [BannerAnswer.STAY] == [choice.answer for choice in CLOSE_QUESTION.choices if choice.default]
