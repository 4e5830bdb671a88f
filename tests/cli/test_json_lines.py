"""The form of the lines that `--json` prints."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from cli.json_lines import JsonLines, json_line
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome

NOON = datetime(2026, 11, 28, 12, 0, 0, 4_999, tzinfo=timezone.utc)
ENVELOPE = {"schema": 1, "job": "course/lesson", "ts": "2026-11-28T12:00:00.004Z"}
REPORT = JobReport(
    slug="course/lesson", source=Path("lesson.mp4"), folder=Path("out/course/lesson"), outcome=Outcome.DONE
)


def printed(event):
    """Return what is printed of an event at noon."""
    out = io.StringIO()
    JsonLines(out, lambda: NOON).event(event)
    (line,) = out.getvalue().splitlines()
    return json.loads(line)


def test_what_no_machine_keeps_has_no_folder():
    """Not the folder in which the program happens to run."""
    assert "" == printed(JobFinished(report=replace(REPORT, folder=Path())))["folder"]


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        pytest.param(
            PhaseStarted(job="course/lesson", phase=PhaseName.HLS, overall=0.0),
            {"event": "phase_started", "phase": "hls", "overall": 0.0},
            id="started",
        ),
        pytest.param(
            PhaseProgress(
                job="course/lesson",
                phase=PhaseName.HLS,
                fraction=0.5,
                overall=0.25,
                text="Encoding",
                rows={"360p": 0.5},
            ),
            {
                "event": "phase_progress",
                "phase": "hls",
                "fraction": 0.5,
                "overall": 0.25,
                "text": "Encoding",
                "rows": {"360p": 0.5},
                "files_done": 0,
                "files_total": 0,
                "bytes_done": 0,
                "bytes_total": 0,
                "bytes_per_s": 0.0,
                "seconds_left": None,
                "bytes_confirmed": 0,
                "kept": 0.0,
            },
            id="progress",
        ),
        pytest.param(
            PhaseProgress(
                job="course/lesson",
                phase=PhaseName.UPLOAD,
                fraction=0.5,
                overall=0.9,
                transfer=TransferFigures(
                    files_done=1,
                    files_total=4,
                    bytes_done=8,
                    bytes_total=16,
                    bytes_per_s=2.0,
                    seconds_left=4.0,
                    bytes_confirmed=6,
                ),
                kept=0.75,
            ),
            {
                "event": "phase_progress",
                "phase": "upload",
                "fraction": 0.5,
                "overall": 0.9,
                "text": "",
                "rows": {},
                "files_done": 1,
                "files_total": 4,
                "bytes_done": 8,
                "bytes_total": 16,
                "bytes_per_s": 2.0,
                "seconds_left": 4.0,
                "bytes_confirmed": 6,
                "kept": 0.75,
            },
            id="upload",
        ),
        pytest.param(
            PhaseFinished(
                job="course/lesson",
                phase=PhaseName.MP4,
                outcome=PhaseOutcome.FAILED,
                overall=0.5,
                text="No.",
                failed_files=2,
            ),
            {
                "event": "phase_finished",
                "phase": "mp4",
                "outcome": "failed",
                "overall": 0.5,
                "text": "No.",
                "failed_files": 2,
            },
            id="finished",
        ),
        pytest.param(
            LogLine(job="course/lesson", text="Odd.", level=LogLevel.WARNING),
            {"event": "log_line", "text": "Odd.", "level": "warning"},
            id="log line",
        ),
        pytest.param(
            JobFinished(report=REPORT),
            {
                "event": "job_finished",
                "source": "lesson.mp4",
                "folder": str(REPORT.folder),
                "outcome": "done",
                "phases": [],
                "error": "",
                "warnings": [],
                "master_url": "",
                "wrong_settings": False,
                "media_deleted": False,
                "loudness_lufs": None,
                "backend_unreachable": False,
                "folder_in_use": False,
                "damaged": False,
                "unheard": False,
            },
            id="job finished",
        ),
    ],
)
def test_an_event_becomes_a_line_with_its_job_and_its_time(event, fields):
    """The fields of the event stand beside those that every line has; scripts read them by these names."""
    assert {**ENVELOPE, **fields} == printed(event)


def test_a_line_of_no_job_has_null_in_its_place():
    """As those of `verify`; whoever reads lines of several commands need not ask whether the field is there."""
    line = json.loads(json_line("unchecked", {"text": "The key."}, now=lambda: NOON))
    assert {**ENVELOPE, "job": None, "event": "unchecked", "text": "The key."} == line


def test_the_time_of_a_line_is_the_time_at_which_it_is_printed():
    """In UTC, to the millisecond, whatever the time zone of the computer is."""
    before = datetime.now(timezone.utc) - timedelta(milliseconds=1)
    ts = json.loads(json_line("kept", {}))["ts"]
    assert before <= datetime.strptime(ts, "%Y-%m-%dT%H:%M:%S.%f%z") <= datetime.now(timezone.utc)


@pytest.mark.parametrize(
    ("error", "printed_error"),
    [("", "Cancelled."), ("Upload cancelled. 1/4 files uploaded. Resume anytime.",) * 2],
    ids=["nothing to say", "more to say"],
)
def test_the_error_of_a_cancelled_job_is_never_empty(error, printed_error):
    """Whoever shows `error` to people always has something to show."""
    report = replace(REPORT, outcome=Outcome.CANCELLED, error=error)
    assert printed_error == printed(JobFinished(report=report))["error"]
