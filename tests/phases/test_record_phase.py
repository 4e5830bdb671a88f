"""Phase 5, the file record."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from ports import closed_port
from published_job import open_job
from step_facts import ENCODED
from store_server import TOKEN, Fault, running_server
from upload_parts import PREFIX

from config import BackendApi
from pipeline.errors import Cancelled, TransferError
from pipeline.facts import TranscriptFacts
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.record import RecordPhase
from pipeline.phases.upload import UploadPhase
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.retry import may_pass
from pipeline.transfer.manifests.folder_owner import owner_of

RECORD = "/api/admin/files"


@pytest.fixture
def server():
    """Backend and store on loopback."""
    with running_server() as running:
        yield running


@pytest.fixture
def backend(server):
    """Good settings."""
    return BackendApi(url=server.url, token=TOKEN)


@pytest.fixture
def open_run(tmp_path, media_info, backend):
    """Return a function that opens a run of the same job, uploaded."""

    def build(**choices):
        run = open_job(tmp_path, media_info(), **choices)
        UploadPhase(backend).run(run.context)
        return run

    return build


def test_name(backend):
    """The phase is the record."""
    assert PhaseName.RECORD is RecordPhase(backend).name


def test_record_tells_what_was_made(server, backend, open_run):
    """Exactly the agreed fields, with the language that was heard and the length that was made."""
    run = open_run(
        session_id="a" * 24, facts=[TranscriptFacts(language="es", cues=1), replace(ENCODED, duration_s=61.5)]
    )
    result = RecordPhase(backend).run(run.context)
    expected = {
        "name": "Lesson One",
        "type": "video",
        "language": "es",
        "parentFolder": "videos/course",
        "sessionId": "a" * 24,
        "s3Keys": {
            "hls": PREFIX + "master.m3u8",
            "mp4": PREFIX + "offline_480p.mp4",
            "transcript": PREFIX + "transcript.srt",
        },
        "metadata": {"duration": 61.5, "qualities": ["720p", "480p"]},
    }
    assert [expected] == server.records
    assert (PhaseOutcome.DONE, "Session updated") == (result.outcome, result.text)
    assert ["Updating session..."] == [said.text for said in run.said if "Uploading" not in said.text]


def test_language_falls_back_to_what_was_asked_for(server, backend, open_run):
    """Without a detected language the editor's counts, and the source's duration; no session is spoken of."""
    run = open_run(language="ar")
    assert "File record saved" == RecordPhase(backend).run(run.context).text
    assert ["Adding the file record..."] == [said.text for said in run.said if "Uploading" not in said.text]
    assert ("ar", None, 60.0) == (
        server.records[0]["language"],
        server.records[0]["sessionId"],
        server.records[0]["metadata"]["duration"],
    )


def test_a_title_is_the_name_of_the_record_and_of_the_manifest(server, backend, open_run):
    """The folder keeps it, so that a later `upload` of the folder has it, too."""
    run = open_run(title="Lesson 1: vectors")
    RecordPhase(backend).run(run.context)
    assert ["Lesson 1: vectors"] == [record["name"] for record in server.records]
    manifest = json.loads((run.context.workspace.folder / "manifest.json").read_text())
    assert ("Lesson 1: vectors", "Lesson 1: vectors") == (
        manifest["title"],
        owner_of(run.context.workspace.folder).title,
    )


def test_record_is_made_once(server, backend, open_run):
    """A second run does not make a second record."""
    RecordPhase(backend).run(open_run().context)
    assert PhaseOutcome.REUSED is RecordPhase(backend).run(open_run().context).outcome
    assert 1 == len(server.records)


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_failing_record_is_a_warning(server, backend, open_run, status):
    """The files are up, so the job is done; the next run tries again."""
    server.api_faults[RECORD].append(Fault(status=status))
    result = RecordPhase(backend).run(open_run().context)
    assert PhaseOutcome.WARNED is result.outcome
    assert result.text.startswith("The files are uploaded, but the file record could not be made:")
    assert PhaseOutcome.DONE is RecordPhase(backend).run(open_run().context).outcome


def test_record_waits_with_the_upload_for_a_backend_that_is_gone(backend, open_run):
    """Where that is tried again later, the record is too, and nobody has to add it by hand."""
    run = open_run()
    run.context.cancel.wait = lambda pause_s: None
    with closed_port() as port, pytest.raises(TransferError, match="Cannot connect") as failed:
        gone = replace(backend, url=f"http://127.0.0.1:{port}")
        RecordPhase(gone, control=TransferControl(away_s=0.0)).run(run.context)
    assert may_pass(failed.value)


def test_record_goes_on_with_the_uploads_log(backend, open_run):
    """One job, one log."""
    run = open_run()
    RecordPhase(backend).run(run.context)
    log = (run.folder / run.done.upload.log).read_text()
    assert RECORD in log
    assert TOKEN not in log


def test_without_upload_there_is_no_record(server, backend, tmp_path, media_info):
    """Nothing up, nothing to tell."""
    run = open_job(tmp_path, media_info())
    assert PhaseOutcome.SKIPPED is RecordPhase(backend).run(run.context).outcome
    assert [] == server.records


def test_cancel_passes(backend, open_run):
    """A cancel is not a warning."""
    run = open_run()
    run.context.cancel.cancel()
    with pytest.raises(Cancelled):
        RecordPhase(backend).run(run.context)
