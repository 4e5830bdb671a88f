"""What a job is expected to take, before it starts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pipeline.estimate import Estimate, estimate
from pipeline.job import EncoderFamily, RateControl, TranscriptionRequest, UploadRequest
from pipeline.plan import make_plan

MEASURED = {"hls libx264": (0.5,), "mp4 joined": (0.003,), "transcript base": (0.1,), "upload": (1e-6,)}


def found(job, media, measured=MEASURED, **changes) -> Estimate:
    """Return the estimate of a job."""
    return estimate(make_plan(replace(job, **changes), media), measured, 2)


def test_the_size_is_that_of_the_rates(job, media_info):
    """With an average rate about so much; with a constant quality that is the most; twice the length is twice of it."""
    media = media_info()
    average = replace(job.encoding, rate_control=RateControl.ABR)
    constant, kept = found(job, media), found(job, media, encoding=average)
    assert (True, False, constant.size_bytes) == (constant.is_most, kept.is_most, kept.size_bytes)
    longer = found(job, replace(media, duration_s=2 * media.duration_s))
    assert pytest.approx(2 * constant.size_bytes, rel=0.01) == longer.size_bytes
    assert found(job, media, qualities=("360p",), make_mp4=False).size_bytes < constant.size_bytes


def test_nothing_is_known_of_a_source_without_a_length(job, media_info):
    """Neither size nor time."""
    unknown = found(job, replace(media_info(), duration_s=None))
    assert (None, None) == (unknown.size_bytes, unknown.seconds)


def test_the_time_is_known_of_work_that_this_machine_has_done(job, media_info):
    """A new machine tells none; nor does one that has never transcribed or uploaded so much."""
    media = replace(media_info(), duration_s=3600.0)
    assert None is found(job, media, {}).seconds
    known = found(job, media).seconds
    assert known is not None
    heard = {"transcription": TranscriptionRequest(model="base")}
    assert known < found(job, media, **heard).seconds
    assert None is found(job, media, {"hls libx264": (0.5,), "mp4 joined": (0.003,)}, **heard).seconds
    sent = {"upload": UploadRequest(prefix="a/")}
    assert None is found(job, media, {"hls libx264": (0.5,)}, **sent).seconds
    assert known < found(job, media, **sent).seconds


def test_measured_qualities_say_nothing_of_a_plain_encode(job, media_info):
    """They take several times as long; the time of either is told once this machine has done it."""
    media = replace(media_info(), duration_s=3600.0)
    per_title = replace(job.encoding, target_vmaf=95.0, fit_ladder=True)
    both = {**MEASURED, "hls libx264 measured fitted": (3.0,)}
    after_it = {kind: seconds for kind, seconds in both.items() if kind != "hls libx264"}
    assert None is found(job, media, after_it).seconds
    assert None is found(job, media, encoding=per_title).seconds
    assert found(job, media, both).seconds < found(job, media, both, encoding=per_title).seconds


def test_the_encoder_is_the_one_that_is_used_here(job, media_info):
    """Where any may be taken, it is the one that earlier jobs had; another one that is named is not known."""
    media = replace(media_info(), duration_s=3600.0)
    quick = {**MEASURED, "hls h264_nvenc": (0.05,)}
    assert found(job, media, quick).seconds < found(job, media).seconds
    copied, copy_top = {**quick, "hls h264_nvenc copied": (0.05,)}, replace(job.encoding, copy_top=True)
    assert (True, False) == tuple(found(job, media, m, encoding=copy_top).seconds is None for m in (quick, copied))
    named = replace(job.encoding, encoder=EncoderFamily.CPU)
    assert found(job, media, encoding=named).seconds == found(job, media, quick, encoding=named).seconds


def test_the_size_is_told_by_what_earlier_jobs_came_to(job, media_info):
    """Of several of its kind with a constant quality: the middle one counts, and it is no longer the most."""
    media = media_info()
    most, kind = found(job, media), "size hls libx264"
    few = found(job, media, {**MEASURED, kind: (0.1, 0.2)})
    several = found(job, media, {**MEASURED, kind: (0.1, 0.2, 0.9)})
    assert (most.size_bytes, True) == (few.size_bytes, few.is_most)
    assert (pytest.approx(0.2 * most.size_bytes, rel=0.01), False) == (several.size_bytes, several.is_most)
    average = {"encoding": replace(job.encoding, rate_control=RateControl.ABR)}
    assert found(job, media, **average) == found(job, media, {**MEASURED, kind: (0.1, 0.2, 0.9)}, **average)
    assert several.seconds == most.seconds
