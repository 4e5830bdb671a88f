"""Files and folders that a row of the queue needs, and that are not on a machine: the job is left to others."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.cancel import CancelToken
from pipeline.cluster_job import ClusterJobs
from pipeline.engines.procrastinate.rows import SCHEMA, queue_row
from pipeline.engines.task_codec import task_to_json
from pipeline.engines.tasks import ModelReference, SourceReference, TranscriptionTask
from pipeline.fingerprint import Fingerprint
from pipeline.job import CaptionFile, Encryption, Job, TranscriptionRequest, UploadRequest
from pipeline.transfer.http.control import TransferControl

LECTURES = Path("/lectures")
ROOTS = {"lectures": LECTURES}


@pytest.fixture
def job(tmp_path):
    """A lesson, as it is asked for on a machine that has it."""
    return Job(
        source=LECTURES / "one.mp4",
        output_dir=tmp_path / "out",
        slug="one",
        upload=UploadRequest(prefix="videos/one/"),
    )


@pytest.fixture
def run(tmp_path, backend_config):
    """Return a function that gives a row to a machine whose folder of the root holds files of these names alone."""

    def on_a_machine(content, *names, transcribes=True, **more):
        root = tmp_path / "root"
        root.mkdir()
        for name in names:
            (root / name).write_text("")
        config = replace(backend_config, sources=replace(backend_config.sources, roots={"lectures": root, **more}))
        jobs = ClusterJobs(
            config=config, work=tmp_path / "work", whisper=None, scheduler=None, connect=None, transcribes=transcribes
        )
        return jobs.run(content, uuid.uuid4(), lambda _event: None, CancelToken(), TransferControl())

    return on_a_machine


def _missing(tmp_path, name):
    path = tmp_path / "root" / name
    return f"{path} was not found on this machine: check that the folder is there and its drive is connected."


def test_a_machine_whose_drive_is_away_leaves_it_to_others(job, run, tmp_path):
    """That the folder of the root is empty here is no failure of the video's."""
    result = run(queue_row(job, ROOTS).to_json())
    assert (True, _missing(tmp_path, "one.mp4")) == (result.declined, result.report.error)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("one.de.srt", {"captions": (CaptionFile(path=LECTURES / "one.de.srt", language="de"),)}),
        ("chapters.txt", {"chapters": LECTURES / "chapters.txt"}),
        ("script.txt", {"script": LECTURES / "script.txt", "transcription": TranscriptionRequest(model="base")}),
        ("key.bin", {"encryption": Encryption(key_file=LECTURES / "key.bin", key_uri="https://keys.example/1")}),
        ("model", {"transcription": TranscriptionRequest(model=str(LECTURES / "model"))}),
    ],
    ids=["captions", "chapters", "script", "key", "model"],
)
def test_whatever_a_job_reads_is_looked_for(job, run, tmp_path, name, fields):
    """Captions, chapters, a script, a key or a model may lie on a drive of their own."""
    result = run(queue_row(replace(job, **fields), ROOTS).to_json(), "one.mp4")
    assert (True, _missing(tmp_path, name)) == (result.declined, result.report.error)


def test_a_machine_that_does_not_listen_needs_no_model(job, run):
    """Whoever does has it."""
    row = queue_row(replace(job, transcription=TranscriptionRequest(model=str(LECTURES / "model"))), ROOTS)
    assert "model" not in run(row.to_json(), "one.mp4", transcribes=False).report.error


def test_the_root_of_the_output_is_looked_for(job, run, tmp_path):
    """Where its drive is away, nothing is made in its place on another."""
    row = queue_row(replace(job, output_dir=Path("/shared/out")), {**ROOTS, "shared": Path("/shared")})
    result = run(row.to_json(), "one.mp4", shared=tmp_path / "root" / "away")
    assert (True, _missing(tmp_path, "away")) == (result.declined, result.report.error)


def test_the_model_of_a_transcription_is_looked_for(run, tmp_path):
    """As its source is."""
    task = TranscriptionTask(
        source=SourceReference(name="one.mp4", content=Fingerprint(size_bytes=1, sha256_head_tail="ab")),
        model=ModelReference(name="model", is_folder=True),
        language=None,
        track=1,
        offset_s=0.0,
        limit_s=None,
    )
    speech = {"task": task_to_json(task), "source": "root:lectures/one.mp4", "model": "root:lectures/model"}
    result = run({"schema": SCHEMA, "title": "one", "speech": speech}, "one.mp4")
    assert (True, _missing(tmp_path, "model")) == (result.declined, result.report.error)
