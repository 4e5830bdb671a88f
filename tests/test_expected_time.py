"""How long phases are expected to take, from what is known of the machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.expected_time import HEARING_S, PhaseWork, expected_s, learned, unit_s, work_of
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
    times = [expected_s(WORK, *known)[HLS] for known in (({},), ({"hls libx264": (3.0,)},), ({}, (HLS,)))]
    assert [50.0, 300.0, 0.5] == times


@pytest.mark.parametrize(
    ("known", "report", "after"),
    [
        pytest.param((), _report(200.0), (2.0,), id="the first"),
        pytest.param((2.0,), _report(300.0), (2.0, 3.0), id="one more"),
        pytest.param((1.0, 2.0, 3.0, 4.0, 5.0), _report(600.0), (2.0, 3.0, 4.0, 5.0, 6.0), id="the last five"),
        pytest.param((1.0,), _report(9.0), (1.0,), id="too short"),
        pytest.param((1.0,), _report(200.0, PhaseOutcome.REUSED), (1.0,), id="not done now"),
        pytest.param((1.0,), _report(200.0, PhaseOutcome.CANCELLED), (1.0,), id="not done whole"),
    ],
)
def test_what_is_learned_from_a_job(known, report, after):
    """What the last few jobs took that did all of their work."""
    other = {"other": (1.0,)}
    assert {**other, "hls libx264": after} == {
        "hls libx264": (),
        **learned({**other, "hls libx264": known}, WORK, [report]),
    }


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        pytest.param({}, "hls libx264", id="plain, as earlier versions keep it"),
        pytest.param({"target_vmaf": 95.0}, "hls libx264 measured", id="measured"),
        pytest.param({"target_vmaf": 95.0, "fit_ladder": True}, "hls libx264 measured fitted", id="fitted"),
        pytest.param({"copy_top": True}, "hls libx264 copied", id="copied"),
    ],
)
def test_an_encode_is_compared_with_its_like(job, media_info, settings, kind):
    """The plan does not say how much there is to measure, nor how much a copied top leaves."""
    plan = _plan(job, media_info(), encoding=replace(job.encoding, **settings))
    assert kind == work_of(plan, 2)[HLS].kind


def test_a_phase_that_waited_teaches_nothing():
    """An upload that was paused over night says nothing of the line."""
    assert {"hls libx264": (1.0,)} == learned({"hls libx264": (1.0,)}, WORK, [_report(90_000.0)], {HLS})


@pytest.mark.parametrize("outlier_s", [900.0, 0.001], ids=["much too slow", "much too quick"])
@pytest.mark.parametrize("at", [0, 1, 2, 3, 7], ids=lambda at: f"job {at + 1}")
def test_one_job_spoils_no_figure(outlier_s, at):
    """Whenever a job comes that took far longer or less than others: two later, they are expected as they are."""
    ordinary_s, known = 1.2, {}
    for number in range(12):
        took_s = outlier_s if number == at else ordinary_s
        known = learned(known, WORK, [_report(max(10.0, took_s * 100))])
        if number > at + 1:
            assert unit_s(WORK[HLS], known["hls libx264"]) == pytest.approx(ordinary_s, rel=0.5)


def test_the_first_figure_stays_near_the_usual_one():
    """Nothing says yet whether that job was an ordinary one."""
    assert [5.0, 0.05, 2.0] == [unit_s(WORK[HLS], (seconds,)) for seconds in (900.0, 0.001, 2.0)]


def test_a_machine_that_is_far_from_usual_is_known_after_two_jobs():
    """A slow line is slow, however fast lines usually are."""
    assert 20.0 == unit_s(WORK[HLS], (20.0, 21.0))
