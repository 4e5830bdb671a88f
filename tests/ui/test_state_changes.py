"""How messages change what the window shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import report
from window_states import PLAN, RUNNING, UPLOADING, after

from pipeline.errors import Problem
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.model import Outcome, PhaseName, PhaseOutcome, PhaseReport
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from ui.banners import Tone
from ui.messages import (
    Checking,
    ConnectionForgotten,
    ConnectionTested,
    ConnectionTesting,
    FolderKnown,
    ModelsKnown,
    Paused,
    Resumed,
    StopRequested,
    TokenAnswered,
    TokenRefused,
    TokenWanted,
    UnexpectedError,
)
from ui.state_changes import advance
from ui.view_state import ViewState, WindowStage


def phase(name: PhaseName, outcome: PhaseOutcome = PhaseOutcome.DONE) -> PhaseReport:
    """Return how a phase went."""
    return PhaseReport(phase=name, outcome=outcome, seconds=1.0)


CANCELLED = phase(PhaseName.MP4, PhaseOutcome.CANCELLED)


def problem(text: str) -> Problem:
    """Return a problem without a place."""
    return Problem(text=text)


UPLOADED = PhaseFinished(job="lesson01", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, overall=1.0)
SENT = PhaseProgress(
    job="lesson01",
    phase=PhaseName.UPLOAD,
    fraction=0.5,
    overall=0.8,
    transfer=TransferFigures(bytes_done=1 << 20, bytes_total=2 << 20, bytes_per_s=1 << 20),
)
PAUSED_TITLE, BUSY_TITLE = "The upload is paused.", "Converting lesson01.mp4…"
UPLOADING_TITLE = "Uploading: lesson01.mp4"


@pytest.mark.parametrize(
    ("messages", "buttons", "title"),
    [
        (RUNNING, (False, False), BUSY_TITLE),
        ((*RUNNING, Paused()), (False, False), BUSY_TITLE),
        (UPLOADING, (True, False), UPLOADING_TITLE),
        ((*UPLOADING, Paused()), (False, True), PAUSED_TITLE),
        ((*UPLOADING, Paused(), Resumed()), (True, False), UPLOADING_TITLE),
        ((*UPLOADING, Paused(), UPLOADED), (False, False), UPLOADING_TITLE),
        ((*UPLOADING, Paused(), StopRequested()), (False, False), "Cancelling…"),
        ((*UPLOADING, Paused(), JobFinished(report=report(PLAN))), (False, False), "Done: lesson01.mp4"),
    ],
    ids=["encoding", "too early", "uploading", "paused", "resumed", "uploaded all the same", "cancelled", "finished"],
)
def test_pause_and_resume(messages, buttons, title):
    """Pause is there while files go up, Resume while they rest;
    nothing stays paused when there is nothing left to pause.
    """
    state = after(*messages)
    assert (buttons, title) == ((state.pause_enabled, state.resume_enabled), state.banner.title)


@pytest.mark.parametrize(
    ("messages", "figures"),
    [
        ((SENT,), "1.0 of 2.0 MB · 1.0 MB/s"),
        ((Paused(), SENT), "1.0 of 2.0 MB · paused"),
        ((Paused(), TokenWanted(), SENT), "1.0 of 2.0 MB · waiting for a new token"),
        ((Paused(), Resumed(), SENT), "1.0 of 2.0 MB · 1.0 MB/s"),
        ((SENT, UPLOADED), ""),
        ((SENT, JobFinished(report=report(PLAN, Outcome.FAILED, error="x"))), ""),
    ],
    ids=["under way", "paused", "without a token", "resumed", "done", "failed"],
)
def test_figures_of_an_upload(messages, figures):
    """Speed and time stand there while something moves, the reason while nothing does, and nothing afterwards."""
    assert figures == after(*UPLOADING, *messages).bars.upload.figures


EXPIRED = LogLine(job="lesson01", text="The backend does not accept the token any more.", level=LogLevel.WARNING)


@pytest.mark.parametrize(
    ("messages", "problem", "title"),
    [
        ((EXPIRED, TokenWanted()), "", UPLOADING_TITLE),
        ((TokenWanted(), TokenRefused(problem="Too short.")), "Too short.", UPLOADING_TITLE),
        ((TokenWanted(), TokenAnswered(given=True)), None, UPLOADING_TITLE),
        ((TokenWanted(), TokenAnswered(given=True), TokenRefused(problem="Too short.")), None, UPLOADING_TITLE),
        ((TokenWanted(), StopRequested()), None, "Cancelling…"),
        ((StopRequested(), TokenWanted()), None, "Cancelling…"),
        ((TokenWanted(), JobFinished(report=report(PLAN))), None, "Done: lesson01.mp4"),
    ],
    ids=["asked", "refused", "answered", "refused too late", "cancelled", "asked too late", "finished"],
)
def test_the_question_for_a_token(messages, problem, title):
    """It stands until it is answered or the job ends, and beside it what is wrong with the answer."""
    state = after(*UPLOADING, *messages)
    assert (problem, title) == (state.token.problem if state.token else None, state.banner.title)


def test_an_answer_takes_the_warning_away_that_led_to_the_question():
    """The banner does not go on waiting for a token that is there; a pause is shown again."""
    tones = [
        after(*UPLOADING, *first, EXPIRED, TokenWanted(), TokenAnswered(given=True)).banner
        for first in ((), (Paused(),))
    ]
    assert [(UPLOADING_TITLE, Tone.BUSY), (PAUSED_TITLE, Tone.PLAIN)] == [
        (banner.title, banner.tone) for banner in tones
    ]


def test_checks_before_the_start_are_no_upload():
    """The upload tells that it validates before anything starts: there is nothing to cancel but the job."""
    state = after(
        *RUNNING, PhaseProgress(job="lesson01", phase=PhaseName.UPLOAD, fraction=0.0, overall=0.0, text="Validating...")
    )
    assert not state.cancel_upload_shown
    assert ("Validating...", "waiting") == (state.bars.upload.text, state.bars.upload.figure)
    assert "Checking tools, disk space and connection" == state.bars.overall.text


def test_progress_that_was_left_out_changes_nothing():
    """Values are absolute: after all events and after the last alone the same is shown."""
    events = [
        PhaseProgress(job="lesson01", phase=PhaseName.UPLOAD, fraction=n / 10, overall=0.7 + n / 50, text=f"{n}")
        for n in range(5)
    ]
    assert after(*UPLOADING, *events) == after(*UPLOADING, events[-1])


def test_one_problem_is_a_sentence():
    """A single problem needs no list."""
    banner = after(Checking(), Refused(problems=(problem("No video is chosen."),))).banner
    assert ("Not started: this must be put right first.", ("No video is chosen.",), Tone.BAD) == (
        banner.title,
        banner.lines,
        banner.tone,
    )


def test_some_problems_have_a_line_each():
    """Two stand beneath each other."""
    banner = after(Refused(problems=tuple(problem(f"{n}.") for n in range(2)))).banner
    assert ("Not started: 2 things must be put right first.", 2) == (banner.title, len(banner.lines))


def test_many_problems_share_a_paragraph():
    """More run on, so that they do not push everything else out of a small window; none is left out."""
    banner = after(Refused(problems=tuple(problem(f"{n}.") for n in range(7)))).banner
    assert ("•  0.   •  1.   •  2.   •  3.   •  4.   •  5.   •  6.",) == banner.lines


def test_the_resume_question():
    """The question has the files done and the three answers."""
    banner = after(Checking(), ResumeUpload(plan=PLAN, files_done=12, files_total=45)).banner
    assert "Previous upload incomplete. Resume? (12/45 files uploaded)" == banner.title
    assert ["Resume", "Upload everything again", "Not now"] == [choice.label for choice in banner.choices]


def test_the_replace_question_says_what_is_there():
    """Nobody is asked to replace something without knowing what."""
    reason = "/out/lesson01 was made with 360p, which is not asked for now."
    banner = after(Checking(), ReplaceFolder(plan=PLAN, reason=reason, refusal=Problem(text=reason))).banner
    assert banner.lines[0].startswith(reason)
    assert ["Replace", "Keep folder"] == [choice.label for choice in banner.choices]


@pytest.mark.parametrize(
    ("finished", "title", "sentences", "tone"),
    [
        (report(PLAN), "Done: lesson01.mp4", [f"The files are in {Path('/out/lesson01')}."], Tone.GOOD),
        (
            replace(report(PLAN), master_url="https://cdn.example.com/master.m3u8"),
            "Done: lesson01.mp4",
            [f"The files are in {Path('/out/lesson01')}.", "The stream is at https://cdn.example.com/master.m3u8"],
            Tone.GOOD,
        ),
        (
            report(PLAN, warnings=("The record is missing.",)),
            "Done, with a warning: lesson01.mp4",
            [f"The files are in {Path('/out/lesson01')}.", "The record is missing."],
            Tone.WARNING,
        ),
        (
            report(PLAN, Outcome.FAILED, error="The disk is full."),
            "Failed: lesson01.mp4",
            ["The disk is full."],
            Tone.BAD,
        ),
        (
            report(PLAN, Outcome.CANCELLED),
            "Cancelled: lesson01.mp4",
            ["Nothing was published.", "Press Start to begin again."],
            Tone.WARNING,
        ),
        (
            replace(report(PLAN, Outcome.CANCELLED), phases=(phase(PhaseName.HLS), CANCELLED)),
            "Cancelled: lesson01.mp4",
            ["Nothing was published. What is finished is kept.", "Press Start to continue."],
            Tone.WARNING,
        ),
        (
            replace(report(PLAN, Outcome.CANCELLED), phases=(phase(PhaseName.HLS), phase(PhaseName.UPLOAD))),
            "Cancelled: lesson01.mp4",
            ["The files are uploaded.", "Press Start to continue."],
            Tone.WARNING,
        ),
        (
            replace(
                report(PLAN, Outcome.CANCELLED, error="Upload cancelled. 12/45 files uploaded. Resume anytime."),
                phases=(phase(PhaseName.HLS),),
            ),
            "Cancelled: lesson01.mp4",
            ["Upload cancelled. 12/45 files uploaded.", "Press Start to continue."],
            Tone.WARNING,
        ),
    ],
    ids=[
        "done",
        "done with address",
        "done with warning",
        "failed",
        "cancelled",
        "cancelled after the stream",
        "cancelled after the upload",
        "upload cancelled",
    ],
)
def test_how_a_job_ended_is_said_in_words(finished, title, sentences, tone):
    """The first word says how it ended, the sentences say where the files are or what to do."""
    banner = after(*RUNNING, JobFinished(report=finished)).banner
    assert (title, sentences, tone) == (banner.title, list(banner.lines), banner.tone)


@pytest.mark.parametrize(
    ("name", "title"),
    [
        (PhaseName.FETCH, "Fetching the source: lesson01.mp4"),
        (PhaseName.HLS, BUSY_TITLE),
        (PhaseName.TRANSCRIPT, BUSY_TITLE),
        (PhaseName.UPLOAD, UPLOADING_TITLE),
        (PhaseName.RECORD, "Saving the file record: lesson01.mp4"),
        (PhaseName.CLEANUP, "Removing local files: lesson01.mp4"),
    ],
    ids=lambda value: value.value if isinstance(value, PhaseName) else None,
)
def test_the_banner_names_what_goes_on(name, title):
    """“Converting” is said of a conversion alone, and a line that takes a warning away leaves the title."""
    state = after(*RUNNING, PhaseStarted(job="lesson01", phase=name, overall=0.5))
    ended = PhaseFinished(job="lesson01", phase=name, outcome=PhaseOutcome.DONE, overall=0.6)
    for message in (FULL, LogLine(job="lesson01", text="There is room again."), ended):
        assert title == state.banner.title
        state = advance(state, message)
    assert title == state.banner.title


def test_a_question_in_the_banner_stays_when_a_phase_begins():
    """It waits for its answer."""
    state = replace(after(*RUNNING), banner=after(ResumeUpload(plan=PLAN, files_done=1, files_total=2)).banner)
    for message in (
        PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.5),
        LogLine(job="lesson01", text="x"),
    ):
        assert state.banner == advance(state, message).banner


def test_cancel_is_shown_at_once():
    """Between the press and the end the window says what it waits for."""
    state = after(*RUNNING, StopRequested())
    assert (WindowStage.STOPPING, "Cancelling…") == (state.stage, state.banner.title)


def test_a_late_cancel_changes_nothing():
    """Cancel that arrives when the job has just ended does not hide how it ended."""
    ended = after(*RUNNING, JobFinished(report=report(PLAN)))
    assert ended == advance(ended, StopRequested())


def test_a_question_that_comes_after_cancel_is_not_asked():
    """The job was withdrawn before it began, and its thread has ended."""
    question = ResumeUpload(plan=PLAN, files_done=1, files_total=2)
    state = after(Checking(), StopRequested(), question, StopRequested())
    assert (WindowStage.READY, "Not started.", ()) == (state.stage, state.banner.title, state.banner.choices)


@pytest.mark.parametrize(
    ("ok", "tried", "text", "shown", "tone"),
    [
        (True, True, "Connected.", "✓ Connected.", Tone.GOOD),
        (True, False, "Connected.", "⚠ Connected.", Tone.WARNING),
        (False, True, "Token expired.", "✗ Token expired.", Tone.BAD),
    ],
    ids=["connected", "not tried", "refused"],
)
def test_connection(ok, tried, text, shown, tone):
    """Success and failure differ in sign, word and colour."""
    view = after(
        ConnectionTesting(number=1), ConnectionTested(number=1, ok=ok, text=text, token_tried=tried)
    ).connection
    assert (shown, tone, False) == (view.text, view.tone, view.testing)


def test_a_test_of_what_was_changed_since_is_dropped():
    """A result for an address that is no longer there is not shown."""
    state = after(
        ConnectionTesting(number=1), ConnectionForgotten(), ConnectionTested(number=1, ok=True, text="Connected.")
    )
    assert ("", False) == (state.connection.text, state.connection.testing)


def test_models_and_folder():
    """Names of models and the folder to open arrive when they are known."""
    state = after(ModelsKnown(names=("tiny", "base")), FolderKnown(folder=Path("/out/lesson01")))
    assert (("tiny", "base"), True) == (state.models, state.folder_openable)
    assert not advance(state, FolderKnown(folder=None)).folder_openable


def test_a_mistake_in_the_window_leaves_the_job_alone():
    """It is said in the banner, and the stage stays."""
    state = after(*RUNNING, UnexpectedError(text="Something."))
    assert (WindowStage.RUNNING, Tone.BAD, "Something.") == (state.stage, state.banner.tone, state.banner.lines[0])


FULL = LogLine(job="lesson01", text="The disk is full: the job waits.", level=LogLevel.WAITING)


def test_a_warning_stands_in_the_banner():
    """A job that waits for the editor says so where it is seen, and is on its way all the same."""
    state = after(*RUNNING, PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0), FULL)
    banner = state.banner
    assert ("Converting lesson01.mp4…", (FULL.text,), Tone.WARNING) == (banner.title, banner.lines, banner.tone)
    assert (WindowStage.RUNNING, True) == (state.stage, state.cancel_enabled)


@pytest.mark.parametrize(
    ("message", "stays"),
    [
        (LogLine(job="lesson01", text="There is room again."), False),
        (PhaseStarted(job="lesson01", phase=PhaseName.MP4, overall=0.5), False),
        (LogLine(job="lesson01", text="ffmpeg -i", level=LogLevel.DETAIL), True),
        (PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=0.5, overall=0.2), True),
    ],
    ids=["the job goes on", "the next phase", "detail", "progress"],
)
def test_a_warning_stays_until_the_job_says_something_else(message, stays):
    """It is gone when the job goes on, and not a moment before."""
    state = after(*RUNNING, PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0))
    warned = advance(advance(state, FULL), message)
    assert (Tone.WARNING if stays else Tone.BUSY) is warned.banner.tone
    assert stays or state.banner == warned.banner


@pytest.mark.parametrize("messages", [(), (*RUNNING, StopRequested())], ids=["no job", "cancelling"])
def test_a_warning_out_of_season_is_only_a_line(messages):
    """Before a job and while it is cancelled the banner has something else to say."""
    assert after(*messages).banner == after(*messages, FULL).banner


def test_log_lines_are_no_state():
    """Lines go to the log view and leave the state as it is."""
    assert ViewState() == after(LogLine(job="lesson01", text="hello"))


@pytest.mark.parametrize(
    ("fields", "title", "line"),
    [
        pytest.param(
            {"title": "Lesson 02"},
            "videos/lesson01/ holds “Lesson 02”. Replace it?",
            "Another video was uploaded there on 2026-11-27.",
            id="another video",
        ),
        pytest.param(
            {"title": "lesson01", "same_name": True},
            "videos/lesson01/ holds “lesson01”. Replace it?",
            "A file of the same name with other content was uploaded there on 2026-11-27.",
            id="same name",
        ),
        pytest.param(
            {"title": "Lesson 02", "begun": True},
            "videos/lesson01/ is to hold “Lesson 02”. Replace it?",
            "Another video is on its way there: its upload began on 2026-11-27.",
            id="begun",
        ),
        pytest.param(
            {"title": "lesson01", "same_name": True, "begun": True, "last_synced": ""},
            "videos/lesson01/ is to hold “lesson01”. Replace it?",
            "A file of the same name with other content is on its way there: its upload has begun.",
            id="begun, same name, nobody knows when",
        ),
        pytest.param(
            {"title": "", "last_synced": ""},
            "videos/lesson01/ holds a stream of an unknown video. Replace it?",
            "It has no manifest, so nothing shows which video it is.",
            id="unknown",
        ),
    ],
)
def test_whose_a_destination_is(fields, title, line):
    """Whether another upload has ended there or only begun, when, and whether anybody knows of which video."""
    told = {"same_name": False, "begun": False, "last_synced": "2026-11-27T10:00:00Z", **fields}
    refusal = Problem(text="Choose another destination.")
    banner = after(DestinationTaken(plan=PLAN, prefix="videos/lesson01/", refusal=refusal, **told)).banner
    assert (title, line, Tone.WARNING) == (banner.title, banner.lines[0], banner.tone)


@pytest.mark.parametrize(("kept", "told"), [(0.1299, "continue: 12% is kept."), (0.004, "begin again.")])
def test_a_cancel_says_what_is_kept(kept, told):
    """Not how far the bar was: of what was under way nothing is left."""
    progress = PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=0.4, overall=0.3, kept=kept)
    begun = PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0)
    ended = PhaseFinished(job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.CANCELLED, overall=0.3)
    state = after(*RUNNING, begun, progress, ended, JobFinished(report=report(PLAN, Outcome.CANCELLED)))
    assert f"Press Start to {told}" == state.banner.lines[-1]
