"""A job's folders and what they remember."""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from step_facts import ENCODED, uploaded

from pipeline.errors import FolderConflict, FolderTakenError, OutputError, SettingsError, SourceError
from pipeline.facts import CleanupFacts, Facts, PackageFacts, RefusedFacts, TranscriptFacts
from pipeline.job import Existing, Job
from pipeline.job_file import SCHEMA
from pipeline.job_folders import RECOGNITION_LOG
from pipeline.output_settings import OutputSettings
from pipeline.speech.recognition_log import RecognitionLog, Recognized
from pipeline.workspace import Workspace


def preset(name: str | None) -> OutputSettings:
    """The settings of a job for which nothing but a preset, or nothing at all, was chosen."""
    return OutputSettings(steps={"hls": {} if name is None else {"preset": name}, "package": {}})


SETTINGS = preset("fast")


@pytest.fixture
def work(job: Job) -> Job:
    """A job whose source exists."""
    job.source.write_bytes(b"the source")
    return job


def _ready(job: Job, settings: OutputSettings = SETTINGS) -> Workspace:
    workspace = Workspace(job)
    workspace.check(settings, job.existing)
    workspace.open()
    return workspace


def _published(job: Job) -> Workspace:
    workspace = _ready(job)
    (workspace.folder / "master.m3u8").write_text("#EXTM3U\n")
    workspace.mark(ENCODED)
    workspace.publish(PackageFacts())
    return workspace


def test_work_goes_on_beside_the_place_of_the_finished_folder(work):
    """Until it is whole, nothing has the folder's name."""
    workspace = _ready(work)
    assert (False, True) == (workspace.final.exists(), workspace.partial.is_dir())
    _published(work)
    assert (True, False) == (workspace.final.is_dir(), workspace.partial.exists())


def test_a_finished_step_is_found_again(work):
    """The same source and settings go on from what is done."""
    _ready(work).mark(ENCODED)
    assert Facts(hls=ENCODED) == _ready(work).done


@pytest.mark.parametrize("what", ["settings", "content"])
def test_another_source_or_other_settings_begin_anew(work, what):
    """Work of another take is not mixed in."""
    _ready(work).mark(ENCODED)
    if what == "content":
        work.source.write_bytes(b"the sourcE")
    assert Facts() == _ready(work, preset("slow") if what == "settings" else SETTINGS).done


def test_the_times_of_a_source_are_nothing(work):
    """Nor is its place: a touch, or a copy without times, is the same video."""
    _ready(work).mark(ENCODED)
    copy = work.source.with_name("copy.mp4")
    copy.write_bytes(work.source.read_bytes())
    os.utime(copy, ns=(1, 1))
    work.source.unlink()
    assert Facts(hls=ENCODED) == _ready(replace(work, source=copy)).done


def test_a_folder_of_another_source_is_refused_by_its_name(work):
    """Nothing is overwritten without being told to."""
    _published(work)
    other = work.source.with_name("other.mp4")
    other.write_bytes(b"other")
    with pytest.raises(
        FolderTakenError, match=r"lesson was made from another source \(.*lesson\.mp4\): choose another"
    ) as caught:
        Workspace(replace(work, source=other)).check(SETTINGS, Existing.ASK)
    assert FolderConflict.OTHER_SOURCE is caught.value.conflict


def test_a_source_with_other_content_than_before_is_said_to_be_so(work):
    """It is no other file: somebody has put a new version in its place."""
    _published(work)
    work.source.write_bytes(b"a new version")
    with pytest.raises(
        FolderTakenError, match=r"lesson\.mp4 has other content than when .*lesson was made: choose another"
    ) as caught:
        Workspace(work).check(SETTINGS, Existing.ASK)
    assert FolderConflict.CHANGED_SOURCE is caught.value.conflict


def test_a_folder_that_has_what_is_not_asked_for_is_refused_with_its_name(work):
    """Who has forgotten an option gets it said before anything is replaced."""
    workspace = _ready(work, OutputSettings(steps={"hls": {"surround": True}, "package": {}}))
    workspace.mark(ENCODED)
    workspace.publish(PackageFacts())
    with pytest.raises(
        FolderTakenError, match=r"lesson was made with 5\.1 audio, which is not asked for now: ask for it again"
    ) as caught:
        Workspace(work).check(preset(None), Existing.ASK)
    assert FolderConflict.MORE_THAN_WANTED is caught.value.conflict


def test_a_default_that_is_asked_for_is_a_change_like_any_other_value(work):
    """The usual preset after another one is done again, not asked about."""
    _published(work)
    workspace = Workspace(work)
    workspace.check(preset(None), Existing.ASK)
    assert {"hls": ("preset",)} == workspace.changes


def test_more_than_one_thing_is_named_with_them_all(work):
    """In one sentence."""
    asked = {"qualities": ["480p", "360p"], "surround": True}
    workspace = _ready(work, OutputSettings(steps={"hls": asked, "package": {}}))
    workspace.mark(ENCODED)
    workspace.publish(PackageFacts())
    named = "was made with 480p, 360p and 5.1 audio, which are not asked for now: ask for them again"
    with pytest.raises(FolderTakenError, match=named):
        Workspace(work).check(OutputSettings(steps={"hls": {"qualities": ["720p"]}, "package": {}}), Existing.ASK)


def test_a_folder_of_other_settings_is_known_with_what_differs(work):
    """It is found, and stays until what is asked for is there."""
    _published(work)
    workspace = Workspace(work)
    workspace.check(preset("slow"), Existing.ASK)
    assert (True, {"hls": ("preset",)}) == (workspace.published, workspace.changes)
    workspace.begin_anew()
    workspace.open()
    assert (True, Facts(), workspace.partial) == (
        (workspace.final / "master.m3u8").exists(),
        workspace.done,
        workspace.folder,
    )
    workspace.mark(replace(ENCODED, duration_s=2.0))
    workspace.publish(PackageFacts())
    again = Workspace(work)
    again.check(preset("slow"), Existing.ASK)
    assert ({}, Facts(hls=replace(ENCODED, duration_s=2.0))) == (again.changes, again.done.without(["package"]))


def test_a_folder_that_can_not_be_understood_is_refused(work):
    """Nobody knows what it is."""
    folder = _published(work).final
    (folder / "job.json").write_text("{}")
    with pytest.raises(
        FolderTakenError, match="already holds something else: choose another output folder, or start fresh"
    ) as caught:
        Workspace(work).check(SETTINGS, Existing.ASK)
    assert FolderConflict.SOMETHING_ELSE is caught.value.conflict


@pytest.mark.parametrize("where", ["in its place", "beside it"])
def test_a_newer_version_s_work_is_refused_unless_it_is_to_be_replaced(work, where):
    """Whether it is whole or not: to this version it would be nothing, and be lost."""
    workspace = _published(work) if where == "in its place" else _ready(work)
    (workspace.folder / "job.json").write_text(json.dumps({"schema": SCHEMA + 1}))
    told = f"{workspace.folder} was made by a newer version of this program: update the program, choose another"
    with pytest.raises(FolderTakenError, match=re.escape(told)) as caught:
        Workspace(work).check(SETTINGS, Existing.ASK)
    assert FolderConflict.NEWER_VERSION is caught.value.conflict
    fresh = _ready(replace(work, existing=Existing.FRESH))
    fresh.mark(ENCODED)
    assert (where == "in its place", Facts(hls=ENCODED)) == (fresh.final.exists(), fresh.done)
    fresh.publish(PackageFacts())
    assert _ready(work).published


def test_fresh_replaces_the_folder_only_when_the_new_one_is_whole(work):
    """The old stream stays until the new one is there."""
    old = _published(work)
    again = _ready(replace(work, existing=Existing.FRESH))
    assert (True, Facts()) == ((old.final / "master.m3u8").exists(), again.done)
    (again.folder / "new").write_text("")
    again.publish(PackageFacts())
    assert ["job.json", "new"] == sorted(p.name for p in again.final.iterdir())


def test_fresh_never_replaces_a_folder_that_is_not_ours(work):
    """An editor's own folder of the same name is safe."""
    folder = work.output_dir / work.slug
    folder.mkdir(parents=True)
    (folder / "thesis.docx").write_bytes(b"x")
    with pytest.raises(SettingsError, match="was not made by this program"):
        Workspace(work).check(SETTINGS, Existing.FRESH)


@pytest.fixture
def interrupted(work: Job) -> Job:
    """A fresh job over a folder of other settings, stopped when a step and a piece of the next were finished."""
    _published(work)
    job = replace(work, existing=Existing.FRESH)
    workspace = _ready(job, preset("slow"))
    attempt = workspace.checkpoints.begin("0000")
    workspace.checkpoints.keep("0000", attempt)
    workspace.checkpoints.finish("0000", "key", {})
    workspace.mark(ENCODED)
    return job


@pytest.mark.parametrize("existing", [Existing.FRESH, Existing.ASK], ids=["fresh again", "not fresh"])
def test_a_fresh_job_that_was_interrupted_is_gone_on_with(interrupted, existing):
    """Whether it is told to be fresh again or not; the old folder stays until the new one is whole."""
    again = _ready(replace(interrupted, existing=existing), preset("slow"))
    assert (Facts(hls=ENCODED), 1, True) == (
        again.done,
        len(again.checkpoints.pieces),
        (again.final / "master.m3u8").exists(),
    )
    again.publish(PackageFacts())
    assert ["job.json"] == [path.name for path in again.final.iterdir()]


def test_a_fresh_job_that_was_interrupted_does_not_stand_for_another(interrupted):
    """Other settings than those of either are a change to the old folder, which is found by its own."""
    other = Workspace(interrupted)
    other.check(preset(None), Existing.ASK)
    assert (True, {"hls": ("preset",)}) == (other.published, other.changes)
    old = Workspace(interrupted)
    old.check(SETTINGS, Existing.ASK)
    assert old.published


def test_a_job_that_was_interrupted_does_not_replace_a_folder_that_came_later(work):
    """It was not told to."""
    _ready(work).mark(ENCODED)
    (work.output_dir / work.slug).mkdir()
    with pytest.raises(SettingsError, match="already holds something else"):
        Workspace(work).check(SETTINGS, Existing.ASK)


def test_fresh_makes_again_what_did_not_pass_its_check(work):
    """Without it the check is tried again on what is there."""
    workspace = _ready(work)
    workspace.mark(ENCODED)
    workspace.refuse()
    assert Facts(hls=ENCODED, refused=RefusedFacts()) == _ready(work).done
    assert Facts() == _ready(replace(work, existing=Existing.FRESH)).done


@pytest.mark.parametrize("cut", [0, 1, 20])
def test_a_broken_job_file_means_beginning_anew(work, cut):
    """A torn file is never an error."""
    workspace = _ready(work)
    workspace.mark(ENCODED)
    path = workspace.partial / "job.json"
    path.write_bytes(path.read_bytes()[:cut])
    assert Facts() == _ready(work).done


def test_a_kill_between_marking_and_moving_leaves_work_that_can_be_used(work):
    """A partial folder that says it is packaged is packaged again."""
    workspace = _ready(work)
    workspace.mark(ENCODED)
    path = workspace.partial / "job.json"
    stored = json.loads(path.read_text())
    stored["done"]["package"] = {}
    path.write_text(json.dumps(stored))
    again = _ready(work)
    assert (Facts(hls=ENCODED), False) == (again.done, again.published)


def test_a_corrected_transcript_is_not_made_anew_unasked(work):
    """Nor are media that were deleted after an upload; both say so by more than their sentence."""
    wanted = OutputSettings(steps={**SETTINGS.steps, "transcript": {}})
    workspace = _ready(work, wanted)
    (workspace.folder / "transcript.txt").write_text("Hello")
    workspace.mark(ENCODED)
    workspace.mark(TranscriptFacts(language="en", cues=1))
    workspace.publish(PackageFacts())
    workspace.mark(CleanupFacts(finished=True))
    with pytest.raises(FolderTakenError, match="were deleted after an earlier upload: start fresh") as deleted:
        workspace.require_media()
    (workspace.final / "transcript.txt").write_text("Hello, and goodbye")
    other = OutputSettings(steps={**SETTINGS.steps, "transcript": {"model": "small"}})
    with pytest.raises(FolderTakenError, match=r"transcript\.txt was corrected by hand") as corrected:
        Workspace(work).check(other, Existing.ASK)
    assert (FolderConflict.MEDIA_DELETED, FolderConflict.CORRECTED_BY_HAND) == (
        deleted.value.conflict,
        corrected.value.conflict,
    )


@pytest.mark.parametrize("begun", ["fresh", "copied"])
def test_a_beginning_that_failed_leaves_nothing_and_can_be_tried_again(work, monkeypatch, begun):
    """What was half emptied or half copied is of no use, and the folder in its place is as it was."""
    published = _published(work)
    left = published.partial / (".checkpoints/0000" if begun == "fresh" else "left")

    def full(*args: object, **more: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def begin() -> Workspace:
        left.mkdir(parents=True)
        workspace = Workspace(work)
        workspace.check(SETTINGS, Existing.FRESH if begun == "fresh" else Existing.ASK)
        if begun == "copied":
            workspace.reopen()
        with monkeypatch.context() as patched, pytest.raises(OutputError, match="No space left"):
            patched.setattr(shutil, "rmtree" if begun == "fresh" else "copytree", full)
            workspace.open()
        return workspace

    workspace = begin()
    workspace.open()
    assert (False, begun == "copied") == (left.exists(), (workspace.partial / "master.m3u8").exists())
    workspace.abandon()
    begin().abandon()
    assert (["lesson"], True) == (
        [path.name for path in work.output_dir.iterdir()],
        (published.final / "master.m3u8").exists(),
    )


@pytest.mark.parametrize("existing", [Existing.ASK, Existing.FRESH], ids=["gone on with", "fresh"])
def test_work_that_was_not_begun_is_left_alone(work, existing):
    """A phase that finds something wrong beforehand costs nothing of what an earlier run has made."""
    _ready(work).mark(ENCODED)
    workspace = Workspace(work)
    workspace.check(SETTINGS, existing)
    workspace.use_nothing()
    workspace.abandon()
    assert Facts(hls=ENCODED) == _ready(work).done


def test_abandoned_work_leaves_nothing(work):
    """Without a finished step there is nothing to keep."""
    workspace = _ready(work)
    workspace.abandon()
    assert [] == list(work.output_dir.iterdir())


@pytest.mark.parametrize(("seconds", "left"), [((), []), ((30.0,), [".lesson.partial"])], ids=["nothing", "a window"])
def test_what_was_heard_is_kept(work, seconds, left):
    """A run that ends before the first step is finished leaves what was heard to the next, if anything was."""
    workspace = _ready(work)
    path = workspace.partial / RECOGNITION_LOG
    log = RecognitionLog(path, "key")
    log.begin(Recognized())
    for recognized_s in seconds:
        log.add((), Recognized(seconds=recognized_s))
    log.close()
    workspace.abandon()
    assert left == [one.name for one in work.output_dir.iterdir()]
    assert bool(left) == (_ready(work).partial / RECOGNITION_LOG).is_file()


def test_a_published_folder_has_nothing_of_what_was_heard(work):
    """What an interrupted transcription has noted ends with the work, also if no transcript is wanted any more."""
    workspace = _ready(work)
    for log in workspace._folders.logs:
        log.write_text("{}\n", encoding="utf-8")
    workspace.mark(ENCODED)
    workspace.publish(PackageFacts())
    assert [] == [path.name for path in workspace.final.iterdir() if path.suffix == ".jsonl"]


def test_abandoning_keeps_finished_steps_and_published_folders(work):
    """What can be used again stays."""
    workspace = _ready(work)
    workspace.mark(ENCODED)
    workspace.abandon()
    assert workspace.partial.is_dir()
    published = _published(work)
    published.abandon()
    assert published.final.is_dir()


@pytest.mark.parametrize("fault", ["source is gone", "folder in the way"])
def test_a_check_that_fails_leaves_finished_work_alone(work, fault):
    """What was not looked at is not ours to remove."""
    _ready(work).mark(ENCODED)
    if fault == "source is gone":
        work.source.unlink()
    else:
        (work.output_dir / work.slug).mkdir()
    workspace = Workspace(work)
    with pytest.raises((SourceError, SettingsError)):
        workspace.check(SETTINGS, Existing.ASK)
    workspace.abandon()
    assert (workspace.partial / "job.json").is_file()


@pytest.mark.parametrize("change", ["gone", "longer"])
def test_a_published_file_that_is_not_as_it_was_is_named(work, change):
    """By its path in the folder; files that came later don't count."""
    workspace = _published(work)
    (workspace.folder / "manifest.json").write_text("{}")
    assert [] == workspace.lost_files()
    master = workspace.folder / "master.m3u8"
    if change == "gone":
        master.unlink()
    else:
        master.write_text("#EXTM3U\n\n")
    again = _ready(work)
    assert ["master.m3u8"] == again.lost_files()


def test_a_file_of_the_editors_own_is_not_lost(work):
    """A poster or captions with another size are what the editor wants; an empty one is not a picture."""
    workspace = _ready(work)
    (workspace.folder / "poster.jpg").write_bytes(b"ours")
    workspace.publish(PackageFacts())
    poster = workspace.final / "poster.jpg"
    poster.write_bytes(b"the editor's own")
    kept = _ready(work).lost_files()
    poster.write_bytes(b"")
    assert ([], ["poster.jpg"]) == (kept, _ready(work).lost_files())


def test_a_folder_that_is_packaged_again_stays_in_its_place(work):
    """Work goes on from a copy until that is whole; what is written there leaves the folder as it is."""
    workspace = _published(work)
    (workspace.final / "seg_001.ts").write_bytes(b"a segment")
    again = Workspace(work)
    again.check(SETTINGS, Existing.ASK)
    again.reopen()
    again.open()
    before = (workspace.final / "master.m3u8").read_bytes()
    (again.partial / "master.m3u8").write_text("#EXTM3U\n#")
    assert (before, b"a segment") == (
        (workspace.final / "master.m3u8").read_bytes(),
        (again.partial / "seg_001.ts").read_bytes(),
    )
    again.publish(PackageFacts())
    assert ("#EXTM3U\n#", False) == ((workspace.final / "master.m3u8").read_text(), again.partial.exists())


def test_a_full_disk_while_publishing_leaves_work_in_progress(work, monkeypatch):
    """The folder that is in its place keeps its own job.json, and publishing can be tried again."""
    _published(work)
    workspace = Workspace(work)
    workspace.check(preset("slow"), Existing.FRESH)
    workspace.open()
    before = (workspace.final / "job.json").read_bytes()

    def full(path: Path, content: str) -> None:
        raise OutputError(f"{path} can't be written (No space left on device).")

    with monkeypatch.context() as patched, pytest.raises(OutputError):
        patched.setattr("pipeline.job_file.write_whole", full)
        workspace.publish(PackageFacts())
    workspace.mark(ENCODED)
    assert (workspace.partial, before) == (workspace.folder, (workspace.final / "job.json").read_bytes())
    workspace.publish(PackageFacts())
    assert (workspace.final, False) == (workspace.folder, workspace.partial.exists())


def test_what_a_replacement_that_was_killed_has_left_is_removed(work):
    """The folder that gave way is of no use once the new one is in its place."""
    published = _published(work)
    old = published.final.with_name(".lesson.old")
    old.mkdir()
    (old / "seg_001.ts").write_bytes(b"old")
    _ready(work)
    assert ["lesson"] == [path.name for path in work.output_dir.iterdir()]


def test_a_fresh_start_does_not_go_on_with_ordinary_work(work):
    """Who starts fresh does not want what went wrong before; only an interrupted fresh start is gone on with."""
    _ready(work).mark(ENCODED)
    fresh = Workspace(work)
    fresh.check(SETTINGS, Existing.FRESH)
    begun = fresh.done
    fresh.open()
    fresh.mark(ENCODED)
    again = Workspace(work)
    again.check(SETTINGS, Existing.FRESH)
    assert (Facts(), Facts(hls=ENCODED)) == (begun, again.done)


def test_a_copy_to_which_nothing_was_added_does_not_stay(work):
    """A packaging that was cancelled leaves the folder as it is, and nothing beside it."""
    _published(work)
    again = Workspace(work)
    again.check(SETTINGS, Existing.ASK)
    again.reopen()
    again.open()
    again.abandon()
    assert ["lesson"] == [path.name for path in work.output_dir.iterdir()]


def test_what_was_added_to_a_copy_is_used_by_the_next_run(work):
    """As long as the folder itself is what it was."""
    published = _published(work)
    asked = OutputSettings(steps={**SETTINGS.steps, "transcript": {}})

    def reopened() -> Workspace:
        workspace = Workspace(work)
        workspace.check(asked, Existing.ASK)
        workspace.reopen(again=["transcript"])
        workspace.open()
        return workspace

    first = reopened()
    (first.folder / "transcript.txt").write_text("Hello")
    heard = TranscriptFacts(language="en", cues=1)
    first.mark(heard)
    first.abandon()
    second = reopened()
    assert (heard, "Hello") == (second.done.transcript, (second.folder / "transcript.txt").read_text())
    published.mark(uploaded())
    third = reopened()
    assert (None, False) == (third.done.transcript, (third.folder / "transcript.txt").exists())


def test_an_output_folder_that_is_a_file_is_a_sentence(work):
    """The place is named."""
    work.output_dir.write_text("")
    with pytest.raises(OutputError, match="can't be written"):
        Workspace(work).check(SETTINGS, Existing.ASK)


def test_a_source_that_is_gone_is_a_sentence(job):
    """The file is named."""
    with pytest.raises(SourceError, match=r"lesson\.mp4 can't be read"):
        Workspace(job).check(SETTINGS, Existing.ASK)


def test_a_folder_inside_another_videos_is_refused(tmp_path):
    """It would be published with it, and go with it when that is replaced."""
    (tmp_path / "lecture.mp4").write_bytes(b"source")
    job = Job(source=tmp_path / "lecture.mp4", output_dir=tmp_path / "out", slug="week1/lecture")
    (tmp_path / "out" / "week1").mkdir(parents=True)
    Workspace(job).check(OutputSettings(), Existing.ASK)
    (tmp_path / "out" / "week1" / "job.json").write_text("{}")
    with pytest.raises(SettingsError, match=r"would lie inside .*week1, the folder of another video"):
        Workspace(job).check(OutputSettings(), Existing.FRESH)
