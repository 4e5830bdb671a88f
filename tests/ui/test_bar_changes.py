"""How a job's events move the progress rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from ui_fakes import media_info, report

from pipeline.events import PhaseFinished, PhaseProgress, PhaseStarted, TransferFigures
from pipeline.job import Job, TranscriptionRequest, UploadRequest
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from pipeline.plan import make_plan
from pipeline.transfer.upload.upload_texts import cancelled_text
from ui import bar_changes as rows
from ui.bars import Bars, RowStatus
from ui.messages import RowsChosen

JOB = Job(
    source=Path("/videos/lesson01.mp4"),
    output_dir=Path("/out"),
    slug="lesson01",
    qualities=("720p", "480p"),
    transcription=TranscriptionRequest(),
    upload=UploadRequest(prefix="videos/"),
)
PLAN = make_plan(JOB, media_info(JOB.source))
BEGUN = rows.for_plan(PLAN)


def figures(bars: Bars) -> dict[str, str]:
    """Return what stands at the end of each row."""
    return {bar.label: bar.figure for bar in bars.all}


def ended(bars: Bars, phase: PhaseName, outcome: PhaseOutcome = PhaseOutcome.DONE, text: str = "") -> Bars:
    """Return the rows after a phase began and ended."""
    bars = rows.started(bars, PhaseStarted(job="lesson01", phase=phase, overall=0.5), PLAN)
    return rows.finished(bars, PhaseFinished(job="lesson01", phase=phase, outcome=outcome, overall=0.6, text=text))


def uploading(text: str = "", **counts: int) -> Bars:
    """Return the rows in the middle of the upload."""
    bars = rows.started(BEGUN, PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7), PLAN)
    return rows.progressed(
        bars,
        PhaseProgress(
            job="lesson01",
            phase=PhaseName.UPLOAD,
            fraction=0.35,
            overall=0.75,
            text=text,
            transfer=TransferFigures(**counts),
        ),
        PLAN,
    )


def test_a_rendition_that_is_left_out_is_skipped():
    """Once the others are told of without it; before, when none is told of, it waits with them."""

    def told(bars: Bars, **values: float) -> Bars:
        return rows.progressed(
            bars,
            PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=0.1, overall=0.1, rows=values),
            PLAN,
        )

    begun = told(rows.started(BEGUN, PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0), PLAN))
    bars = told(begun, **{"720p": 0.4})
    done = rows.finished(
        bars,
        PhaseFinished(job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, overall=0.5),
    )
    assert [("0%", "0%"), ("40%", "skipped"), ("100%", "skipped")] == [
        (figures(one)["720p"], figures(one)["480p"]) for one in (begun, bars, done)
    ]


def test_rows_that_are_off():
    """A row is there for everything; what the next job will not do is off."""
    bars = rows.unstarted(RowsChosen(qualities=("720p",), mp4=False, transcript=True, upload=False))
    expected = {
        "Overall": "0%",
        "2160p": "off",
        "1440p": "off",
        "1080p": "off",
        "720p": "0%",
        "480p": "off",
        "360p": "off",
        "480p MP4": "off",
        "Transcript": "0%",
        "Upload": "off",
    }
    assert expected == figures(bars)


def test_rows_of_a_plan():
    """A job that begins has the rows of its plan, which wait until it comes to them; the upload is being validated."""
    assert ("off", "off", "off", "waiting", "waiting", "off") == tuple(bar.figure for bar in BEGUN.qualities)
    assert ("waiting", "waiting", "waiting", "Validating...") == (
        BEGUN.mp4.figure,
        BEGUN.transcript.figure,
        BEGUN.upload.figure,
        BEGUN.upload.text,
    )


def test_a_job_of_audio_alone_has_no_rows_of_a_video():
    """There is no quality to wait for, and nothing that happens brings one back."""
    plan = make_plan(JOB, replace(media_info(JOB.source), video=None))
    bars = rows.started(rows.for_plan(plan), PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0), plan)
    ended_hls = PhaseFinished(job="lesson01", phase=PhaseName.HLS, outcome=PhaseOutcome.DONE, overall=0.5)
    for shown in (bars, rows.finished(bars, ended_hls), rows.closed(bars, report(plan, Outcome.CANCELLED))):
        assert ["Overall", "Transcript", "Upload"] == [bar.label for bar in shown.all if bar.shown]


def test_a_rendition_of_its_own_size_has_a_row():
    """A source smaller than every quality gets the last row, under its own name."""
    plan = make_plan(replace(JOB, qualities=None), media_info(JOB.source, width=320, height=240))
    bars = rows.for_plan(plan)
    assert ["2160p", "1440p", "1080p", "720p", "480p", "240p"] == [bar.label for bar in bars.qualities]
    assert ["off"] * 5 + ["waiting"] == [bar.figure for bar in bars.qualities]
    event = PhaseProgress(job="lesson01", phase=PhaseName.HLS, fraction=0.5, overall=0.2, rows={"240p": 0.5})
    assert "50%" == rows.progressed(bars, event, plan).qualities[-1].figure


def test_each_quality_follows_its_own_segments():
    """The rows of phase HLS are filled from the event, those that are off stay off."""
    bars = rows.started(BEGUN, PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0), PLAN)
    event = PhaseProgress(
        job="lesson01",
        phase=PhaseName.HLS,
        fraction=0.5,
        overall=0.25,
        rows={"720p": 0.4, "480p": 0.6},
        text="Encoding",
    )
    bars = rows.progressed(bars, event, PLAN)
    assert ("25%", "off", "off", "off", "40%", "60%", "off") == tuple(bar.figure for bar in bars.all[:7])
    assert "Step 1 of 5: Encoding" == bars.overall.text


@pytest.mark.parametrize(
    ("text", "counts", "expected"),
    [
        ("Uploading 5/23 files (master.m3u8)", {}, "Uploading 5/23 files (master.m3u8)"),
        ("", {"files_done": 5, "files_total": 23}, "Uploading 5/23 files"),
    ],
    ids=["the pipeline's words", "from the counts"],
)
def test_upload_says_what_it_sends(text, counts, expected):
    """The text beneath the upload's bar is the pipeline's, or made from its counts."""
    bars = uploading(text, **counts)
    assert ("35%", expected) == (bars.upload.figure, bars.upload.text)


def test_upload_is_validated_when_it_begins():
    """Before the first file the row says so."""
    bars = rows.started(BEGUN, PhaseStarted(job="lesson01", phase=PhaseName.UPLOAD, overall=0.7), PLAN)
    assert "Validating..." == bars.upload.text


def test_checks_before_the_start_move_no_bar():
    """What the upload tells while everything is checked is text only."""
    event = PhaseProgress(job="lesson01", phase=PhaseName.UPLOAD, fraction=0.0, overall=0.0, text="Validating...")
    bars = rows.checked(BEGUN, event)
    assert (BEGUN.overall, RowStatus.WAITING) == (bars.overall, bars.upload.status)


def test_the_file_record_is_told_in_the_uploads_row():
    """The record has no row of its own: its words stand beneath the upload."""
    bars = ended(uploading(), PhaseName.UPLOAD, text="Upload complete!")
    bars = rows.started(bars, PhaseStarted(job="lesson01", phase=PhaseName.RECORD, overall=0.95), PLAN)
    assert ("100%", "Saving the file record") == (bars.upload.figure, bars.upload.text)
    event = PhaseProgress(
        job="lesson01", phase=PhaseName.RECORD, fraction=0.0, overall=0.95, text="Updating session..."
    )
    assert "Updating session..." == rows.progressed(bars, event, PLAN).upload.text
    bars = rows.finished(
        bars, PhaseFinished(job="lesson01", phase=PhaseName.RECORD, outcome=PhaseOutcome.DONE, overall=1.0)
    )
    assert ("100%", "Upload complete!") == (bars.upload.figure, bars.upload.text)


def test_a_record_that_was_not_saved_is_a_warning():
    """The files are up, so the bar stays full, and the text says what is missing."""
    bars = ended(uploading(), PhaseName.UPLOAD)
    bars = ended(bars, PhaseName.RECORD, PhaseOutcome.WARNED, "long")
    assert ("100%", RowStatus.WARNED) == (bars.upload.figure, bars.upload.status)
    assert "Upload complete, but the file record was not saved." == bars.upload.text


@pytest.mark.parametrize(
    ("failed_files", "shown"),
    [(3, "Upload failed (3 files). Check logs."), (0, "Upload failed. Check logs.")],
    ids=["some files", "no connection"],
)
def test_a_failed_upload_is_short_beneath_its_bar(failed_files, shown):
    """There is room for how many files it was; the reason stands in the banner."""
    event = PhaseFinished(
        job="lesson01",
        phase=PhaseName.UPLOAD,
        outcome=PhaseOutcome.FAILED,
        overall=0.8,
        text="Why, and what to do.",
        failed_files=failed_files,
    )
    bars = rows.finished(uploading(), event)
    assert ("failed", shown) == (bars.upload.figure, bars.upload.text)


def test_a_cancelled_upload_says_how_far_it_is():
    """The pipeline's sentence stays beneath the bar, without a button that can't be pressed now."""
    bars = ended(uploading(), PhaseName.UPLOAD, PhaseOutcome.CANCELLED, cancelled_text(12, 45))
    assert ("stopped", "Upload cancelled. 12/45 files uploaded.") == (bars.upload.figure, bars.upload.text)


@pytest.mark.parametrize(
    ("outcome", "figure", "text"),
    [
        (PhaseOutcome.DONE, "100%", "reason"),
        (PhaseOutcome.REUSED, "100%", "reason"),
        (PhaseOutcome.SKIPPED, "skipped", "reason"),
        (PhaseOutcome.FAILED, "failed", ""),
        (PhaseOutcome.CANCELLED, "stopped", ""),
    ],
    ids=lambda value: value.value if isinstance(value, PhaseOutcome) else None,
)
def test_how_the_transcript_ends(outcome, figure, text):
    """The row shows how it ended, and why when that is short."""
    bars = ended(BEGUN, PhaseName.TRANSCRIPT, outcome, "reason")
    assert (figure, text) == (bars.transcript.figure, bars.transcript.text)


def test_mp4_follows_its_phase():
    """The MP4's row fills and ends with its phase."""
    event = PhaseProgress(job="lesson01", phase=PhaseName.MP4, fraction=0.5, overall=0.6)
    assert "50%" == rows.progressed(BEGUN, event, PLAN).mp4.figure
    assert "100%" == ended(BEGUN, PhaseName.MP4).mp4.figure


def test_a_job_that_is_done_is_full():
    """The overall bar ends at 100 %, whatever the last event said."""
    assert "100%" == rows.closed(uploading(), report(PLAN)).overall.figure


@pytest.mark.parametrize(
    ("outcome", "figure"), [(Outcome.FAILED, "failed"), (Outcome.CANCELLED, "stopped")], ids=["failed", "cancelled"]
)
def test_a_job_that_ends_early_leaves_no_row_on_its_way(outcome, figure):
    """What was on its way shows that it ended; what was still to come stays at nothing and promises nothing."""
    bars = rows.started(BEGUN, PhaseStarted(job="lesson01", phase=PhaseName.HLS, overall=0.0), PLAN)
    bars = rows.closed(bars, report(PLAN, outcome, error="reason"))
    assert (figure, figure, "0%") == (bars.overall.figure, bars.qualities[3].figure, bars.upload.figure)
    assert ("", "") == (bars.upload.text, bars.overall.text)
    assert RowStatus.ACTIVE not in {bar.status for bar in bars.all}
