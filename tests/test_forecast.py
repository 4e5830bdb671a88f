"""What a job would do, and that saying so changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from step_facts import ENCODED
from store_server import TOKEN, running_server
from upload_parts import PREFIX, write_folder

from config import BackendApi, Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.errors import Setting
from pipeline.facts import Mp4Facts, PackageFacts
from pipeline.forecast import Action, Step, forecast
from pipeline.job import EncodingRequest, Existing, UploadJob, UploadRequest
from pipeline.model import Outcome, PhaseName
from pipeline.output_settings import output_settings
from pipeline.plan import make_plan
from pipeline.workspace import Workspace


@pytest.fixture
def server():
    """Backend and store on loopback."""
    with running_server() as running:
        running.public = True
        yield running


@pytest.fixture
def config(server, tmp_path):
    """Good settings, with a library of manifests of its own."""
    return Config(backend=BackendApi(url=server.url, token=TOKEN), data_dir=tmp_path / "data")


@pytest.fixture
def job(job, media_info, monkeypatch):
    """A job whose source is said to be a minute of 1080p."""
    job.source.write_bytes(b"source")
    monkeypatch.setattr(wiring, "probe_and_plan", lambda asked, *_, **__: make_plan(asked, media_info()))
    return job


@pytest.fixture
def looked_at(tmp_path, config):
    """Return a function that returns what jobs would do; fails where that changed anything on the disk."""

    def build(job, **moved):
        before = _tree(tmp_path)
        found = forecast(job, config, CancelToken(), **moved)
        assert before == _tree(tmp_path)
        return found

    return build


@pytest.fixture
def made(job, media_info):
    """The folder of the job in its place, its stream and its MP4 made."""
    plan = make_plan(job, media_info())
    workspace = Workspace(job)
    workspace.check(output_settings(plan), Existing.ASK)
    workspace.open()
    write_folder(workspace.folder)
    workspace.mark(replace(ENCODED, renditions=tuple(r.name for r in plan.renditions)))
    workspace.mark(Mp4Facts(file="offline_480p.mp4", size_bytes=5))
    workspace.publish(PackageFacts())
    return workspace.folder


def _tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")}


def _actions(found) -> dict[str, str]:
    return {step.phase.value: step.action.value for step in found.steps}


def test_all_of_a_new_video_would_be_made(job, looked_at):
    """Nothing is made for it, not even the output folder; the sizes are those of the bit rates."""
    found = looked_at(job)
    assert ({"hls": "make", "mp4": "make"}, ("1080p", "720p", "480p", "360p")) == (_actions(found), found.qualities)
    assert not job.output_dir.exists()
    plan = make_plan(job, wiring.probe_and_plan(job, Config()).media)
    stream = sum(r.bit_rate + plan.audio[0].bit_rate for r in plan.renditions) * 60 / 8
    assert stream < found.new_bytes < 1.2 * stream


def test_what_is_there_would_be_kept(job, made, looked_at):
    """And takes no more of the disk."""
    found = looked_at(job)
    assert ({"hls": "keep", "mp4": "keep"}, 0, False) == (_actions(found), found.new_bytes, found.has_work)


def test_another_setting_would_make_it_anew(job, made, looked_at):
    """It says which."""
    found = looked_at(replace(job, encoding=EncodingRequest(preset="slow")))
    assert Step(phase=PhaseName.HLS, action=Action.REDO, because=("preset",)) == found.steps[0]


def test_more_qualities_would_be_added(job, media_info, looked_at):
    """Their bits alone count."""
    few = replace(job, qualities=("720p",), make_mp4=False)
    plan = make_plan(few, media_info())
    workspace = Workspace(few)
    workspace.check(output_settings(plan), Existing.ASK)
    workspace.open()
    write_folder(workspace.folder)
    workspace.mark(replace(ENCODED, renditions=("720p",)))
    workspace.publish(PackageFacts())
    found = looked_at(replace(few, qualities=("720p", "360p")))
    assert Step(phase=PhaseName.HLS, action=Action.ADD, because=("qualities",)) == found.steps[0]
    assert 0 < found.new_bytes < 1_000_000 * 60 / 8


def test_a_file_that_is_gone_would_be_made_again(job, made, looked_at):
    """Nothing else says that a finished folder has lost one."""
    (made / "master.m3u8").unlink()
    assert Step(phase=PhaseName.HLS, action=Action.REDO, because=("missing files",)) == looked_at(job).steps[0]


def test_work_that_was_cut_short_would_go_on(job, media_info, looked_at, monkeypatch):
    """Its pieces are used."""
    plan = make_plan(job, media_info())
    workspace = Workspace(job)
    workspace.check(output_settings(plan), Existing.ASK)
    workspace.open()
    monkeypatch.setattr("pipeline.checkpoints.Checkpoints.pieces", (Path("piece"),))
    assert {"hls": "continue", "mp4": "make"} == _actions(looked_at(job))


def test_the_backend_is_asked_and_gets_nothing(job, made, looked_at, server, config):
    """Neither before the upload nor after it, when nothing is left to send."""
    sent = replace(job, upload=UploadRequest(prefix=PREFIX))
    assert {"hls": "keep", "mp4": "keep", "upload": "make", "record": "make"} == _actions(looked_at(sent))
    assert ([], {}, []) == (server.puts(), server.stored, server.records)
    upload = UploadJob(folder=made, upload=sent.upload)
    report = wiring.run_job(wiring.make_upload_plan(upload, config), config, lambda event: None, CancelToken())
    assert Outcome.DONE is report.outcome
    puts, records = server.puts(), len(server.records)
    assert {"hls": "keep", "mp4": "keep", "upload": "keep", "record": "keep"} == _actions(looked_at(sent))
    assert (puts, records) == (server.puts(), len(server.records))


def test_a_source_elsewhere_is_fetched_where_something_is_made_of_it(job, made, media_info, looked_at, monkeypatch):
    """Not for a folder that is whole."""
    plan = wiring.probe_and_plan

    def with_fetch(asked, *arguments, **named):
        found = plan(asked, *arguments, **named)
        return replace(found, phases=(PhaseName.FETCH, *found.phases))

    monkeypatch.setattr(wiring, "probe_and_plan", with_fetch)
    sent = replace(job, upload=UploadRequest(prefix=PREFIX))
    kept = {"fetch": "keep", "hls": "keep", "mp4": "keep", "upload": "make", "record": "make"}
    assert kept == _actions(looked_at(sent))
    slow = replace(job, encoding=EncodingRequest(preset="slow"))
    assert {"fetch": "make", "hls": "redo", "mp4": "redo"} == _actions(looked_at(slow))


def test_what_can_not_begin_is_said(job, made, looked_at):
    """A wrong source, a folder that would have to be replaced: as the job itself would say it."""
    job.source.write_bytes(b"another")
    found = looked_at(job)
    assert ((), True) == (found.steps, "--fresh" in found.problems[0].text)
    job.output_dir.rename(job.output_dir.with_name("old"))
    job.output_dir.write_bytes(b"a file")
    assert [Setting.OUTPUT] == [problem.setting for problem in looked_at(job).problems]


def test_earlier_work_elsewhere_would_be_moved(job, made, looked_at):
    """It counts as there."""
    elsewhere = made.rename(made.with_name("other"))
    found = looked_at(job, moved_from=elsewhere)
    assert ({"hls": "keep", "mp4": "keep"}, elsewhere) == (_actions(found), found.moved_from)
