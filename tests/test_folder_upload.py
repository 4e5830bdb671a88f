"""A folder that needs no work before: uploaded, recorded and, where asked for, cleared, as a conversion does it."""

from __future__ import annotations

import json
import re

import pytest
from published_job import open_job
from step_facts import uploaded
from store_server import TOKEN, Fault, running_server
from upload_parts import FOLDER, PREFIX, write_folder

from config import BackendApi, Config
from pipeline.cancel import CancelToken
from pipeline.errors import NewerVersionError
from pipeline.events import JobFinished, PhaseFinished
from pipeline.facts import Facts, HlsFacts, TranscriptFacts
from pipeline.finished_folder import with_session
from pipeline.folder_lock import locked
from pipeline.folder_notes import NOTES_FILE, FolderNotes
from pipeline.job import Existing, UploadJob, UploadRequest
from pipeline.job_file import SCHEMA
from pipeline.job_folders import lock_of
from pipeline.model import Outcome, PhaseName, PhaseOutcome
from pipeline.phases.record import RecordPhase
from pipeline.phases.upload import UploadPhase
from pipeline.wiring import make_upload_plan, run_job

RECORDS = "/api/admin/files"
MADE = (HlsFacts(duration_s=61.5, renditions=("720p", "480p")), TranscriptFacts(language="es", cues=1))
MASTER = b"""#EXTM3U
#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=640x480
480p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=2,RESOLUTION=1280x720
720p/index.m3u8
"""


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
def job(tmp_path, media_info):
    """A folder that a conversion has made, not uploaded yet."""
    return open_job(tmp_path, media_info(), facts=MADE)


@pytest.fixture
def upload(backend):
    """Return a function that uploads a folder, and returns the report and what the job said."""

    def run(folder, *, existing=Existing.ASK, cancel=None, data_dir=None, **request):
        events = []
        wanted = UploadJob(folder=folder, upload=UploadRequest(**{"prefix": PREFIX, **request}), existing=existing)
        config = Config(backend=backend, data_dir=data_dir)
        report = run_job(make_upload_plan(wanted, config), config, events.append, cancel or CancelToken())
        assert (JobFinished(report=report), {folder.name}) == (events[-1], {event.job for event in events})
        return report, events

    return run


def outcomes(report):
    """Return how each phase ended."""
    return [(one.phase, one.outcome) for one in report.phases]


def test_upload_makes_the_record_of_a_conversion(server, job, upload):
    """The same fields as a conversion's own record has, the session that was named included;
    all of the bar is filled.
    """
    report, events = upload(job.folder, session_id="a" * 24)
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
    assert [(PhaseName.UPLOAD, PhaseOutcome.DONE), (PhaseName.RECORD, PhaseOutcome.DONE)] == outcomes(report)
    assert [32 / 33, 1.0] == [event.overall for event in events if isinstance(event, PhaseFinished)]
    assert report.master_url.endswith(PREFIX + "master.m3u8")


def test_a_destination_above_those_of_other_videos_is_refused(server, job, upload, tmp_path):
    """As `convert` refuses it: nothing is sent; `--replace` lets it go."""
    known = {"data_dir": tmp_path / "data"}
    upload(job.folder, **known)
    other, puts = write_folder(tmp_path / "other"), len(server.puts())
    report, _ = upload(other, prefix="videos/", **known)
    said = f"Below videos/ are streams of other videos, such as {PREFIX}: "
    assert (Outcome.FAILED, True, puts) == (report.outcome, report.error.startswith(said), len(server.puts()))
    assert Outcome.DONE is upload(other, prefix="videos/", replace=True, **known)[0].outcome


def test_upload_goes_on_where_a_conversion_stopped(server, backend, job, upload, tmp_path, media_info):
    """Stopped before the record: nothing is sent again, the session is kept,
    and the conversion then finds the record made.
    """
    session = {"session_id": "b" * 24}
    UploadPhase(backend).run(open_job(tmp_path, media_info(), **session).context)
    sent = len(server.puts())
    report, _ = upload(job.folder)
    assert [(PhaseName.UPLOAD, PhaseOutcome.REUSED), (PhaseName.RECORD, PhaseOutcome.DONE)] == outcomes(report)
    assert (sent, ["b" * 24]) == (len(server.puts()), [record["sessionId"] for record in server.records])
    again = open_job(tmp_path, media_info(), **session)
    assert PhaseOutcome.REUSED is UploadPhase(backend).run(again.context).outcome
    assert PhaseOutcome.REUSED is RecordPhase(backend).run(again.context).outcome


def test_session_of_an_upload_that_was_cut_short_is_kept(server, backend, job, upload, tmp_path, media_info):
    """Where the conversion's upload was stopped in the middle, the rest goes up for the same session."""
    broken = open_job(tmp_path, media_info(), session_id="c" * 24)
    server.faults[PREFIX + "720p/seg_001.ts"].append(Fault(status=403, code="SignatureDoesNotMatch"))
    with pytest.raises(Exception, match="Upload failed"):
        UploadPhase(backend).run(broken.context)
    stored = set(server.stored)
    report, _ = upload(job.folder, existing=Existing.RESUME)
    assert (Outcome.DONE, ["c" * 24]) == (report.outcome, [record["sessionId"] for record in server.records])
    assert all(1 == len(server.puts(key)) for key in stored)


@pytest.mark.parametrize(
    "request_", [{"prefix": "other/"}, {"session_id": "d" * 24}], ids=["another place", "another session"]
)
def test_session_of_another_place_is_not_taken(backend, job, upload, request_):
    """A session belongs to what was uploaded for it, and one that is named counts."""
    upload(job.folder, session_id="b" * 24)
    wanted = UploadRequest(**{"prefix": PREFIX, **request_})
    assert wanted == with_session(wanted, job.folder, backend.url)


def test_folder_that_no_conversion_made_has_a_record_too(server, tmp_path, upload):
    """Name, length and qualities are those of the folder and its playlists; a second upload makes no second record."""
    folder = write_folder(tmp_path / "lesson")
    (folder / "job.json").unlink()
    (folder / "master.m3u8").write_bytes(MASTER)
    (folder / "480p/index.m3u8").write_bytes(
        b"#EXTM3U\n#EXTINF:6.0,\nseg_001.ts\n#EXTINF:4.5,\nseg_002.ts\n#EXT-X-ENDLIST\n"
    )
    first, second = (upload(folder, language="ar")[0] for _ in range(2))
    [record] = server.records
    assert ("lesson", "ar", {"duration": 10.5, "qualities": ["720p", "480p"]}) == (
        record["name"],
        record["language"],
        record["metadata"],
    )
    assert [PhaseOutcome.DONE, PhaseOutcome.REUSED] == [report.phases[-1].outcome for report in (first, second)]
    assert not any(key.endswith(NOTES_FILE) for key in server.stored)


def test_each_place_has_its_own_record(server, job, upload):
    """To and fro between two places makes no second record of either; what has changed since is told."""
    for prefix in (PREFIX, "other/place/lesson/", PREFIX, "other/place/lesson/"):
        upload(job.folder, prefix=prefix)
    assert ["videos/course", "other/place"] == [record["parentFolder"] for record in server.records]
    report, _ = upload(job.folder, session_id="e" * 24)
    assert PhaseOutcome.DONE is report.phases[-1].outcome
    assert [None, None, "e" * 24] == [record["sessionId"] for record in server.records]
    assert PhaseOutcome.REUSED is upload(job.folder, prefix="other/place/lesson/")[0].phases[-1].outcome


def test_record_that_another_took_the_place_of_is_made_again(server, job, upload):
    """What was told of a place before is not what the backend has."""
    told = [upload(job.folder, session_id=name * 24)[0].phases[-1].outcome for name in "efe"]
    assert ([PhaseOutcome.DONE] * 3, ["e" * 24, "f" * 24, "e" * 24]) == (
        told,
        [record["sessionId"] for record in server.records],
    )


def test_a_newer_version_s_folder_is_not_uploaded(server, job, upload):
    """What is in its notes would be lost."""
    path = job.folder / "job.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": SCHEMA + 1}))
    before = path.read_bytes()
    told = f"{job.folder} was made by a newer version of this program: update the program and start again."
    with pytest.raises(NewerVersionError, match=re.escape(told)):
        upload(job.folder)
    assert (before, {}) == (path.read_bytes(), server.stored)


def test_record_of_an_earlier_version_counts(server, job, upload):
    """Its note knew of one place only."""
    upload(job.folder)
    path = job.folder / "job.json"
    stored = json.loads(path.read_text())
    del stored["schema"], stored["done"]["record"]["others"]
    path.write_text(json.dumps(stored | {"format": 3}))
    assert PhaseOutcome.REUSED is upload(job.folder)[0].phases[-1].outcome
    assert 1 == len(server.records)


def test_record_that_fails_is_a_warning(server, job, upload):
    """The files are up, so the job is done; the next upload tries again."""
    server.api_faults[RECORDS].append(Fault(status=500))
    report, _ = upload(job.folder)
    [warning] = report.warnings
    assert (Outcome.DONE, PhaseOutcome.WARNED) == (report.outcome, report.phases[-1].outcome)
    assert warning.startswith("The files are uploaded, but the file record could not be made:")
    assert PhaseOutcome.DONE is upload(job.folder)[0].phases[-1].outcome


def test_local_files_go_when_asked(server, job, upload):
    """As after a conversion: the media go, the source and the job's own files stay,
    and the same upload again is done.
    """
    report, _ = upload(job.folder, delete_local=True)
    assert (Outcome.DONE, True, PhaseOutcome.DONE) == (report.outcome, report.media_deleted, report.phases[-1].outcome)
    assert [] == [name for name in FOLDER if (job.folder / name).exists()]
    assert (job.folder / "job.json").exists() and job.context.plan.job.source.exists()
    again, _ = upload(job.folder, delete_local=True)
    assert [PhaseOutcome.REUSED] * 3 == [one.outcome for one in again.phases]
    assert (report.master_url, 1) == (again.master_url, len(server.records))


def test_deleted_files_cannot_go_to_another_place(server, job, upload):
    """What is not here can't be sent: the sentence says what to do."""
    upload(job.folder, delete_local=True)
    report, _ = upload(job.folder, prefix="other/")
    assert (Outcome.FAILED, True) == (
        report.outcome,
        "deleted after an earlier upload: convert the video again" in report.error,
    )


def test_files_of_others_are_never_deleted(server, tmp_path, upload):
    """A folder that no conversion made may hold somebody's only copy: said before anything is sent."""
    folder = write_folder(tmp_path / "lesson")
    report, _ = upload(folder, delete_local=True)
    assert (Outcome.FAILED, True, []) == (report.outcome, report.wrong_settings, server.puts())
    assert "was not made by this program" in report.error


def test_folder_that_is_being_converted_is_left_alone(server, job, upload):
    """A conversion that works on it may replace it at any moment: nothing is sent, and its notes stay as they are."""
    known = (job.folder / "job.json").read_bytes()
    with locked(lock_of(job.folder), job.folder):
        report, _ = upload(job.folder)
    assert (Outcome.FAILED, [], []) == (report.outcome, [*report.phases], server.puts())
    assert report.error.startswith(f"Another HLS Converter is working on {job.folder}")
    assert known == (job.folder / "job.json").read_bytes()


def test_nothing_is_written_beside_a_folder_of_others(server, tmp_path, upload):
    """One that no conversion made may lie where nothing can be written: no lock is taken there."""
    folder = write_folder(tmp_path / "lesson")
    (folder / "job.json").unlink()
    beside = []
    server.on_stored = lambda key: beside.extend(path.name for path in tmp_path.iterdir())
    assert Outcome.DONE is upload(folder)[0].outcome
    assert {"lesson"} == set(beside)


def test_cancelled_before_the_record(server, job, upload):
    """A cancel ends the job as cancelled; what is up stays up, and the next upload makes the record."""
    cancel = CancelToken()
    server.on_stored = lambda key: cancel.cancel() if key.endswith("manifest.json") else None
    report, _ = upload(job.folder, cancel=cancel)
    assert (Outcome.CANCELLED, []) == (report.outcome, server.records)
    assert Outcome.DONE is upload(job.folder)[0].outcome
    assert 1 == len(server.records)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"version": 2, "done": {}}', b'{"version": 1, "done": {"upload": 5}}'], ids=str
)
def test_notes_that_cannot_be_read_are_none(tmp_path, content):
    """Damaged notes, and those of a newer program, say nothing; they are written anew."""
    (tmp_path / NOTES_FILE).write_bytes(content)
    notes = FolderNotes(tmp_path)
    assert Facts() == notes.done
    notes.mark(uploaded())
    assert Facts(upload=uploaded()) == FolderNotes(tmp_path).done
