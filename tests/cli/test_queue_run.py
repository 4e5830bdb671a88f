"""What `queue run` takes up, and what it says of the rest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from json_events import events
from program import make_clip

from cli.main import EXIT_DONE, EXIT_FAILED, EXIT_WRONG_USAGE, run_command
from cli.queue_run import why_not
from config import BackendApi, Config
from pipeline.errors import JobStoreError
from pipeline.job import DatasetRequest, Job, TranscriptionRequest, UploadJob, UploadRequest
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.queued_job import JobState

HERE = JobOwner.current()
CONFIG = Config(backend=BackendApi(url="https://backend.example", token="t"))


@pytest.fixture
def store(tmp_path):
    """The queue."""
    with JobStore(tmp_path / "queue.sqlite3") as store:
        yield store


def lesson(folder: Path, number: int, upload: UploadRequest | None = None) -> Job:
    """Return the job of a lesson."""
    return Job(source=folder / f"{number}.mp4", output_dir=folder / "out", slug=f"lesson{number}", upload=upload)


def test_a_job_for_another_backend_waits_for_it(store, tmp_path):
    """It is said which; one without an upload is for any."""
    upload = UploadRequest(prefix="videos/")
    (other,) = store.add([lesson(tmp_path, 1, upload)], backend_url="https://other.example")
    store.add([lesson(tmp_path, 2), lesson(tmp_path, 3, upload)], backend_url=CONFIG.backend.url)
    assert [
        f"The job {other} (lesson1) is for https://other.example: set BACKEND_URL to it, or cancel the job.",
        "",
        "",
    ] == [why_not(row, CONFIG.backend.url) for row in store.all()]


def test_nothing_to_do(store, tmp_path, capsys):
    """A sentence, and exit 0."""
    assert EXIT_DONE == run_command(["queue", "run"], Config(data_dir=tmp_path))
    assert ("Nothing waits in the queue.\n", "") == capsys.readouterr()


@pytest.mark.parametrize(("count", "held"), [(1, "1 job is held"), (2, "2 jobs are held")])
def test_only_what_is_held(store, tmp_path, capsys, count, held):
    """It is said how that is started, as somebody has forgotten it."""
    store.listed.add([lesson(tmp_path, number) for number in range(count)], held=True)
    assert EXIT_DONE == run_command(["queue", "run"], Config(data_dir=tmp_path))
    assert (f"Nothing waits in the queue. {held} until `queue start`.\n", "") == capsys.readouterr()


def test_only_some_are_run(store, tmp_path, capsys):
    """A held one is started by that; one that has ended is named, and the rest is done all the same."""
    ids = store.listed.add([lesson(tmp_path, number) for number in range(3)], held=True)
    store.cancel(ids[2])
    status = run_command(["queue", "run", ids[1], ids[2], "--jobs", "1"], Config(data_dir=tmp_path))
    assert EXIT_WRONG_USAGE == status
    assert ["held", "failed", "cancelled"] == [row.state.value for row in store.listed.rows()]
    said = capsys.readouterr().err
    assert [True, True] == ["lesson2 has ended: try it again instead." in said, "1.mp4 was not found" in said]


def test_only_what_can_not_be_done_here(store, tmp_path, capsys):
    """A sentence each, and exit 1."""
    store.add([lesson(tmp_path, 1, UploadRequest(prefix="v/"))], backend_url="https://other.example")
    assert EXIT_FAILED == run_command(["queue", "run"], Config(data_dir=tmp_path))
    assert 1 == len(capsys.readouterr().err.splitlines())


def test_a_queue_that_can_not_be_used_any_more(store, tmp_path, capsys, monkeypatch):
    """A sentence, and exit 1: what waits is not done."""

    def claim_next(*args, **options):
        raise JobStoreError("The queue is locked.")

    monkeypatch.setattr(JobStore, "claim_next", claim_next)
    monkeypatch.setattr("pipeline.pending_rows.QUEUE_PAUSES_S", ())
    store.listed.add([lesson(tmp_path, 1)])
    assert EXIT_FAILED == run_command(["queue", "run"], Config(data_dir=tmp_path))
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.endswith(
        "The queue is locked. What runs is finished, and what waits stays in the queue for the next run."
    )


def test_what_a_living_process_has_is_its_own(store, tmp_path, capsys):
    """Nothing else waits."""
    store.claim(store.add([lesson(tmp_path, 1)]), HERE)
    assert EXIT_DONE == run_command(["queue", "run"], Config(data_dir=tmp_path))
    assert ("Nothing waits in the queue.\n", "") == capsys.readouterr()


def test_what_fails_is_said_and_stays_in_the_list(store, tmp_path, capsys):
    """A conversion whose video is gone, an upload whose folder is, and a dataset that can't be had."""
    dataset = DatasetRequest(uri=str(tmp_path / "queue.sqlite3" / "set"))
    job = replace(lesson(tmp_path, 2), dataset=dataset, transcription=TranscriptionRequest())
    upload = UploadJob(folder=tmp_path / "gone", upload=UploadRequest(prefix="v/"))
    store.listed.add([lesson(tmp_path, 1), job, upload], backend_url=CONFIG.backend.url)
    assert EXIT_FAILED == run_command(["queue", "run", "--jobs", "1"], replace(CONFIG, data_dir=tmp_path))
    said = capsys.readouterr().err
    assert [True] * 3 == [text in said for text in ("1.mp4 was not found", "queue.sqlite3/set", "gone is not a folder")]
    assert [JobState.FAILED] * 3 == [row.state for row in store.listed.rows()]


def test_rows_of_the_same_name_are_told_apart(store, tmp_path, capsys):
    """Each line of a row has its id, from the first to the last, also of one that can't begin."""
    clip = make_clip(tmp_path / "1.mp4", seconds=2, size="160x90")
    jobs = [replace(lesson(tmp_path, 1), output_dir=tmp_path / f"out{number}", make_mp4=False) for number in (1, 2)]
    jobs.append(replace(jobs[0], source=tmp_path / "gone.mp4", output_dir=tmp_path / "out3"))
    ids = store.listed.add(jobs)
    assert EXIT_FAILED == run_command(["queue", "run", "--json"], Config(data_dir=tmp_path))
    assert clip.is_file()
    lines = events(capsys.readouterr().out)
    assert {"lesson1"} == {line["job"] for line in lines}
    assert set(ids) == {line["id"] for line in lines}
    finished = {line["id"]: Path(line["folder"]).parent.name for line in lines if line["event"] == "job_finished"}
    assert dict(zip(ids, ("out1", "out2", "out3"), strict=True)) == finished
