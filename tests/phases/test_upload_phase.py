"""Phase 4, the upload."""

from __future__ import annotations

import json
import time
from contextlib import nullcontext
from dataclasses import replace

import pytest
from published_job import open_job
from store_server import PAGE, TOKEN, Fault, running_server
from upload_parts import FOLDER, PREFIX, RecordingToken

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import (
    AuthenticationError,
    Cancelled,
    DestinationTakenError,
    SettingsError,
    TransferError,
    UploadIncompleteError,
)
from pipeline.events import LogLevel
from pipeline.facts import CleanupFacts
from pipeline.job import Existing
from pipeline.model import Mp4Plan, PhaseName, PhaseOutcome
from pipeline.output_settings import OutputSettings
from pipeline.phases.upload import UploadPhase
from pipeline.published import MANIFEST_FILE
from pipeline.transfer.http.login import Login
from pipeline.workspace import Workspace

ME, PRESIGN = "/api/admin/auth/me", "/api/admin/content/aws/uploadUrl"
SEGMENT = PREFIX + "720p/seg_001.ts"
BROKEN = Fault(status=403, code="AccessDenied")


@pytest.fixture
def server():
    """Backend and store on loopback."""
    with running_server() as running:
        yield running


@pytest.fixture
def phase(server):
    """The phase with good settings."""
    return UploadPhase(BackendApi(url=server.url, token=TOKEN))


@pytest.fixture
def open_run(tmp_path, media_info):
    """Return a function that opens a run of the same job."""
    return lambda **choices: open_job(tmp_path, media_info(), **choices)


def test_name(phase):
    """The phase is the upload."""
    assert PhaseName.UPLOAD is phase.name


def test_check_names_everything_that_is_wrong_at_once(open_run):
    """All problems of the inputs are said before anything is asked of a server."""
    run = open_run(prefix="/bad prefix", session_id="123")
    with pytest.raises(SettingsError) as caught:
        UploadPhase(BackendApi(url="http://api.example.com", token="")).check(run.context)
    assert 6 == len(caught.value.problems)


def test_check_tests_connection_and_token(phase, server, open_run):
    """The first question to the backend, and the bar says what goes on."""
    run = open_run()
    phase.check(run.context)
    assert ME == server.arrivals[0].path
    assert ["Validating..."] == [said.text for said in run.said]


def test_check_refuses_a_wrong_token(server, open_run):
    """A token that is not accepted is found out before encoding starts."""
    with pytest.raises(AuthenticationError, match="Please get a new token"):
        UploadPhase(BackendApi(url=server.url, token="wrong")).check(open_run().context)


@pytest.mark.parametrize("status", [404, 405, 502])
def test_check_goes_on_without_a_validate_endpoint(phase, server, open_run, monkeypatch, status):
    """The plan calls it optional: whatever it says but no is a line in the log, and the job is done."""
    monkeypatch.setattr(CancelToken, "wait", lambda token, seconds: None)
    server.api_faults[ME].extend([Fault(status=status)] * 9)
    run = open_run()
    phase.check(run.context)
    assert [True] == [f"{ME} (status {status})" in text for text, level in run.lines if level is LogLevel.WARNING]
    assert PhaseOutcome.DONE is phase.run(run.context).outcome


def test_check_refuses_another_videos_destination(server, tmp_path, media_info):
    """Another source stands there: said before anything is made, unless it may be replaced; its own may go on."""
    server.public = True
    backend = BackendApi(url=server.url, token=TOKEN)
    one, other = (open_job(tmp_path / name, media_info(), source=name.encode()) for name in ("one", "other"))
    UploadPhase(backend).run(one.context)
    with pytest.raises(DestinationTakenError, match="holds another “Lesson One”, with other content"):
        UploadPhase(backend).check(other.context)
    UploadPhase(backend).check(open_job(tmp_path / "one", media_info()).context)
    replacing = open_job(tmp_path / "other", media_info(), replace=True)
    UploadPhase(backend).check(replacing.context)
    UploadPhase(backend).run(replacing.context)
    with pytest.raises(DestinationTakenError):
        UploadPhase(backend).check(open_job(tmp_path / "one", media_info()).context)


def test_another_computer_may_upload_while_this_one_encodes(server, tmp_path, media_info):
    """Asked again after the encode, which takes hours: nothing of this video is sent."""
    server.public = True
    backend = BackendApi(url=server.url, token=TOKEN)
    other, made = (open_job(tmp_path / name, media_info(), source=name.encode()) for name in ("other", "made"))
    encoding = replace(made.context, workspace=Workspace(replace(made.context.plan.job, output_dir=tmp_path / "new")))
    encoding.workspace.check(OutputSettings(), Existing.ASK)
    phase = UploadPhase(backend)
    phase.check(encoding)
    UploadPhase(backend).run(other.context)
    puts = len(server.puts())
    with pytest.raises(DestinationTakenError):
        phase.run(made.context)
    assert puts == len(server.puts())


def test_another_computer_may_publish_while_this_one_sends(server, tmp_path, media_info):
    """Asked for the last time before the master: it stays what it is."""
    server.public = True
    one, other = (open_job(tmp_path / name, media_info(), source=name.encode()) for name in ("one", "other"))
    UploadPhase(BackendApi(url=server.url, token=TOKEN)).run(other.context)
    published = dict(server.stored)
    server.stored.clear()

    def publish(key: str) -> None:
        if key == SEGMENT:
            server.stored.update(published)

    server.on_stored = publish
    masters = len(server.puts(PREFIX + "master.m3u8"))
    with pytest.raises(DestinationTakenError):
        UploadPhase(BackendApi(url=server.url, token=TOKEN)).run(one.context)
    assert masters == len(server.puts(PREFIX + "master.m3u8"))


def test_other_videos_may_be_uploaded_below_while_this_one_is_encoded(server, tmp_path, media_info):
    """Asked again after the encode, which takes hours: nothing of this video is sent."""
    backend = BackendApi(url=server.url, token=TOKEN)
    phase = UploadPhase(backend, data_dir=tmp_path / "data")
    made = open_job(tmp_path / "two", media_info(), source=b"another", prefix="videos/")
    phase.check(made.context)
    UploadPhase(backend, data_dir=tmp_path / "data").run(
        open_job(tmp_path / "one", media_info(), prefix="videos/one/").context
    )
    puts = len(server.puts())
    with pytest.raises(SettingsError, match="Below videos/ are streams of other videos"):
        phase.run(made.context)
    assert puts == len(server.puts())


def test_a_version_of_another_stream_is_refused_before_the_encode(server, tmp_path, media_info):
    """Also where this video is to replace what is at its destination."""
    server.public = True
    backend = BackendApi(url=server.url, token=TOKEN)
    UploadPhase(backend).run(open_job(tmp_path / "one", media_info()).context)
    replacing = open_job(tmp_path / "two", media_info(), source=b"another", prefix=f"{PREFIX}v2/", replace=True)
    with pytest.raises(SettingsError, match="is a version of the stream at"):
        UploadPhase(backend).check(replacing.context)


@pytest.mark.parametrize(
    ("content", "refused"),
    [pytest.param(b"another", True, id="another source"), pytest.param(b"source", False, id="the same source")],
)
def test_a_destination_above_those_of_other_videos_is_refused(server, tmp_path, media_info, content, refused):
    """A folder for all videos was meant, and not that of one: with one file in it a nightly list must not take it."""
    backend = BackendApi(url=server.url, token=TOKEN)
    UploadPhase(backend, data_dir=tmp_path / "data").run(
        open_job(tmp_path / "one", media_info(), prefix="videos/one/").context
    )
    context = open_job(tmp_path / "two", media_info(), source=content, prefix="videos/").context
    phase = UploadPhase(backend, data_dir=tmp_path / "data")
    if not refused:
        phase.check(context)
        return
    said = (
        "Below videos/ are streams of other videos, such as videos/one/: "
        "choose a destination of its own, such as videos/lesson-one/"
    )
    with pytest.raises(SettingsError, match=f"{said}, or use"):
        phase.check(context)
    request = replace(context.plan.job.upload, replace=True)
    phase.check(replace(context, plan=replace(context.plan, job=replace(context.plan.job, upload=request))))


@pytest.fixture
def unmade(tmp_path, media_info):
    """The context of a job whose folder is not made yet."""
    made = open_job(tmp_path, media_info()).context
    job = replace(made.plan.job, output_dir=tmp_path / "elsewhere")
    context = replace(made, plan=replace(made.plan, job=job), workspace=Workspace(job))
    context.workspace.check({}, Existing.ASK)
    return context


def test_destination_that_the_storage_can_not_have_is_found_before_encoding(phase, server, unmade):
    """The backend knows its storage: one URL is asked for before hours of work."""
    said = {"error": "InvalidKey", "message": "The path must not begin with a dot."}
    server.api_faults[PRESIGN].append(Fault(status=400, body=json.dumps(said).encode()))
    with pytest.raises(TransferError, match="The backend says: “The path must not begin with a dot"):
        phase.check(unmade)


def test_name_that_no_store_takes_is_found_before_encoding(phase, server, unmade):
    """What an editor has put into the folder would be refused after hours of work."""
    unmade.workspace.final.mkdir(parents=True)
    (unmade.workspace.final / "a\\b.pdf").write_bytes(b"x")
    with pytest.raises(TransferError, match=r"b\.pdf can't be stored"):
        phase.check(unmade)
    assert [] == server.asked(PRESIGN)


@pytest.mark.parametrize(
    ("presign", "error"),
    [
        (Fault(status=401), "Please get a new token"),
        (Fault(status=404), "does not know the address"),
        (Fault(status=200, body=PAGE), "not JSON"),
        (Fault(status=503), None),
        (Fault(status=400), None),
        (None, None),
    ],
    ids=["wrong token", "not there", "a page", "busy", "needs a size", "good"],
)
def test_first_signed_url_decides_before_encoding(server, unmade, presign, error):
    """Where nobody says whether the token is good, hours of encoding do not come before the answer."""
    server.api_faults[ME].append(Fault(status=404))
    server.api_faults[PRESIGN].extend([presign] * 9 if presign else [])
    with pytest.raises(TransferError, match=error) if error else nullcontext():
        UploadPhase(BackendApi(url=server.url, token=TOKEN)).check(replace(unmade, cancel=RecordingToken()))
    assert {} == server.stored


def test_refused_token_is_asked_for_before_encoding(server, unmade):
    """The job waits for a new one, with which it is begun; where nobody has one, it fails as ever."""
    server.token = "a-newer-token-0123456789"
    context, backend = replace(unmade, cancel=RecordingToken()), BackendApi(url=server.url, token=TOKEN)
    answers = [None, "a-wrong-token-0123456789", server.token]
    with pytest.raises(AuthenticationError, match="Please get a new token"):
        UploadPhase(backend, login=Login(TOKEN, lambda: answers.pop(0))).check(context)
    UploadPhase(backend, login=Login(TOKEN, lambda: answers.pop(0))).check(context)
    assert [] == answers


def test_run_uploads_and_notes_what_it_did(phase, server, open_run):
    """The folder is up, and job.json says where, of the files that the record names: the manifest tells of all."""
    run = open_run(session_id="a" * 24)
    result = phase.run(run.context)
    assert (PhaseOutcome.DONE, "Upload complete!") == (result.outcome, result.text)
    assert {PREFIX + name for name in (*FOLDER, MANIFEST_FILE)} == set(server.stored)
    noted = json.loads((run.folder / "job.json").read_text())["done"]["upload"]
    assert (PREFIX, server.url) == (noted["prefix"], noted["backend_url"])
    recorded = ("master.m3u8", "offline_480p.mp4", "transcript.srt")
    assert {name: PREFIX + name for name in recorded} == noted["keys"]
    assert f"{server.url}/store/{PREFIX}master.m3u8" == noted["urls"]["master.m3u8"]
    assert (run.folder / noted["log"]).is_file()
    last = run.said[-1]
    assert (1.0, len(FOLDER), len(FOLDER)) == (last.fraction, last.transfer.files_done, last.transfer.files_total)
    assert f"Uploading {len(FOLDER)}/{len(FOLDER)} files (master.m3u8)" == last.text


@pytest.mark.parametrize("existing", [Existing.ASK, Existing.RESUME])
def test_second_run_sends_nothing(phase, server, open_run, existing):
    """A finished upload is found finished."""
    phase.run(open_run().context)
    sent = len(server.puts())
    again = open_run(existing=existing)
    phase.check(again.context)
    assert PhaseOutcome.REUSED is phase.run(again.context).outcome
    assert sent == len(server.puts())


def test_upload_again_sends_everything(phase, server, open_run):
    """Who asks for it gets everything sent anew."""
    phase.run(open_run().context)
    again = open_run(existing=Existing.UPLOAD_AGAIN)
    phase.check(again.context)
    assert PhaseOutcome.DONE is phase.run(again.context).outcome
    assert 2 * (len(FOLDER) + 1) == len(server.puts())  # and the manifest


def test_failure_names_count_reason_and_log(phase, server, open_run):
    """The editor reads how many, why, and where the log is; nothing is noted as done."""
    server.faults[SEGMENT].append(BROKEN)
    run = open_run()
    with pytest.raises(TransferError) as caught:
        phase.run(run.context)
    assert str(caught.value).startswith("Upload failed (1 file). Check logs. 720p/seg_001.ts: The storage at")
    [log] = [path for path in run.folder.glob("upload_log_*.txt") if "2020-01-01" not in path.name]
    assert str(log) in str(caught.value)
    assert run.done.upload is None


def test_token_that_expires_meanwhile_is_said(phase, server, open_run):
    """A 401 in the middle asks for a new token."""
    server.on_stored = lambda key: server.api_faults[PRESIGN].extend([Fault(status=401)] * 4)
    with pytest.raises(AuthenticationError, match=r"Please get a new token from the admin panel\. Then start again"):
        phase.run(open_run().context)


def test_unfinished_upload_asks_before_anything_starts(phase, server, open_run):
    """Somebody must say resume or fresh, knowing how far it was."""
    server.faults[SEGMENT].append(BROKEN)
    with pytest.raises(TransferError):
        phase.run(open_run().context)
    stored = len(server.stored)
    with pytest.raises(UploadIncompleteError) as caught:
        phase.check(open_run().context)
    assert f"Previous upload incomplete. Resume? ({stored}/{len(FOLDER)} files uploaded)" == str(caught.value)


def test_resume_sends_the_rest(phase, server, open_run):
    """Resume leaves out what is up."""
    server.faults[SEGMENT].append(BROKEN)
    with pytest.raises(TransferError):
        phase.run(open_run().context)
    before = set(server.stored)
    run = open_run(existing=Existing.RESUME)
    phase.check(run.context)
    assert PhaseOutcome.DONE is phase.run(run.context).outcome
    assert all(1 == len(server.puts(key)) for key in before)


def test_fresh_does_not_ask(phase, server, open_run):
    """Fresh begins from nothing, whatever there was."""
    server.faults[SEGMENT].append(BROKEN)
    with pytest.raises(TransferError):
        phase.run(open_run().context)
    phase.check(open_run(existing=Existing.FRESH).context)


def test_unfinished_upload_to_another_place_does_not_ask(phase, server, open_run):
    """Another destination is another upload."""
    server.faults[SEGMENT].append(BROKEN)
    with pytest.raises(TransferError):
        phase.run(open_run().context)
    phase.check(open_run(prefix="elsewhere/").context)


def test_cancel_text(phase, server, open_run):
    """A cancelled upload says how far it was and that it can go on."""
    run = open_run()
    run.context.cancel.cancel()
    with pytest.raises(Cancelled, match=f"Upload cancelled. 0/{len(FOLDER)} files uploaded. Resume anytime."):
        phase.run(run.context)


@pytest.mark.parametrize(
    "elsewhere", [{"prefix": "elsewhere/"}, {"session_id": "c" * 24}], ids=["another place", "another session"]
)
def test_deleted_media_cannot_go_elsewhere(phase, open_run, elsewhere):
    """After a clean-up the same destination is done, and another one needs the files again."""
    run = open_run()
    phase.run(run.context)
    run.context.workspace.mark(CleanupFacts(finished=True))
    same = open_run()
    phase.check(same.context)
    assert PhaseOutcome.REUSED is phase.run(same.context).outcome
    with pytest.raises(SettingsError, match="start fresh"):
        phase.check(open_run(**elsewhere).context)


def test_damaged_journal_is_a_warning(phase, open_run):
    """What was set aside is said in the log view."""
    run = open_run()
    (run.folder / ".upload_journal.jsonl").write_bytes(b"\x00\n")
    phase.run(run.context)
    assert any("was damaged" in text for text, _ in run.lines)


def test_video_whose_mp4_is_too_large_is_refused_before_encoding(server, tmp_path, media_info):
    """Hours of encoding are not spent on a file that the storage does not take in one piece; in parts it does."""
    made = open_job(tmp_path, media_info(duration_s=40_000.0)).context
    job = replace(made.plan.job, output_dir=tmp_path / "elsewhere")
    rendition = replace(made.plan.renditions[1], bit_rate=1_200_000)
    context = replace(
        made,
        plan=replace(made.plan, job=job, mp4=Mp4Plan(rendition=rendition, remux_of=None)),
        workspace=Workspace(job),
    )
    context.workspace.check(OutputSettings(), Existing.ASK)
    with pytest.raises(TransferError, match=r"The 480p MP4 of this video has 6\.0 GB, .* Or leave the MP4 out\."):
        UploadPhase(BackendApi(url=server.url, token=TOKEN)).check(context)
    server.capabilities = {"multipart": {"partBytes": 16 << 20}}
    UploadPhase(BackendApi(url=server.url, token=TOKEN)).check(context)


def test_token_can_be_renewed_in_the_middle(server, open_run):
    """The seam of windows and terminals: asked once, in the upload, and the job is done."""
    server.api_faults[PRESIGN].append(Fault(status=401))
    asked: list[int] = []
    phase = UploadPhase(BackendApi(url=server.url, token=TOKEN), login=Login(TOKEN, lambda: asked.append(1) or TOKEN))
    assert PhaseOutcome.DONE is phase.run(open_run().context).outcome
    assert [1] == asked


def test_notices_are_said_as_they_come(server, open_run):
    """What the editor should know stands in the log view, and speed and time left come with the progress."""
    server.clock_s = time.time() - 3600
    run = open_run()
    UploadPhase(BackendApi(url=server.url, token=TOKEN)).run(run.context)
    assert any("The clock of this computer is about 60 min fast" in text for text, _ in run.lines)
    assert all(said.transfer.bytes_per_s >= 0 for said in run.said)
