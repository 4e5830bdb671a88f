"""A job is put into the form, and the form describes the same job again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.inputs import Input
from pipeline.job import (
    AudioRequest,
    CaptionFile,
    CaptionRules,
    Codec,
    DatasetRequest,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    Existing,
    Job,
    RateControl,
    TrackChoice,
    TranscriptionRequest,
    Trim,
    UploadRequest,
)
from ui.continued_job import ContinuedJob
from ui.form_of_job import edited, form_of
from ui.job_form import FormValues, to_job

PLAIN = Job(
    source=Path("/videos/lesson01.mp4"), output_dir=Path("/out"), slug="lesson01", qualities=("720p",), make_mp4=False
)
FULL = replace(
    PLAIN,
    tracks=TrackChoice(audio=(1, 3)),
    encoding=EncodingRequest(
        codec=Codec.HEVC,
        encoder=EncoderFamily.CPU,
        preset="slow",
        rate_control=RateControl.CRF,
        target_vmaf=93.5,
        keep_hdr=True,
    ),
    audio=AudioRequest(surround=True, loudness_lufs=-16.0),
    encryption=Encryption(key_file=Path("/keys/key"), key_uri="https://keys.example.com/1", publish_key=True),
    accept_damaged=True,
    trim=Trim(start_s=2.25, end_s=3725.5),
    make_mp4=True,
    transcription=TranscriptionRequest(
        model="small", language="de", profile=CaptionRules.BBC, fast=True, track=2, translate=True
    ),
    captions=(CaptionFile(path=Path("/captions/lesson01.fr.vtt"), language="fr"),),
    upload=UploadRequest(prefix="courses/bio/lesson01/", language="de", session_id="a" * 24, delete_local=True),
    dataset=DatasetRequest(uri="s3://bucket/bio.json"),
)
OWN = FormValues(
    qualities=("1080p", "480p"), destination="mine/", backend_url="https://api.example.com", token="t" * 32
)


@pytest.mark.parametrize("job", [PLAIN, FULL], ids=["plain", "everything that the form has"])
def test_the_form_describes_the_job_that_was_put_into_it(job):
    """Nothing of it is lost or added, and the login in the form stays."""
    values = form_of(job, OWN)
    assert job == to_job(values, Input(source=job.source, slug=job.slug, alone=True))
    assert (OWN.backend_url, OWN.token) == (values.backend_url, values.token)


def test_what_the_form_has_no_field_for_stays():
    """Of a job that is edited in the form, only what was changed there is changed."""
    job = replace(FULL, black_bars=True, title="Lesson 1")
    after = replace(FULL, transcription=replace(FULL.transcription, model="base"))
    assert replace(job, transcription=after.transcription) == edited(job, FULL, after)


def test_nothing_of_another_video_is_taken_over():
    """Of a job without upload or transcript, neither the other's folder, nor its track, nor that a copy is deleted."""
    second = replace(PLAIN, slug="lesson02")
    values = replace(form_of(second, form_of(FULL, OWN)), upload=True, transcribe=True)
    job = to_job(values, Input(source=second.source, slug=second.slug, alone=True))
    assert ("courses/bio/lesson02/", False) == (job.upload.prefix, job.upload.delete_local)
    assert job.transcription.track is None


@pytest.mark.parametrize(
    "change",
    [
        {"part_to": "half past"},
        {"source": "/videos/lesson02.mp4"},
        {"qualities": ("480p",)},
    ],
    ids=["a part that is none", "another video", "another quality"],
)
def test_a_changed_form_is_another_job(change):
    """What was put into the form goes on only as long as the form asks for the same."""
    filled = form_of(FULL, OWN)
    taken = ContinuedJob(job=FULL, filled=filled)
    assert replace(FULL, existing=Existing.RESUME) == taken.unchanged(replace(filled, token="u" * 32, upload_open=True))
    assert taken.unchanged(replace(filled, **change)) is None
