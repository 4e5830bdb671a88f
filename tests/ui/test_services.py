"""What the window asks of the pipeline, where it is more than a call."""

from __future__ import annotations

from contextlib import contextmanager

from config import Config
from pipeline import preflight, staying_awake, wiring
from pipeline.cancel import CancelToken
from pipeline.events import Event, LogLevel, LogLine
from pipeline.job import UploadJob, UploadRequest
from pipeline.job_store import JobStore
from pipeline.model import JobReport, Outcome, UploadPlan
from pipeline.plan import make_plan
from pipeline.preflight_answers import Ready
from pipeline.queued_job import JobState
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.upload.backend_answers import NO_ANSWERS
from ui.folder_services import RealFolders
from ui.services import PipelineServices


def _run(job, media, folder, monkeypatch, sink=lambda event: None):
    report = JobReport(slug=job.slug, source=job.source, folder=job.folder, outcome=Outcome.DONE)
    monkeypatch.setattr(wiring, "run_job", lambda *_, **__: report)
    plan = make_plan(job, media)
    answers = {"control": TransferControl(), "ask_token": lambda: None, "answers": NO_ANSWERS}
    assert report == PipelineServices().run_job(plan, Config(data_dir=folder), sink, CancelToken(), **answers)


def test_the_windows_jobs_are_in_the_queue(job, media_info, tmp_path, monkeypatch):
    """`queue` shows them beside those of the command line."""
    _run(job, media_info(), tmp_path, monkeypatch)
    with JobStore(tmp_path / "queue.sqlite3") as store:
        assert [("lesson", JobState.DONE)] == [(one.slug, one.state) for one in store.all()]


def test_the_log_says_that_the_queue_cannot_be_used(job, media_info, tmp_path, monkeypatch):
    """The job is done all the same."""
    (tmp_path / "queue.sqlite3").write_bytes(b"not a database" * 100)
    events: list[Event] = []
    _run(job, media_info(), tmp_path, monkeypatch, events.append)
    (line,) = [event for event in events if isinstance(event, LogLine) and event.level is LogLevel.WARNING]
    assert "move the file away" in line.text


def test_the_computer_stays_awake_during_a_job(job, media_info, tmp_path, monkeypatch):
    """And may sleep when it has ended."""
    steps = []

    @contextmanager
    def kept_awake(say):
        steps.append("awake")
        yield
        steps.append("asleep")

    monkeypatch.setattr(staying_awake, "kept_awake", kept_awake)
    _run(job, media_info(), tmp_path, monkeypatch, lambda event: steps.append("job"))
    assert ["awake", "job", "asleep"] == steps


def test_the_computer_stays_awake_during_an_upload_of_the_history(job, tmp_path, monkeypatch):
    """Until it has ended."""
    steps = []

    @contextmanager
    def kept_awake(say):
        steps.append("awake")
        yield
        steps.append("asleep")

    folder = tmp_path / job.slug
    folder.mkdir()
    upload = UploadJob(folder=folder, upload=UploadRequest(prefix="videos/lesson/"))
    plan = UploadPlan(job=upload, phases=())
    monkeypatch.setattr(staying_awake, "kept_awake", kept_awake)
    monkeypatch.setattr(preflight, "check_upload", lambda *_: Ready(plan=plan, backend=NO_ANSWERS))
    report = JobReport(slug=job.slug, source=folder, folder=folder, outcome=Outcome.DONE)
    monkeypatch.setattr(wiring, "run_job", lambda *_, **__: report)
    config = Config(data_dir=tmp_path)
    RealFolders().upload(upload, config, lambda event: steps.append("job"), CancelToken(), lambda: None)
    assert ["awake", "job", "asleep"] == steps
