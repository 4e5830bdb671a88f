"""How long phases are expected to take, from what is known of the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.expected_time import HEARING_S, PhaseWork, expected_s, learned, work_of
from pipeline.job import TranscriptionRequest, UploadJob, UploadRequest
from pipeline.model import PhaseName, PhaseOutcome, PhaseReport, UploadPlan
from pipeline.plan import make_plan

HLS, TRANSCRIPT, UPLOAD = PhaseName.HLS, PhaseName.TRANSCRIPT, PhaseName.UPLOAD
WORK = {HLS: PhaseWork(kind="hls libx264", amount=100.0, usual_s=0.5)}


def _plan(job, media, **changes):
    asked = replace(job, transcription=TranscriptionRequest(model="base"), upload=UploadRequest(prefix="a/"))
    return make_plan(replace(asked, **changes), media)


def _report(seconds: float, outcome: PhaseOutcome = PhaseOutcome.DONE) -> PhaseReport:
    return PhaseReport(phase=HLS, outcome=outcome, seconds=seconds)


def test_every_phase_of_a_job_has_a_time(job, media_info):
    """Also those that take nearly none."""
    plan = _plan(job, media_info())
    times = expected_s(work_of(plan, 2), {})
    assert list(plan.phases) == list(times)
    assert min(times.values()) >= 0.5


def test_more_pixels_more_cores_and_a_slower_preset_count(job, media_info):
    """An encode is expected by what it has to do and by what does it."""
    media = media_info()
    slow = replace(job.encoding, preset="slow")
    usual, few, careful, quick = (
        expected_s(work_of(_plan(job, media, **changes), cores), {})[HLS]
        for changes, cores in (({}, 2), ({"qualities": ("360p",)}, 2), ({"encoding": slow}, 2), ({}, 4))
    )
    assert few < usual < careful
    assert pytest.approx(usual / 2) == quick


def test_a_transcript_takes_its_model_and_its_length(job, media_info):
    """Audio that nobody has to listen to takes none."""
    media = media_info()
    heard = expected_s(work_of(_plan(job, media), 2), {})[TRANSCRIPT]
    assert pytest.approx(HEARING_S["base"] * media.duration_s) == heard
    careful = _plan(job, media, transcription=TranscriptionRequest(model="large-v3"))
    assert heard < expected_s(work_of(careful, 2), {})[TRANSCRIPT]
    assert heard > expected_s(work_of(_plan(job, replace(media, audio=())), 2), {})[TRANSCRIPT]


def test_audio_alone_and_an_upload_alone_have_times(job, media_info):
    """Where there is no video to encode, and where nothing is encoded at all."""
    audio = replace(media_info(), video=None)
    request = UploadRequest(prefix="a/")
    upload = UploadPlan(job=UploadJob(folder=Path("x"), upload=request), phases=(UPLOAD, PhaseName.RECORD))
    assert (
        expected_s(work_of(_plan(job, audio), 2), {})[HLS] < expected_s(work_of(_plan(job, media_info()), 2), {})[HLS]
    )
    assert [UPLOAD, PhaseName.RECORD] == list(expected_s(work_of(upload, 2), {}))


def test_what_was_measured_counts_and_what_is_done_does_not():
    """Of a phase whose work is done only a moment is left."""
    times = [expected_s(WORK, *known)[HLS] for known in (({},), ({"hls libx264": 3.0},), ({}, (HLS,)))]
    assert [50.0, 300.0, 0.5] == times


@pytest.mark.parametrize(
    ("known", "report", "after"),
    [
        pytest.param({}, _report(200.0), {"hls libx264": 2.0}, id="the first counts whole"),
        pytest.param({"hls libx264": 2.0}, _report(300.0), {"hls libx264": 2.5}, id="halfway"),
        pytest.param({"hls libx264": 2.0}, _report(90_000.0), {"hls libx264": 3.0}, id="a night's pause"),
        pytest.param({"other": 1.0}, _report(9.0), {"other": 1.0}, id="too short"),
        pytest.param({}, _report(200.0, PhaseOutcome.REUSED), {}, id="not done now"),
        pytest.param({}, _report(200.0, PhaseOutcome.CANCELLED), {}, id="not done whole"),
    ],
)
def test_what_is_learned_from_a_job(known, report, after):
    """A figure moves towards what the work took, and no single job spoils it."""
    assert after == learned(known, WORK, [report])
