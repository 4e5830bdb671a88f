"""What a person or a script reads of a job's events."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from cli.json_lines import JsonLines
from cli.render import PlainLines, TerminalBars, job_summary
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome

DONE = JobReport(
    slug="lesson",
    source=Path("lesson.mp4"),
    folder=Path("out/lesson"),
    outcome=Outcome.DONE,
    master_url="https://x/master.m3u8",
)


def _progress(fraction: float, text: str = "") -> PhaseProgress:
    return PhaseProgress(job="lesson01", phase=PhaseName.UPLOAD, fraction=fraction, overall=fraction, text=text)


def test_plain_lines_report_every_tenth_once():
    """A log file stays short however many events there are."""
    out = io.StringIO()
    lines = PlainLines(out)
    lines.event(PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.0))
    for hundredth in range(101):
        lines.event(_progress(hundredth / 100))
    lines.event(_progress(1.0))
    assert ["Upload …", *(f"Upload {tenth * 10:3d}%" for tenth in range(1, 11))] == out.getvalue().splitlines()


def test_a_rendition_that_is_left_out_loses_its_bar(capsys):
    """As soon as the others are told of without it."""
    bars = TerminalBars()
    bars.start("lesson01", ["480p", "360p"], (PhaseName.HLS,))
    for told in ({}, {"480p": 0.0, "360p": 0.0}, {"480p": 1.0}):
        bars.event(PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=1.0, overall=1.0, rows=told))
    bars.event(PhaseFinished(job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, overall=1.0, text="Made"))
    bars.close()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [("Overall", "100%"), ("480p", "Made")] == [
        (line[0], line[-1]) for line in lines if line and line[0] in ("Overall", "480p", "360p")
    ]


def test_plain_lines_begin_with_what_will_be_made():
    """Of a job that another machine does nothing is known yet: no empty line."""
    out = io.StringIO()
    lines = PlainLines(out)
    lines.start("a", ["720p", "480p"], (PhaseName.HLS,))
    lines.start("b", (), ())
    assert "a: 720p, 480p\n" == out.getvalue()


def test_plain_lines_leave_technical_lines_out_and_keep_warnings():
    """The ffmpeg command is for whoever reads the JSON."""
    out = io.StringIO()
    lines = PlainLines(out)
    lines.event(LogLine(job="lesson01", text="ffmpeg -i x", level=LogLevel.DETAIL))
    lines.event(LogLine(job="lesson01", text="Something is odd.", level=LogLevel.WARNING))
    lines.event(PhaseFinished(job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.REUSED, overall=1.0))
    assert ["Something is odd.", "HLS: reused"] == out.getvalue().splitlines()


def test_why_a_phase_failed_is_not_said_beside_standard_error():
    """The sentence is on standard error, once; a program finds it in the event."""
    failed = PhaseFinished(job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.FAILED, overall=0.0, text="Why.")
    out, told = io.StringIO(), io.StringIO()
    PlainLines(out).event(failed)
    JsonLines(told).event(failed)
    assert ("HLS: failed\n", "Why.") == (out.getvalue(), json.loads(told.getvalue())["text"])


def test_json_has_one_object_a_line_with_the_events_name():
    """The last line of a job names it and its outcome."""
    out = io.StringIO()
    lines = JsonLines(out)
    lines.event(_progress(0.5, "half"))
    lines.event(JobFinished(report=DONE))
    first, last = (json.loads(line) for line in out.getvalue().splitlines())
    assert ("phase_progress", "upload", 0.5, "half") == (
        first["event"],
        first["phase"],
        first["fraction"],
        first["text"],
    )
    assert ("job_finished", "lesson", "done", "lesson.mp4") == (
        last["event"],
        last["job"],
        last["outcome"],
        last["source"],
    )


@pytest.mark.parametrize(
    ("report", "lines"),
    [
        pytest.param(DONE, ["lesson: done. The files are in out/lesson", "Stream: https://x/master.m3u8"], id="done"),
        pytest.param(
            JobReport(slug="a", source=Path("a"), folder=Path("a"), outcome=Outcome.CANCELLED),
            ["a: Cancelled."],
            id="cancelled",
        ),
        pytest.param(
            JobReport(slug="a", source=Path("a"), folder=Path("a"), outcome=Outcome.FAILED, error="Why."),
            ["a: failed."],
            id="failed",
        ),
    ],
)
def test_the_summary_says_how_it_ended_and_where_to_look(report, lines):
    """The reason of a failure goes to standard error."""
    assert lines == job_summary(report)
