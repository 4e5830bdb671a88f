"""How the videos in a queue stand, as the window says it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome
from ui.bars import RowStatus
from ui.log_text import log_lines
from ui.messages import Checking, SourceChosen
from ui.queue_memory import QueuedVideo, QueueMemory
from ui.queue_messages import (
    PuttingIn,
    QueueCancelled,
    QueueChosen,
    QueueStanding,
    QueueTold,
    VideoQueued,
    VideoStanding,
)
from ui.queue_view import QueueView, advance_queue
from ui.state_changes import advance as window
from ui.view_state import ViewState, WindowStage

PHASES = (PhaseName.HLS, PhaseName.UPLOAD, PhaseName.RECORD)
ONE, TWO = (QueuedVideo(id=id_, title=f"lesson-{id_}", renditions=("360p",), phases=PHASES) for id_ in ("1", "2"))
ENCODES = PhaseProgress(job="lesson-1", phase=PhaseName.HLS, fraction=0.43, overall=0.2, rows={"360p": 0.43})


def report(outcome: Outcome = Outcome.DONE, error: str = "") -> JobFinished:
    """Return a worker's last word."""
    return JobFinished(
        report=JobReport(slug="lesson-1", source=Path("l.mp4"), folder=Path(), outcome=outcome, error=error)
    )


def told(event, machine: str = "alpha") -> QueueTold:
    """Return what a machine tells of the first video."""
    return QueueTold(id="1", title="lesson-1", machine=machine, event=event)


def after(*messages) -> QueueView:
    """Return what is shown when both are in the queue and these have come."""
    view = QueueView()
    for message in (VideoQueued(video=ONE), VideoQueued(video=TWO), *messages):
        view = advance_queue(view, message)
    return view


def test_an_upload_that_is_only_looked_at_waits():
    """Before anything starts a machine tells what its upload checks: nothing is sent yet."""
    looked_at = PhaseProgress(job="lesson-1", phase=PhaseName.UPLOAD, fraction=0.0, overall=0.0, text="Validating...")
    one = after(told(looked_at)).videos[0]
    assert ("On alpha", "waiting") == (one.status, one.bars.upload.figure)


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ((), "Waits in the queue"),
        (
            (QueueStanding(videos=(VideoStanding(id="1", why_not="no machine is connected."),)),),
            "Waits: no machine is connected.",
        ),
        ((QueueStanding(videos=(VideoStanding(id="1", machine="alpha"),)),), "On alpha"),
        ((told(ENCODES),), "On alpha, 43%: Encoding the stream"),
        ((told(ENCODES), told(LogLine(job="lesson-1", text="gone"), "beta")), "On alpha, 43%: Encoding the stream"),
        ((told(ENCODES), QueueStanding(videos=(VideoStanding(id="1"),))), "Waits in the queue"),
        (
            (QueueStanding(videos=(VideoStanding(id="1", machine="alpha", hears_not="it needs whisper."),)),),
            "On alpha: its transcription waits: it needs whisper.",
        ),
        ((told(ENCODES), QueueCancelled(id="1", title="lesson-1")), "Cancelling…"),
        ((told(report()),), "Done on alpha"),
        ((told(report(Outcome.FAILED, "No audio.")),), "Failed: No audio."),
        ((told(report(Outcome.CANCELLED), "the queue"), QueueCancelled(id="1", title="lesson-1")), "Cancelled"),
    ],
)
def test_status(messages, status):
    """Which machine has it and how far it is, or why none has it; the other video is as it was."""
    one, two = after(*messages).videos
    assert (status, "Waits in the queue") == (one.status, two.status)


def test_another_machine_begins_anew():
    """The bars of the one that lost it are emptied, also in a phase that this computer would not have."""
    fetching = PhaseStarted(job="lesson-1", phase=PhaseName.FETCH, overall=0.0)
    first, second = (after(told(ENCODES), *more).videos[0] for more in ((), (told(fetching, "beta"),)))
    assert [0.43, 0.0] == [one.bars.qualities[-1].fraction for one in (first, second)]
    assert ("On beta, 0%: Fetching the source", "Fetching the source") == (second.status, second.bars.overall.text)


def test_the_bars_of_the_chosen_video_are_shown():
    """Those of this computer's job come first while it has one, and so does Cancel."""
    state = ViewState()
    for message in (VideoQueued(video=ONE), told(ENCODES), VideoQueued(video=TWO, found=True), QueueChosen(id="1")):
        state = window(state, message)
    assert (0.2, True) == (state.shown_bars.overall.fraction, state.queue_cancel_enabled)
    checking = window(state, Checking())
    assert (checking.bars, False) == (checking.shown_bars, checking.queue_cancel_enabled)
    finished = told(PhaseFinished(job="lesson-1", phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, overall=0.6))
    done = window(window(state, finished), told(report()))
    assert ("Done: l.mp4", RowStatus.DONE) == (done.banner.title, done.shown_bars.overall.status)
    assert (("Its files are on the server.",), False) == (done.banner.lines, done.queue_cancel_enabled)
    assert checking.banner == window(checking, told(report())).banner


def test_one_that_is_put_in_again_is_shown_as_it_stands():
    """And one that has ended makes room when the next is chosen in the form."""
    again = after(told(ENCODES), VideoQueued(video=ONE))
    assert ([0.43, 0.0], "1") == ([one.fraction for one in again.videos], again.chosen_id)
    state = replace(ViewState(), queue=again)
    assert ["1", ""] == [
        window(one, SourceChosen(text="/next.mp4")).queue.chosen_id for one in (state, window(state, told(report())))
    ]


def test_a_video_goes_into_the_queue():
    """It is said what goes on meanwhile, and then the next one can be chosen."""
    sending = LogLine(job="lesson-1", text="Sending l.mp4: 1 of 2 MB.")
    state = window(window(window(ViewState(), Checking()), PuttingIn()), sending)
    assert ("Putting the video into the queue…", (sending.text,)) == (state.banner.title, state.banner.lines)
    state = window(state, VideoQueued(video=ONE))
    assert (WindowStage.READY, "In the queue: lesson-1") == (state.stage, state.banner.title)


def test_the_log_names_video_and_machine():
    """Several are told of at once."""
    lines = [line.text for message in (VideoQueued(video=ONE), told(report())) for line in log_lines(message)]
    assert ["lesson-1 is in the queue", "lesson-1 (alpha): Done"] == lines
    (line,) = log_lines(QueueCancelled(id="1", title="lesson-1"))
    assert (LogLevel.WARNING, "lesson-1: Cancel was pressed") == (line.level, line.text)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"queues": {"a": [{"id": 1}]}}'])
def test_videos_are_remembered(tmp_path, content):
    """By their queue, until they have ended; what can't be read is forgotten."""
    memory, file = QueueMemory(tmp_path / "data"), tmp_path / "data" / "window-queue.json"
    file.parent.mkdir()
    if content is not None:
        file.write_text(content)
    for place, video in (("a", ONE), ("a", TWO), ("b", ONE), ("a", TWO)):
        memory.add(place, video)
    memory.remove("b", "1")
    assert [(ONE, TWO), ()] == [QueueMemory(tmp_path / "data").videos(place) for place in "ab"]
    memory.remove("a", "1")
    assert (TWO,) == memory.videos("a")


def test_what_a_newer_version_remembers_is_left_alone(tmp_path):
    """It may be used again."""
    (tmp_path / "window-queue.json").write_text('{"schema": 2}')
    QueueMemory(tmp_path).add("a", ONE)
    assert '{"schema": 2}' == (tmp_path / "window-queue.json").read_text()
    QueueMemory(None).add("a", ONE)
    assert () == QueueMemory(None).videos("a")
