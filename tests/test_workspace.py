"""A job's folders and what they remember."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.errors import OutputError, SettingsError, SourceError
from pipeline.model import Existing, Job
from pipeline.workspace import Workspace, published_files

SETTINGS = {"preset": "fast"}


@pytest.fixture
def work(job: Job) -> Job:
    """A job whose source exists."""
    job.source.write_bytes(b"the source")
    return job


def _ready(job: Job, settings: dict[str, str] = SETTINGS) -> Workspace:
    workspace = Workspace(job)
    workspace.check(settings, job.existing)
    workspace.open()
    return workspace


def _published(job: Job) -> Workspace:
    workspace = _ready(job)
    (workspace.folder / "master.m3u8").write_text("#EXTM3U\n")
    workspace.mark("hls", {"duration_s": 1.0})
    workspace.publish({})
    return workspace


def test_work_goes_on_beside_the_place_of_the_finished_folder(work):
    """Until it is whole, nothing has the folder's name."""
    workspace = _ready(work)
    assert (False, True) == (workspace.final.exists(), workspace.partial.is_dir())
    _published(work)
    assert (True, False) == (workspace.final.is_dir(), workspace.partial.exists())


def test_a_finished_step_is_found_again(work):
    """The same source and settings go on from what is done."""
    _ready(work).mark("hls", {"duration_s": 1.0})
    assert {"hls": {"duration_s": 1.0}} == _ready(work).done


@pytest.mark.parametrize("what", ["settings", "content", "mtime"])
def test_another_source_or_other_settings_begin_anew(work, what):
    """Work of another take is not mixed in."""
    _ready(work).mark("hls", {})
    settings = {"preset": "slow"} if what == "settings" else SETTINGS
    if what == "content":
        work.source.write_bytes(b"the sourcE")
    if what == "mtime":
        os.utime(work.source, ns=(1, 1))
    assert {} == _ready(work, settings).done


def test_a_folder_of_other_settings_is_refused(work):
    """Nothing is overwritten without being told to."""
    _published(work)
    with pytest.raises(SettingsError, match="already holds something else"):
        Workspace(work).check({"preset": "slow"}, Existing.ASK)


def test_fresh_replaces_the_folder_only_when_the_new_one_is_whole(work):
    """The old stream stays until the new one is there."""
    old = _published(work)
    again = _ready(replace(work, existing=Existing.FRESH))
    assert (True, {}) == ((old.final / "master.m3u8").exists(), again.done)
    (again.folder / "new").write_text("")
    again.publish({})
    assert ["job.json", "new"] == sorted(p.name for p in again.final.iterdir())


def test_fresh_never_replaces_a_folder_that_is_not_ours(work):
    """An editor's own folder of the same name is safe."""
    folder = work.output_dir / work.slug
    folder.mkdir(parents=True)
    (folder / "thesis.docx").write_bytes(b"x")
    with pytest.raises(SettingsError, match="was not made by this program"):
        Workspace(work).check(SETTINGS, Existing.FRESH)


@pytest.mark.parametrize("cut", [0, 1, 20])
def test_a_broken_job_file_means_beginning_anew(work, cut):
    """A torn file is never an error."""
    workspace = _ready(work)
    workspace.mark("hls", {})
    path = workspace.partial / "job.json"
    path.write_bytes(path.read_bytes()[:cut])
    assert {} == _ready(work).done


def test_a_kill_between_marking_and_moving_leaves_work_that_can_be_used(work):
    """A partial folder that says it is packaged is packaged again."""
    workspace = _ready(work)
    workspace.mark("hls", {})
    path = workspace.partial / "job.json"
    stored = json.loads(path.read_text())
    stored["done"]["package"] = {}
    path.write_text(json.dumps(stored))
    again = _ready(work)
    assert ({"hls": {}}, False) == (again.done, again.published)


def test_abandoned_work_leaves_nothing(work):
    """Without a finished step there is nothing to keep."""
    workspace = _ready(work)
    workspace.abandon()
    assert [] == list(work.output_dir.iterdir())


def test_abandoning_keeps_finished_steps_and_published_folders(work):
    """What can be used again stays."""
    workspace = _ready(work)
    workspace.mark("hls", {})
    workspace.abandon()
    assert workspace.partial.is_dir()
    published = _published(work)
    published.abandon()
    assert published.final.is_dir()


def test_an_output_folder_that_is_a_file_is_a_sentence(work):
    """The place is named."""
    work.output_dir.write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        Workspace(work).check(SETTINGS, Existing.ASK)


def test_a_source_that_is_gone_is_a_sentence(job):
    """The file is named."""
    with pytest.raises(SourceError, match=r"lesson\.mp4 can't be read"):
        Workspace(job).check(SETTINGS, Existing.ASK)


def test_only_what_players_need_is_published(tmp_path):
    """State, logs, job.json and hidden files stay at home."""
    for name in ("master.m3u8", "720p/seg_001.ts", "transcript.json", "job.json", ".upload_state.json", "upload_log_2026-01-01_000000.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "file.ts").write_text("x")
    assert [Path("720p/seg_001.ts"), Path("master.m3u8"), Path("transcript.json")] == [
        p.relative_to(tmp_path) for p in published_files(tmp_path)
    ]
