"""A job's row in the queue: what another machine can read, and nothing that only this one knows."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.engines.procrastinate.rows import TaskKind, job_of, queue_names, queue_row, tags_problem
from pipeline.errors import CodecError, SettingsError, SourceError
from pipeline.job import (
    CaptionFile,
    EncoderFamily,
    EncodingRequest,
    Encryption,
    Job,
    TranscriptionRequest,
    UploadRequest,
)
from pipeline.source_address import SourceAddress, parse_address


@pytest.fixture
def roots(tmp_path):
    """The folders of the machine that puts jobs in."""
    return {"lectures": tmp_path / "lectures", "keys": tmp_path / "keys"}


@pytest.fixture
def lesson(roots, tmp_path):
    """A job with every kind of path, uploaded from a folder that nobody else has."""
    below = roots["lectures"] / "week 1"
    return Job(
        source=below / "lesson ä.mp4",
        output_dir=tmp_path / "out",
        slug="week-1/lesson-a",
        encryption=Encryption(key_file=roots["keys"] / "k.bin", key_uri="https://example.com/key"),
        chapters=below / "chapters.txt",
        captions=(CaptionFile(path=below / "de.srt", language="de"),),
        script=below / "script.txt",
        transcription=TranscriptionRequest(model=str(roots["lectures"] / "model")),
        upload=UploadRequest(prefix="videos/"),
    )


def other_roots(roots):
    """The folders that another machine has for the same names."""
    return {name: Path("/elsewhere") / name for name in roots}


def test_another_machine_reads_it_with_its_own_folders(lesson, roots):
    """Every path is below the other machine's folders, and the output is that machine's own."""
    row = json.loads(json.dumps(queue_row(lesson, roots).to_json()))
    week = Path("/elsewhere/lectures/week 1")
    expected = replace(
        lesson,
        source=Path("lesson ä.mp4"),
        address=SourceAddress(text="root:lectures/week 1/lesson ä.mp4"),
        output_dir=Path("/work/one"),
        encryption=replace(lesson.encryption, key_file=Path("/elsewhere/keys/k.bin")),
        chapters=week / "chapters.txt",
        captions=(CaptionFile(path=week / "de.srt", language="de"),),
        script=week / "script.txt",
        transcription=TranscriptionRequest(model="/elsewhere/lectures/model"),
    )
    assert expected == job_of(row, roots=other_roots(roots), own_output=Path("/work/one"))


def test_no_local_path_is_in_a_row(lesson, roots, tmp_path):
    """Nothing of the folder tree of the machine that put it in is left in the row."""
    assert str(tmp_path) not in json.dumps(queue_row(lesson, roots).to_json())


def test_a_shared_output_folder_is_everybodys(lesson, roots):
    """An output folder below a root is the same for every machine, and needs no upload."""
    job = replace(lesson, upload=None, output_dir=roots["lectures"] / "out")
    row = queue_row(job, roots).to_json()
    assert Path("/elsewhere/lectures/out") == job_of(row, roots=other_roots(roots), own_output=Path("/w")).output_dir


def test_an_address_that_everybody_can_read_stays(lesson, roots):
    """A source on S3 is read there by each machine, whatever roots it has."""
    job = replace(lesson, address=parse_address("s3://course/one.mp4"), source=Path("one.mp4"))
    row = queue_row(job, roots).to_json()
    assert job.address == job_of(row, roots=roots, own_output=Path("/w")).address


def test_a_signed_address_is_refused(lesson, roots):
    """Its signature is a secret, and in no row."""
    job = replace(lesson, address=parse_address("https://example.com/one.mp4?token=secret"))
    with pytest.raises(SettingsError, match=r"^https://example.com/one.mp4 is signed for this machine"):
        queue_row(job, roots)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"source": Path("/home/me/lesson.mp4")}, "^/home/me/lesson.mp4 is not below any of SOURCE_ROOTS"),
        ({"chapters": Path("/home/me/chapters.txt")}, "^/home/me/chapters.txt is not below any of SOURCE_ROOTS"),
        ({"chapters": Path("/home/me/ch\udce4.txt")}, r"^The name of /home/me/ch\\udce4.txt is not UTF-8"),
        ({"upload": None}, "^The finished videos must get back to you: ask for the upload"),
    ],
    ids=["source", "chapters", "name of chapters", "output"],
)
def test_what_other_machines_cant_have_is_refused(lesson, roots, change, said):
    """A file that has no address is refused before anything is in the queue."""
    with pytest.raises(SettingsError, match=said):
        queue_row(replace(lesson, **change), roots)


def test_a_video_whose_name_is_not_text(lesson, roots):
    """It is the video's own fault, not that of the settings."""
    with pytest.raises(SourceError, match=r"^The name of /home/me/le\\udce4.mp4 is not UTF-8"):
        queue_row(replace(lesson, source=Path("/home/me/le\udce4.mp4")), roots)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"schema": 2}, CodecError, "schema 2, and this version reads up to 1: update the program on this machine."),
        ({"schema": None}, CodecError, "no schema or no job in it"),
        ({"job": "x"}, CodecError, "no schema or no job in it"),
        ({"script": "/etc/passwd"}, CodecError, "names '/etc/passwd', which is no address"),
        ({"script": "root:lectures/../../etc/passwd"}, CodecError, "which is no address"),
        ({"script": "https://example.com/x"}, CodecError, "which does not begin with root:"),
        ({"address": None}, CodecError, "has no address for its source"),
        ({"address": {"text": "root:lectures/../x"}}, CodecError, "address.text can't be used"),
        ({"address": {"text": "root:archive/1.mp4"}}, SettingsError, "archive, which this machine has no folder for"),
        ({"qualities": 3}, CodecError, "qualities must be a list"),
    ],
    ids=[
        *("newer", "no schema", "no job", "a local path", "out of the root", "no root", "no address", "out of it"),
        *("unknown root", "wrong field"),
    ],
)
def test_a_row_that_cant_be_done_is_refused(lesson, roots, change, error, said):
    """A row of a newer version, a foreign one, and one that reaches out of the roots are refused with a sentence."""
    row = queue_row(lesson, roots).to_json()
    for name, value in change.items():
        (row if name in row else row["job"])[name] = value
    with pytest.raises(error, match=said):
        job_of(row, roots=roots, own_output=Path("/w"))


def test_needs_are_part_of_the_queues_name(lesson, roots):
    """What a job needs decides the queue that it waits in; a source that others see too can be heard by others."""
    hardware = replace(lesson, encoding=EncodingRequest(encoder=EncoderFamily.NVIDIA))
    fetched = replace(lesson, address=parse_address("s3://course/one.mp4"))
    queues = tuple(queue_row(job, roots).queue for job in (lesson, hardware, fetched))
    assert ("convert", "convert+gpu", "convert+whisper") == queues


def test_a_worker_takes_what_needs_no_more_than_it_has():
    """A worker with two tags listens to the queues of none, of each, and of both."""
    expected = {"convert", "convert+gpu", "convert+whisper", "convert+gpu+whisper"}
    assert expected == {name for name in queue_names(("whisper", "gpu")) if name.startswith(TaskKind.CONVERT.value)}


def test_odd_tags_are_refused():
    """A tag that would read as two, or as something else, is named."""
    assert "--tags takes names such as gpu,whisper, not 'a+b', 'Ä'." == tags_problem(("gpu", "a+b", "Ä"))
