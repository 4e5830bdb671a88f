"""How a job went, as text and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.errors import CodecError
from pipeline.model import JobReport, Outcome, PhaseName, PhaseOutcome, PhaseReport
from pipeline.report_codec import report_from_text, report_to_text

REPORT = JobReport(
    slug="week1/lesson",
    source=Path("/videos/lesson.mp4"),
    folder=Path("/out/week1/lesson"),
    outcome=Outcome.FAILED,
    phases=(PhaseReport(phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, seconds=1.5, text="3 qualities"),),
    error="No.",
    warnings=("Ah.",),
    master_url="https://cdn.example/master.m3u8",
    loudness_lufs=-16.5,
)
KEPT = (
    '{"schema": 1, "slug": "week1/lesson", "source": "/videos/lesson.mp4", "folder": "/out/week1/lesson", '
    '"outcome": "failed", "phases": [{"phase": "hls", "outcome": "done", "seconds": 1.5, "text": "3 qualities"}], '
    '"error": "No.", "warnings": ["Ah."], "master_url": "https://cdn.example/master.m3u8", "wrong_settings": false, '
    '"media_deleted": false, "loudness_lufs": -16.5}'
)
"""As version 1 wrote it."""


def test_a_report_comes_back():
    """With all that is in it."""
    assert REPORT == report_from_text(report_to_text(REPORT))


def test_the_first_schema_is_read():
    """As it stands in queues."""
    assert REPORT == report_from_text(KEPT)


def test_a_signed_address_is_kept_without_its_signature():
    """It is a secret while it lasts."""
    signed = json.loads(KEPT) | {"master_url": "https://cdn.example/master.m3u8?signature=secret"}
    kept = json.loads(report_to_text(report_from_text(json.dumps(signed))))
    assert REPORT.master_url == kept["master_url"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "The report is not JSON text"),
        ("[]", "does not say which schema"),
        ('{"schema": true}', "does not say which schema"),
        ('{"schema": 2}', "has schema 2, and this version reads up to 1: use a newer version"),
        ('{"schema": 1}', "The report: slug is missing"),
    ],
    ids=["no JSON", "a list", "no number", "newer", "empty"],
)
def test_what_is_no_report_is_said_in_a_sentence(text, said):
    """It may be from elsewhere, or from a later version."""
    with pytest.raises(CodecError, match=said):
        report_from_text(text)
