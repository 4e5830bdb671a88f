"""A job as the queue keeps it: every path spelled out, what makes two jobs the same, no login in an address."""

from __future__ import annotations

import dataclasses
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import job_codec
from pipeline.job import (
    CaptionFile,
    DatasetRequest,
    Encryption,
    Existing,
    Job,
    TranscriptionRequest,
    UploadJob,
    UploadRequest,
)
from pipeline.source_address import SourceAddress
from pipeline.stored_job import job_kind, stored, with_absolute_paths, without_login

HERE = Path("/home/editor")


@pytest.fixture
def typed() -> Job:
    """A job with a path wherever there may be one, typed as short as can be."""
    return Job(
        source=Path("a.mp4"),
        output_dir=Path("out"),
        slug="a",
        chapters=Path("c.txt"),
        script=Path("s.txt"),
        captions=(CaptionFile(path=Path("de.srt"), language="de"),),
        encryption=Encryption(key_file=Path("key"), key_uri="https://k.example"),
        transcription=TranscriptionRequest(model="models/mine"),
        dataset=DatasetRequest(uri="course.json"),
    )


def test_every_path_is_spelled_out(typed):
    """None is left to the folder in which another process stands."""
    stored = with_absolute_paths(typed, HERE)
    assert [HERE / "a.mp4", HERE / "out", HERE / "c.txt", HERE / "s.txt", HERE / "de.srt", HERE / "key"] == [
        stored.source,
        stored.output_dir,
        stored.chapters,
        stored.script,
        stored.captions[0].path,
        stored.encryption.key_file,
    ]
    assert ("/home/editor/models/mine", "/home/editor/course.json") == (stored.transcription.model, stored.dataset.uri)
    assert stored == with_absolute_paths(stored, Path("/elsewhere"))


def test_a_source_elsewhere_has_no_path(typed):
    """Its name is a mere name, the same wherever one stands."""
    remote = replace(typed, address=SourceAddress(text="https://videos.example/a.mp4"))
    assert Path("a.mp4") == with_absolute_paths(remote, HERE).source
    assert stored(remote, HERE, "").identity == stored(replace(remote, source=HERE / "a.mp4"), HERE, "").identity


def test_names_and_addresses_are_no_paths(typed):
    """A model that is fetched, a dataset on S3."""
    typed = replace(
        typed, transcription=TranscriptionRequest(model="base"), dataset=DatasetRequest(uri="s3://bucket/course.json")
    )
    stored = with_absolute_paths(typed, HERE)
    assert ("base", "s3://bucket/course.json") == (stored.transcription.model, stored.dataset.uri)


def test_a_home_is_spelled_out(typed, monkeypatch):
    """It is not a folder called `~`."""
    monkeypatch.setenv("HOME", "/home/other")
    typed = replace(typed, transcription=TranscriptionRequest(model="~/mine"), dataset=DatasetRequest(uri="~/course"))
    stored = with_absolute_paths(typed, HERE)
    assert ("/home/other/mine", "/home/other/course") == (stored.transcription.model, stored.dataset.uri)


def test_a_plain_job_and_an_upload_are_spelled_out(tmp_path):
    """What is not asked for stays so."""
    plain = Job(source=Path("a.mp4"), output_dir=Path("out"), slug="a")
    assert replace(plain, source=HERE / "a.mp4", output_dir=HERE / "out") == with_absolute_paths(plain, HERE)
    upload = UploadJob(folder=Path("out/a"), upload=UploadRequest(prefix="p/"))
    assert replace(upload, folder=HERE / "out" / "a") == with_absolute_paths(upload, HERE)


def test_what_is_said_of_earlier_work_makes_no_other_job(typed):
    """Anything else does."""
    same = [stored(replace(typed, existing=existing), HERE, "").identity for existing in Existing]
    assert {stored(typed, HERE, "").identity} == set(same)
    assert stored(typed, HERE, "").identity != stored(replace(typed, make_mp4=False), HERE, "").identity


def test_a_setting_of_a_later_version_makes_no_other_job(typed, monkeypatch):
    """Neither do a schema of its own and an option at its default."""
    identity = stored(typed, HERE, "").identity
    later = dataclasses.make_dataclass(
        "Job", [("later", bool, dataclasses.field(default=False))], bases=(Job,), frozen=True, kw_only=True
    )
    monkeypatch.setattr(job_codec, "SCHEMA", job_codec.SCHEMA + 1)
    job = later(**{entry.name: getattr(typed, entry.name) for entry in dataclasses.fields(typed)})
    assert identity == stored(job, HERE, "").identity
    assert identity != stored(replace(job, later=True), HERE, "").identity


def test_kinds_of_jobs_are_told_apart(typed):
    """A conversion from the upload of the same folder."""
    upload = UploadJob(folder=typed.folder, upload=UploadRequest(prefix="p/"))
    assert ("Job", "UploadJob") == (stored(typed, HERE, "").kind, job_kind(stored(upload, HERE, "").identity))


def test_the_same_folder_is_spelled_the_same():
    """However it was typed."""
    job = Job(source=HERE / "a", output_dir=HERE / "x" / ".." / "out", slug="a/b")
    assert "/home/editor/out/a/b" == stored(job, HERE, "").folder


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://b.example/api", "https://b.example/api"),
        ("https://me:secret@b.example:8443/api?key=secret#x", "https://b.example:8443/api"),
        ("http://[::1", ""),
        ("", ""),
    ],
)
def test_an_address_is_kept_without_its_login(url, expected):
    """Nor with what may be in its query."""
    assert expected == without_login(url)
