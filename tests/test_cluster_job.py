"""What a machine does with a row of the queue before it runs it."""

import uuid
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from config import Config, Sources
from pipeline.cancel import CancelToken
from pipeline.cluster_job import ClusterJobs
from pipeline.engines.procrastinate.rows import queue_row
from pipeline.errors import Cancelled, SettingsError
from pipeline.events import PhaseProgress, PhaseStarted, TransferFigures
from pipeline.job import EncodingRequest, Existing, Job, UploadRequest
from pipeline.model import JobReport, Outcome, PhaseName
from pipeline.plan import make_plan
from pipeline.preflight_answers import Ready
from pipeline.source_address import parse_address
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.upload.backend_answers import NO_ANSWERS
from pipeline.transfer.upload.journal import JOURNAL_FILE

ROOTS = {"lectures": Path("/lectures")}

ID = uuid.UUID(int=1)


@pytest.fixture
def lesson(tmp_path):
    """A lesson as the machine has it that puts it in."""
    upload = UploadRequest(prefix="videos/one/")
    return Job(source=Path("/lectures/one.mp4"), output_dir=tmp_path / "out", slug="one", upload=upload)


@pytest.fixture
def run(tmp_path, backend_config, sample):
    """Return a function that does a row with an ffmpeg of a version that has neither encoders nor filters."""

    def do(row, version, id_=ID):
        ffmpeg = tmp_path / version / "ffmpeg"
        ffmpeg.parent.mkdir()
        said = f"case $* in *-version) echo 'ffmpeg version {version}';; *-encoders) ;; *) exit 1;; esac"
        ffmpeg.write_text(f"#!/bin/sh\n{said}\n")
        ffmpeg.chmod(0o755)
        if not (tmp_path / "one.mp4").exists():
            (tmp_path / "one.mp4").symlink_to(sample)
        sources = replace(backend_config.sources, roots={"lectures": tmp_path, "shared": tmp_path})
        config = replace(backend_config, sources=sources, ffmpeg_path=str(ffmpeg))
        jobs = ClusterJobs(config=config, work=tmp_path / "work", whisper=None, scheduler=None, connect=None)
        return jobs.run(row, id_, lambda _event: None, CancelToken(), TransferControl())

    return do


@pytest.mark.parametrize(
    ("version", "vmaf", "said"),
    [
        ("4.4.2-0ubuntu1", None, "The ffmpeg of this machine is 4.4.2-0ubuntu1, and the video needs 5.1 or newer: "),
        ("n7.0", 90.0, "The ffmpeg of this machine is 7.0, and the video needs 7.1 or newer: install a newer one, "),
        ("7.1", None, " lacks libx264, which H.264 needs: name another ffmpeg with FFMPEG_PATH in .env."),
        ("2026-11-02-git-350146a1ea", 90.0, " can't measure VMAF: leave the VMAF target out, or let FFMPEG_PATH name"),
    ],
    ids=["too old", "too old for VMAF", "no encoder", "no libvmaf"],
)
def test_a_machine_whose_ffmpeg_cant_do_it_leaves_it_to_others(lesson, run, version, vmaf, said):
    """What the ffmpeg of one machine lacks is no fault of the job's, and is said."""
    row = queue_row(replace(lesson, encoding=EncodingRequest(target_vmaf=vmaf)), ROOTS)
    result = run(row.to_json(), version)
    assert (True, True) == (result.declined, said in result.report.error), result.report.error


@pytest.mark.parametrize("needs_login", ["upload", "source"])
def test_a_machine_without_a_login_leaves_it_to_others(lesson, tmp_path, sample, needs_login):
    """What is uploaded, or read through the backend, is no failure of the video's."""
    (tmp_path / "one.mp4").symlink_to(sample)
    job = lesson
    if needs_login == "source":
        address = parse_address("backend:sources/queue/one.mp4")
        job = replace(lesson, address=address, upload=None, output_dir=Path("/lectures/out"))
    config = Config(sources=Sources(roots={"lectures": tmp_path}), cache_dir=tmp_path / "cache")
    jobs = ClusterJobs(config=config, work=tmp_path / "work", whisper=None, scheduler=None, connect=None)
    result = jobs.run(queue_row(job, ROOTS).to_json(), ID, lambda _event: None, CancelToken(), TransferControl())
    assert (True, True) == (result.declined, "set BACKEND_URL" in result.report.error), result.report.error


def test_a_job_of_a_newer_version_says_which_ffmpeg_it_needs(lesson, run):
    """Also where this version would do with less."""
    result = run({**queue_row(lesson, ROOTS).to_json(), "ffmpeg": "99.0"}, "9.0.2")
    assert (True, True) == (result.declined, "needs 99.0 or newer" in result.report.error)


def test_a_backend_that_goes_away_is_waited_for_with_patience(lesson, run, media_info, monkeypatch):
    """Then the job goes back into the queue: this machine has others, and perhaps another's way is open."""
    controls = []

    def run_job(plan, config, sink, cancel, *, control, **_):
        controls.append((control.away_s, config.backend.patience_s))
        return JobReport(slug="one", source=Path("one.mp4"), folder=lesson.output_dir, outcome=Outcome.CANCELLED)

    ready = Ready(plan=make_plan(lesson, media_info()), backend=NO_ANSWERS)
    monkeypatch.setattr("pipeline.cluster_job.check_job", lambda *_: ready)
    monkeypatch.setattr("pipeline.wiring.run_job", run_job)
    run(queue_row(lesson, ROOTS).to_json(), "9.0.2")
    assert [(600.0, 600.0)] == controls


def test_a_transcription_waits_for_the_backend_with_patience(run, monkeypatch):
    """Then it goes back into the queue too, whatever it sends."""
    controls = []

    def transcriber(jobs, work, id_, own, control):
        controls.append(control.away_s)
        raise SettingsError("No transcriber here.")

    monkeypatch.setattr(ClusterJobs, "_transcriber", transcriber)
    monkeypatch.setattr("pipeline.cluster_job.speech_of", lambda *_: SimpleNamespace(needed_here=()))
    run({"title": "one", "speech": {}}, "9.0.2")
    assert [600.0] == controls


@pytest.mark.parametrize(
    ("left", "existing"),
    [("", Existing.FRESH), ("master.m3u8", Existing.UPLOAD_AGAIN), (JOURNAL_FILE, Existing.RESUME)],
    ids=["nothing", "stream", "upload"],
)
def test_a_later_attempt_makes_and_sends_nothing_anew(lesson, run, tmp_path, monkeypatch, left, existing):
    """Also where all was to be made anew: what lies in the job's own folder comes from an earlier attempt at it."""
    seen = []

    def check_job(job, *_):
        seen.append(job)
        raise Cancelled

    monkeypatch.setattr("pipeline.cluster_job.check_job", check_job)
    if left:
        folder = tmp_path / "work" / str(ID) / "one"
        folder.mkdir(parents=True)
        (folder / left).touch()
    run(queue_row(replace(lesson, existing=Existing.FRESH), ROOTS).to_json(), "9.0.2")
    assert [existing] == [job.existing for job in seen]


STARTED = PhaseStarted(job="one", phase=PhaseName.UPLOAD, overall=0.8)
SENT = PhaseProgress(
    job="one",
    phase=PhaseName.UPLOAD,
    fraction=0.5,
    overall=0.9,
    transfer=TransferFigures(files_total=2, bytes_done=1, bytes_total=2),
)


@pytest.mark.parametrize(
    ("told", "later"),
    [
        ((), [Existing.FRESH]),
        ((STARTED,), [Existing.UPLOAD_AGAIN]),
        ((STARTED, SENT), [Existing.RESUME]),
        ((STARTED, SENT, None, STARTED), [Existing.RESUME, Existing.RESUME]),
    ],
    ids=["broken off before", "made", "sent in part", "begun again after that"],
)
def test_a_shared_folder_is_made_anew_once(lesson, run, media_info, tmp_path, monkeypatch, told, later):
    """Whichever machine has the next attempt goes on from there; another job makes it anew again.

    None stands between the events of two attempts.
    """
    seen, events = [], iter(told)

    def check_job(job, *_):
        seen.append(job.existing)
        return Ready(plan=make_plan(job, media_info()), backend=NO_ANSWERS)

    def run_job(plan, config, sink, cancel, **_):
        plan.job.folder.mkdir(parents=True, exist_ok=True)
        for event in iter(lambda: next(events, None), None):
            sink(event)
        return JobReport(slug="one", source=plan.job.source, folder=plan.job.folder, outcome=Outcome.CANCELLED)

    monkeypatch.setattr("pipeline.cluster_job.check_job", check_job)
    monkeypatch.setattr("pipeline.wiring.run_job", run_job)
    job = replace(lesson, output_dir=tmp_path / "out", existing=Existing.FRESH)
    row = queue_row(job, {**ROOTS, "shared": tmp_path})
    assert "root:shared/out" == row.content["output_dir"]
    for number, id_ in enumerate([ID, *[ID] * len(later), uuid.UUID(int=2)]):
        run(row.to_json(), f"9.0.{number}", id_)
    assert [Existing.FRESH, *later, Existing.FRESH] == seen
