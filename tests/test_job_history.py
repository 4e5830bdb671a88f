"""pipeline.job_history: the jobs that have ended, and how they are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.job import Job, UploadJob, UploadRequest
from pipeline.job_history import read_history, search
from pipeline.job_owner import JobOwner
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome
from pipeline.queued_job import JobState

HERE = JobOwner.current()
LESSON = Job(
    source=Path("/videos/Müller Übung.mp4"),
    output_dir=Path("/out"),
    slug="mueller",
    title="Erste Übung",
    upload=UploadRequest(prefix="videos/course1/mueller/"),
)


@pytest.fixture
def store(tmp_path):
    """A queue with a clock that goes on a second at each look."""
    times = iter(range(1_700_000_000, 1_800_000_000))
    with JobStore(tmp_path / "queue.sqlite3", now=lambda: float(next(times))) as made:
        yield made


def end(store, job, outcome=Outcome.DONE, error="") -> None:
    """Let a job be done."""
    (id_,) = store.add([job], backend_url="https://api.example.com")
    store.claim([id_], HERE)
    report = JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=outcome, error=error)
    assert store.finish(id_, HERE, report)


def test_what_when_from_where_to_where_and_how(store):
    """The latest is the first; one that has not ended is not among them."""
    end(store, LESSON)
    end(store, UploadJob(folder=Path("/out/b"), upload=UploadRequest(prefix="b/")), Outcome.FAILED, "The token is old.")
    store.add([replace(LESSON, slug="other")])
    upload, lesson = read_history(store)
    assert ("Erste Übung", "/videos/Müller Übung.mp4", Path("/out/mueller"), "videos/course1/mueller/") == (
        lesson.title,
        lesson.origin,
        lesson.folder,
        lesson.prefix,
    )
    assert ("https://api.example.com", JobState.DONE, "") == (lesson.backend_url, lesson.state, lesson.note)
    assert ("b", "/out/b", JobState.FAILED, "The token is old.") == (
        upload.title,
        upload.origin,
        upload.state,
        upload.note,
    )
    assert [upload] == list(read_history(store, most=1))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", 2),
        ("übung", 1),
        ("MÜLLER course1", 1),
        ("failed token", 1),
        ("2023-11", 2),
        ("example.com", 2),
        ("übung failed", 0),
    ],
)
def test_every_word_is_looked_for(store, text, found):
    """In whatever is shown of a job, upper and lower case alike."""
    end(store, LESSON)
    end(store, replace(LESSON, source=Path("/v/b.mp4"), slug="b", title=""), Outcome.FAILED, "The token is old.")
    assert found == len(search(read_history(store), text))


def test_a_job_of_a_newer_version_is_shown_as_far_as_it_can_be_read(store):
    """What it is called, and where its folder is, stand in columns of their own."""
    end(store, LESSON)
    store._file._connection.execute("UPDATE jobs SET job = '{\"schema\": 99, \"source\": 5}', report = 'x'")
    (entry,) = read_history(store)
    assert ("mueller", Path("/out/mueller"), "") == (entry.title, entry.folder, entry.prefix)
