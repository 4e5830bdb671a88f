"""How messages change what the window shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import media_info, report

from pipeline.errors import Problem
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.job import Job, UploadRequest
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from pipeline.plan import make_plan
from pipeline.preflight_answers import DestinationTaken, Refused, ReplaceFolder, ResumeUpload
from ui.banners import Tone
from ui.messages import (
    Checking,
    ConnectionForgotten,
    ConnectionTested,
    ConnectionTesting,
    FolderKnown,
    JobStarted,
    Message,
    ModelsKnown,
    Paused,
    Resumed,
    RowsChosen,
    SourceChosen,
    SourceFound,
    SourceOptions,
    SourceRefused,
    StartCancelled,
    StopRequested,
    TokenAnswered,
    TokenRefused,
    TokenWanted,
    UnexpectedError,
)
from ui.source_view import HOW_TO_ACCEPT
from ui.view_state import Stage, ViewState, advance

JOB = Job(
    source=Path("/videos/lesson01.mp4"),
    output_dir=Path("/out"),
    slug="lesson01",
    upload=UploadRequest(prefix="videos/"),
)
PLAN = make_plan(JOB, media_info(JOB.source))
ROWS = RowsChosen(qualities=("1080p", "720p", "480p"), mp4=True, transcript=True, upload=False)
FOUND = SourceFound(text="/videos/lesson01.mp4", media=media_info(JOB.source), slug="lesson01")


def after(*messages: Message) -> ViewState:
    """Return the state of a new window after these messages."""
    state = ViewState()
    for message in messages:
        state = advance(state, message)
    return state


def problem(text: str) -> Problem:
    """Return a problem without a place."""
    return Problem(text=text)


RUNNING = (Checking(), JobStarted(plan=PLAN))
UPLOADING = (*RUNNING, PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7))


@pytest.mark.parametrize(
    ("messages", "buttons"),
    [
        ((), (True, False, True, False)),
        ((Checking(),), (False, True, False, False)),
        ((Checking(), ResumeUpload(plan=PLAN, files_done=1, files_total=2)), (False, True, False, False)),
        (RUNNING, (False, True, False, False)),
        (UPLOADING, (False, True, False, True)),
        ((*UPLOADING, StopRequested()), (False, False, False, True)),
        (
            (*UPLOADING, PhaseFinished(job="lesson01", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, overall=1.0)),
            (False, True, False, False),
        ),
        ((*UPLOADING, JobFinished(report=report(PLAN))), (True, False, True, False)),
        ((Checking(), Refused(problems=(problem("x"),))), (True, False, True, False)),
        ((Checking(), StartCancelled()), (True, False, True, False)),
    ],
    ids=[
        "new",
        "checking",
        "asking",
        "running",
        "uploading",
        "stopping",
        "uploaded",
        "finished",
        "refused",
        "withdrawn",
    ],
)
def test_buttons(messages, buttons):
    """Start and the form, Cancel and Cancel Upload are there exactly when they do something."""
    state = after(*messages)
    assert buttons == (state.start_enabled, state.cancel_enabled, state.form_enabled, state.cancel_upload_shown)


UPLOADED = PhaseFinished(job="lesson01", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.DONE, overall=1.0)
SENT = PhaseProgress(
    job="lesson01",
    phase=PhaseName.UPLOAD,
    fraction=0.5,
    overall=0.8,
    transfer=TransferFigures(bytes_done=1 << 20, bytes_total=2 << 20, bytes_per_s=1 << 20),
)
PAUSED_TITLE, BUSY_TITLE = "The upload is paused.", "Converting lesson01.mp4…"


@pytest.mark.parametrize(
    ("messages", "buttons", "title"),
    [
        (RUNNING, (False, False), BUSY_TITLE),
        ((*RUNNING, Paused()), (False, False), BUSY_TITLE),
        (UPLOADING, (True, False), BUSY_TITLE),
        ((*UPLOADING, Paused()), (False, True), PAUSED_TITLE),
        ((*UPLOADING, Paused(), Resumed()), (True, False), BUSY_TITLE),
        ((*UPLOADING, Paused(), UPLOADED), (False, False), BUSY_TITLE),
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
        ((EXPIRED, TokenWanted()), "", BUSY_TITLE),
        ((TokenWanted(), TokenRefused(problem="Too short.")), "Too short.", BUSY_TITLE),
        ((TokenWanted(), TokenAnswered(given=True)), None, BUSY_TITLE),
        ((TokenWanted(), TokenAnswered(given=True), TokenRefused(problem="Too short.")), None, BUSY_TITLE),
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
    assert [(BUSY_TITLE, Tone.BUSY), (PAUSED_TITLE, Tone.PLAIN)] == [(banner.title, banner.tone) for banner in tones]


def test_checks_before_the_start_are_no_upload():
    """The upload tells that it validates before anything starts: there is nothing to cancel but the job."""
    state = after(
        *RUNNING, PhaseProgress(job="lesson01", phase=PhaseName.UPLOAD, fraction=0.0, overall=0.0, text="Validating...")
    )
    assert not state.cancel_upload_shown
    assert ("Validating...", "0%") == (state.bars.upload.text, state.bars.upload.figure)
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
    """Up to three stand beneath each other."""
    banner = after(Refused(problems=tuple(problem(f"{n}.") for n in range(3)))).banner
    assert ("Not started: 3 things must be put right first.", 3) == (banner.title, len(banner.lines))


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
    assert reason == banner.lines[0]
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
            ["Nothing was published. What is finished is kept.", "Press Start to continue."],
            Tone.WARNING,
        ),
        (
            report(PLAN, Outcome.CANCELLED, error="Upload cancelled. 12/45 files uploaded. Resume anytime."),
            "Cancelled: lesson01.mp4",
            ["Upload cancelled. 12/45 files uploaded. Resume anytime.", "Press Start to continue."],
            Tone.WARNING,
        ),
    ],
    ids=["done", "done with address", "done with warning", "failed", "cancelled", "upload cancelled"],
)
def test_how_a_job_ended_is_said_in_words(finished, title, sentences, tone):
    """The first word says how it ended, the sentences say where the files are or what to do."""
    banner = after(*RUNNING, JobFinished(report=finished)).banner
    assert (title, sentences, tone) == (banner.title, list(banner.lines), banner.tone)


def test_cancel_is_shown_at_once():
    """Between the press and the end the window says what it waits for."""
    state = after(*RUNNING, StopRequested())
    assert (Stage.STOPPING, "Cancelling…") == (state.stage, state.banner.title)


def test_a_late_cancel_changes_nothing():
    """Cancel that arrives when the job has just ended does not hide how it ended."""
    ended = after(*RUNNING, JobFinished(report=report(PLAN)))
    assert ended == advance(ended, StopRequested())


def test_a_source_is_described():
    """Details, offered qualities and the slug of the source are known when it was found."""
    source = after(SourceChosen(text=FOUND.text), FOUND).source
    expected = ("0:14 · 1280×720 · 25 fps · Stereo AAC", ("720p", "480p", "360p"), "lesson01")
    assert expected == (source.details, source.offered, source.slug)


HDR = replace(media_info(JOB.source), video=replace(media_info().video, colour_transfer="smpte2084", bit_depth=10))
CUT_SHORT = replace(media_info(JOB.source), readable_s=11.0)
TWO_VIDEOS = replace(media_info(JOB.source), video_sizes=("1280×720", "640×360"))
INTERLACED = replace(HDR, video=replace(HDR.video, interlaced=True), readable_s=11.0)


@pytest.mark.parametrize(
    ("media", "chosen", "damage", "treatment"),
    [
        (FOUND.media, SourceOptions(), "", ""),
        (HDR, SourceOptions(), "", "HDR10, converted to SDR"),
        (HDR, SourceOptions(keep_hdr=True), "", "HDR10, kept"),
        (TWO_VIDEOS, SourceOptions(), "", "2 videos: 1280×720 converted; 640×360 left out"),
        (CUT_SHORT, SourceOptions(), f"Ends 3 s before the length that it declares, {HOW_TO_ACCEPT}", ""),
        (CUT_SHORT, SourceOptions(accept_damaged=True), "Ends 3 s before the length that it declares", ""),
        (
            INTERLACED,
            SourceOptions(accept_damaged=True),
            "Ends 3 s before the length that it declares",
            "HDR10, converted to SDR · Interlaced, made progressive",
        ),
    ],
    ids=["ordinary", "HDR", "HDR kept", "two videos", "damaged", "damaged but accepted", "all of it"],
)
def test_what_is_done_about_a_source(media, chosen, damage, treatment):
    """What is unusual and what becomes of it is said as the form stands, whichever of the two is known first."""
    found = replace(FOUND, media=media)
    for messages in ((chosen, SourceChosen(text=FOUND.text), found), (SourceChosen(text=FOUND.text), found, chosen)):
        source = after(*messages).source
        assert (damage, treatment) == (source.damage, source.treatment)


def test_another_source_takes_the_treatment_away():
    """What was said of the last video is not said of the next."""
    found = replace(FOUND, media=INTERLACED)
    source = after(SourceChosen(text=FOUND.text), found, SourceChosen(text="/videos/other.mp4")).source
    assert ("", "") == (source.damage, source.treatment)


def test_audio_alone_has_no_video_rows():
    """Qualities and MP4 are off where there is no video, captions are not."""
    found = replace(FOUND, media=replace(FOUND.media, video=None))
    state = after(ROWS, SourceChosen(text=FOUND.text), found)
    assert state.source.audio_only
    assert ["off"] * 7 + ["0%"] == [
        bar.figure for bar in (*state.bars.qualities, state.bars.mp4, state.bars.transcript)
    ]


@pytest.mark.parametrize("late", [FOUND, SourceRefused(text=FOUND.text, reason="broken")], ids=["found", "refused"])
def test_news_of_an_earlier_source_is_dropped(late):
    """What is found out about a file that was replaced in the meantime is not shown."""
    now = after(SourceChosen(text=FOUND.text), SourceChosen(text="/videos/other.mp4"))
    assert now == advance(now, late)


def test_a_broken_source_says_why():
    """The reason stands beside the field and nothing pretends to be known."""
    source = after(SourceChosen(text="/x.mp4"), SourceRefused(text="/x.mp4", reason="/x.mp4 is empty.")).source
    assert ("/x.mp4 is empty.", "", None) == (source.problem, source.details, source.offered)


def test_rows_leave_out_what_the_source_is_too_small_for():
    """Once the source is known, a quality that it does not fill is off."""
    state = after(ROWS, SourceChosen(text=FOUND.text), FOUND)
    assert ["off", "off", "off", "0%", "0%", "off"] == [bar.figure for bar in state.bars.qualities]


def test_a_finished_jobs_rows_stay_until_something_is_changed():
    """The result can be read in peace; the next choice makes room for the next job."""
    ended = after(ROWS, *RUNNING, JobFinished(report=report(PLAN)))
    assert "100%" == advance(ended, ROWS).bars.overall.figure
    assert "0%" == advance(ended, replace(ROWS, mp4=False)).bars.overall.figure


def test_another_source_makes_room_for_the_next_job():
    """Result and rows of the last job go when another video is chosen."""
    state = after(ROWS, *RUNNING, JobFinished(report=report(PLAN)), SourceChosen(text="/videos/other.mp4"))
    assert ("Choose a video and press Start.", "0%") == (state.banner.title, state.bars.overall.figure)


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
    assert (Stage.RUNNING, Tone.BAD, ("Something.",)) == (state.stage, state.banner.tone, state.banner.lines)


FULL = LogLine(job="lesson01", text="The disk is full: the job waits.", level=LogLevel.WAITING)


def test_a_warning_stands_in_the_banner():
    """A job that waits for the editor says so where it is seen, and is on its way all the same."""
    state = after(*RUNNING, PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0), FULL)
    banner = state.banner
    assert ("Converting lesson01.mp4…", (FULL.text,), Tone.WARNING) == (banner.title, banner.lines, banner.tone)
    assert (Stage.RUNNING, True) == (state.stage, state.cancel_enabled)


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
