"""A job's events as JSON and back: what workers tell those who wait."""

import json
from pathlib import Path

import pytest

from pipeline.errors import CodecError
from pipeline.event_codec import event_from_json, event_to_json
from pipeline.events import (
    JobFinished,
    LogLevel,
    LogLine,
    PhaseFinished,
    PhaseProgress,
    PhaseStarted,
    TransferFigures,
)
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, PhaseReport

EVENTS = [
    PhaseStarted(job="week1/lesson", phase=PhaseName.HLS, overall=0.0),
    PhaseProgress(job="lesson", phase=PhaseName.HLS, fraction=0.5, overall=0.25, text="Encoding", rows={"720p": 0.5}),
    PhaseProgress(
        job="lesson",
        phase=PhaseName.UPLOAD,
        fraction=0.5,
        overall=0.75,
        transfer=TransferFigures(files_done=1, files_total=2, bytes_done=10, bytes_total=20, seconds_left=3.0),
    ),
    PhaseFinished(job="lesson", phase=PhaseName.UPLOAD, outcome=PhaseOutcome.FAILED, overall=0.9, failed_files=2),
    LogLine(job="lesson", text="“Ünï” — 100 %", level=LogLevel.WARNING),
    JobFinished(
        report=JobReport(
            slug="lesson",
            source=Path("root:lectures/lesson.mp4"),
            folder=Path("lesson"),
            outcome=Outcome.DONE,
            phases=(PhaseReport(phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, seconds=1.5),),
            warnings=("slow",),
            loudness_lufs=-21.0,
        )
    ),
]


@pytest.mark.parametrize("event", EVENTS, ids=[f"{number}-{type(one).__name__}" for number, one in enumerate(EVENTS)])
def test_every_event_comes_back(event):
    """An event is the same after its way through a text."""
    assert event == event_from_json(json.loads(json.dumps(event_to_json(event))))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "The event must be an object, with its schema and its kind."),
        ({"event": "log_line"}, "The event does not say which schema it has."),
        ({"schema": 2, "event": "log_line"}, "The event has schema 2, and this version reads up to 1"),
        ({"schema": 1, "event": "odd"}, "The event must be of a known kind: phase_started,"),
        ({"schema": 1, "event": "log_line", "job": "a"}, r"The event \(schema 1\): text is missing."),
        ({"schema": 1, "event": "log_line", "job": "a", "text": 3}, "text must be a text, not a number."),
    ],
    ids=["no object", "no schema", "newer", "unknown kind", "a field is missing", "a wrong field"],
)
def test_what_is_no_event_is_refused(data, said):
    """What another program or a newer version wrote is refused with a sentence."""
    with pytest.raises(CodecError, match=said):
        event_from_json(data)
