"""Which messages are worth a line in the log view."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import media_info, report

from pipeline.errors import Problem
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.job import Job
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from pipeline.plan import make_plan
from pipeline.preflight_answers import Refused
from ui.keychain import KeptLogin
from ui.list_messages import VideoTold
from ui.log_text import log_lines
from ui.messages import (
    Checking,
    ConnectionTested,
    JobStarted,
    KeychainTold,
    LogEntry,
    LoginFound,
    Paused,
    Resumed,
    StopRequested,
    TokenAnswered,
    UnexpectedError,
)

PLAN = make_plan(Job(source=Path("/videos/lesson01.mp4"), output_dir=Path("/out"), slug="lesson01"), media_info())


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        (LogLine(job="lesson01", text="hello", level=LogLevel.WARNING), [("hello", LogLevel.WARNING)]),
        (LogEntry(text="Opened /out", level=LogLevel.INFO), [("Opened /out", LogLevel.INFO)]),
        (JobStarted(plan=PLAN), [(f"Started: {Path('/videos/lesson01.mp4')}", LogLevel.INFO)]),
        (PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0), [("Encoding the stream", LogLevel.INFO)]),
        (
            PhaseFinished(
                job="lesson01", phase=PhaseName.MP4, outcome=PhaseOutcome.REUSED, overall=0.6, text="Already made"
            ),
            [("Making the 480p MP4: Already made", LogLevel.INFO)],
        ),
        (
            PhaseFinished(
                job="lesson01", phase=PhaseName.RECORD, outcome=PhaseOutcome.WARNED, overall=1.0, text="Not saved"
            ),
            [("Saving the file record: Not saved", LogLevel.WARNING)],
        ),
        (
            PhaseFinished(job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.FAILED, overall=0.0, text="Why."),
            [("Encoding the stream: failed", LogLevel.ERROR)],
        ),
        (JobFinished(report=report(PLAN)), [(f"Done: {Path('/out/lesson01')}", LogLevel.INFO)]),
        (
            JobFinished(report=replace(report(PLAN), master_url="https://cdn/master.m3u8")),
            [(f"Done: {Path('/out/lesson01')}", LogLevel.INFO), ("Stream: https://cdn/master.m3u8", LogLevel.INFO)],
        ),
        (JobFinished(report=report(PLAN, Outcome.CANCELLED)), [("Cancelled", LogLevel.WARNING)]),
        (
            JobFinished(report=report(PLAN, Outcome.FAILED, error="The disk is full.")),
            [("Failed: The disk is full.", LogLevel.ERROR)],
        ),
        (Refused(problems=(Problem(text="a"), Problem(text="b"))), [("a", LogLevel.ERROR), ("b", LogLevel.ERROR)]),
        (StopRequested(), [("Cancel was pressed", LogLevel.WARNING)]),
        (Paused(), [("The upload is paused", LogLevel.INFO)]),
        (Resumed(), [("The upload goes on", LogLevel.INFO)]),
        (TokenAnswered(given=True), [("The upload goes on with a new token", LogLevel.INFO)]),
        (TokenAnswered(given=False), [("Stop here was pressed", LogLevel.INFO)]),
        (KeychainTold(text="No keychain."), [("No keychain.", LogLevel.WARNING)]),
        (KeychainTold(), []),
        (LoginFound(login=KeptLogin(url="https://x", token="kept-token-kept-token")), []),
        (ConnectionTested(number=1, ok=False, text="Token expired."), [("Token expired.", LogLevel.ERROR)]),
        (ConnectionTested(number=1, ok=True, text="Connected.", token_tried=False), [("Connected.", LogLevel.WARNING)]),
        (UnexpectedError(text="Oops."), [("Oops.", LogLevel.ERROR)]),
        (PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=0.5, overall=0.2), []),
        (Checking(), []),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, list) else None,
)
def test_log_lines(message, lines):
    """Beginnings, endings and everything that went wrong are kept; progress is not."""
    assert lines == [(line.text, line.level) for line in log_lines(message)]


@pytest.mark.parametrize("said", ["only its audio.", "Talk.mp4: only its audio."], ids=["without", "with its name"])
def test_a_line_of_the_list_names_its_video_once(said):
    """Whether or not the sentence begins with the name by itself."""
    told = VideoTold(id="a", title="Talk.mp4", event=LogLine(job="talk", text=said, level=LogLevel.INFO))
    assert ["Talk.mp4: only its audio."] == [line.text for line in log_lines(told)]
