"""Phase 6, the clean-up."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from published_job import open_job
from store_server import TOKEN, running_server
from upload_parts import FOLDER

from config import BackendApi
from pipeline.facts import CleanupFacts
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.cleanup import CleanupPhase
from pipeline.phases.upload import UploadPhase
from pipeline.transfer.upload.journal import JOURNAL_FILE


@pytest.fixture(scope="module")
def backend():
    """One backend for all; what it stores does not matter here."""
    with running_server() as running:
        yield BackendApi(url=running.url, token=TOKEN)


@pytest.fixture
def open_run(tmp_path, media_info, backend):
    """Return a function that opens a run of the same job, uploaded, that is to delete its files."""

    def build(**choices):
        run = open_job(tmp_path, media_info(), **{"delete_local": True, **choices})
        (run.folder / "manifest.json").write_text("{}")
        UploadPhase(backend).run(run.context)
        return run

    return build


def left(run) -> set[str]:
    """Return the published files that are still there."""
    return {name for name in FOLDER if (run.folder / name).exists()}


def test_name():
    """The phase is the clean-up."""
    assert PhaseName.CLEANUP is CleanupPhase().name


def test_media_goes_and_everything_else_stays(open_run):
    """Published media and their folders go; source, job file, manifest, log, state and hidden files stay."""
    run = open_run()
    result = CleanupPhase().run(run.context)
    assert PhaseOutcome.DONE is result.outcome
    assert set() == left(run)
    assert run.context.plan.job.source.exists()
    kept = {path.name for path in run.folder.iterdir()}
    log = run.done.upload.log
    hidden = {".hidden", ".upload_journal.jsonl", ".upload_state.json"}
    assert {"job.json", "manifest.json", "upload_log_2020-01-01_000000.txt", log, *hidden} == kept


def test_next_run_finds_it_done(open_run, tmp_path, media_info):
    """The job is known to be done although its files are gone."""
    CleanupPhase().run(open_run().context)
    again = open_job(tmp_path, media_info(), delete_local=True)
    assert again.context.workspace.published
    assert PhaseOutcome.REUSED is CleanupPhase().run(again.context).outcome


def test_nothing_is_deleted_unasked(open_run):
    """Without the tick everything stays."""
    run = open_run(delete_local=False)
    assert PhaseOutcome.SKIPPED is CleanupPhase().run(run.context).outcome
    assert set(FOLDER) == left(run)


def test_nothing_is_deleted_without_an_upload(tmp_path, media_info):
    """What is not up is not deleted."""
    run = open_job(tmp_path, media_info(), delete_local=True)
    assert PhaseOutcome.WARNED is CleanupPhase().run(run.context).outcome
    assert set(FOLDER) == left(run)


@pytest.mark.parametrize("change", ["changed", "added"])
def test_nothing_is_deleted_when_a_file_is_not_confirmed(open_run, change):
    """One file that is not what was sent, or was never sent, keeps all of them."""
    run = open_run()
    if change == "changed":
        (run.folder / "720p/seg_001.ts").write_bytes(b"edited")
    else:
        (run.folder / "extra.mp4").write_bytes(b"new")
    result = CleanupPhase().run(run.context)
    assert PhaseOutcome.WARNED is result.outcome
    assert "changed after the upload" in result.text
    assert set(FOLDER) == left(run)


def test_nothing_is_deleted_that_nothing_shows_to_be_stored(open_run):
    """One file without a sign of its own that the storage has it keeps all of them, and is named."""
    run = open_run()
    journal = run.folder / JOURNAL_FILE
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        if line.get("path") == "720p/seg_001.ts":
            del line["etag"]  # as an earlier version noted what a login page answered
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = CleanupPhase().run(run.context)
    assert (PhaseOutcome.WARNED, True) == (
        result.outcome,
        "nothing shows that the storage has 720p/seg_001.ts" in result.text,
    )
    assert set(FOLDER) == left(run)


def test_source_inside_the_folder_survives(open_run, tmp_path):
    """A source that lies among the published files, or is linked there, is not deleted."""
    run = open_run()
    source = tmp_path / "Lesson One.mp4"
    source.unlink()
    os.link(run.folder / "offline_480p.mp4", source)
    CleanupPhase().run(run.context)
    assert {"offline_480p.mp4"} == left(run)
    assert FOLDER["offline_480p.mp4"] == source.read_bytes()


def test_nothing_behind_a_link_is_deleted(open_run, tmp_path, backend):
    """What lies outside the folder stays, and so does the link to it, also when it was uploaded."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious.mp4").write_bytes(b"precious")
    run = open_run()
    (run.folder / "linked.mp4").symlink_to(outside / "precious.mp4")
    (run.folder / "linked").symlink_to(outside, target_is_directory=True)
    UploadPhase(backend).run(run.context)
    assert PhaseOutcome.DONE is CleanupPhase().run(run.context).outcome
    assert set() == left(run)
    assert b"precious" == (outside / "precious.mp4").read_bytes()
    assert (run.folder / "linked.mp4").is_symlink()


def test_interrupted_cleanup_goes_on(open_run):
    """A run that was killed in the middle of deleting is finished by the next one."""
    run = open_run()
    run.context.workspace.mark(CleanupFacts(finished=False))
    (run.folder / "720p/seg_001.ts").unlink()
    assert PhaseOutcome.DONE is CleanupPhase().run(run.context).outcome
    assert set() == left(run)
    assert CleanupFacts(finished=True) == run.done.cleanup


@pytest.mark.parametrize("deleted", [1, 4, 6, 12])
def test_killed_cleanup_goes_on_wherever_it_was(open_run, monkeypatch, deleted):
    """What is left never names what is gone, so the next run takes it for the same upload."""
    first = open_run()
    (first.folder / "master.m3u8").write_text("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n720p/index.m3u8\n")
    (first.folder / "720p/index.m3u8").write_text("#EXTM3U\n#EXTINF:6,\nseg_001.ts\n#EXTINF:6,\nseg_002.ts\n")
    run = open_run()
    unlink, gone = Path.unlink, []

    def killed(path, **choices):
        if len(gone) == deleted:
            raise KeyboardInterrupt
        gone.append(path)
        unlink(path, **choices)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            CleanupPhase().run(run.context)
    assert PhaseOutcome.DONE is CleanupPhase().run(run.context).outcome
    assert set() == left(run)
