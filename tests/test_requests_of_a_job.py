"""How often one job asks the reference backend: once before anything is made, and again only where time has passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from converting import ULTRAFAST
from upload_parts import FOLDER, write_folder

from config import BackendApi
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import Job, UploadJob, UploadRequest
from pipeline.model import Outcome
from pipeline.preflight import check_job, check_upload
from pipeline.published import published_names
from pipeline.transfer.http.connections import PooledHttp

VALIDATE, CAPABILITIES, MASTER, MANIFEST, LIST, RECORD = (
    "GET /api/admin/auth/me",
    "GET /api/s3/capabilities",
    "GET /api/s3/object",
    "GET /api/s3/manifest",
    "GET /api/s3/objects",
    "POST /api/admin/files",
)
PRESIGN, PUT = "POST /api/admin/content/aws/uploadUrl", "PUT"
PREFLIGHT = [VALIDATE, CAPABILITIES, MASTER, MANIFEST]
UPLOAD = [
    *(MASTER, MANIFEST),  # before the first file: another upload may have come first
    LIST,
    MANIFEST,  # the claim, read back
    *(MASTER, MANIFEST),  # before the master, after all files were sent
    LIST,
    MANIFEST,  # to be merged with what this upload has sent
    RECORD,
]
"""What an upload asks beside the addresses of its files."""

CLAIM_AND_MANIFEST = 2


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The requests of one job: those about its files are counted, the others stand in their order."""

    questions: list[str]
    signed: int
    sent: int


class Requests:
    """What goes out to any server, as method and path."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def take(self) -> Asked:
        """Return those since the last time."""
        found, self.all = self.all, []
        return Asked(
            questions=[one for one in found if one not in (PRESIGN, PUT)],
            signed=found.count(PRESIGN),
            sent=found.count(PUT),
        )


@pytest.fixture
def requests(monkeypatch) -> Iterator[Requests]:
    """The requests as they are sent; each goes on to the real server."""
    seen, send = Requests(), PooledHttp.send

    def noted(self, method, url, **content):
        seen.all.append(PUT if method == PUT else f"{method} {urlsplit(url).path}")
        return send(self, method, url, **content)

    monkeypatch.setattr(PooledHttp, "send", noted)
    return seen


def done(ready, config):
    """Do a job with what was learnt when it was asked about, as window and command line do."""
    report = wiring.run_job(ready.plan, config, lambda event: None, CancelToken(), answers=ready.backend)
    assert (Outcome.DONE, "") == (report.outcome, report.error)


def test_a_conversion_asks_once_before_its_encode(requests, source_clip, backend_config, tmp_path):
    """Beyond that one address of its destination is tried, and each file has one request for its address."""
    request = UploadRequest(prefix="tests/requests/conversion/")
    job = Job(
        source=source_clip("plain"),
        output_dir=tmp_path,
        slug="clip",
        encoding=ULTRAFAST,
        make_mp4=False,
        upload=request,
    )
    ready = check_job(job, backend_config, CancelToken())
    assert Asked(questions=PREFLIGHT, signed=0, sent=0) == requests.take()
    done(ready, backend_config)
    files = len(published_names(job.folder)) + CLAIM_AND_MANIFEST
    assert Asked(questions=UPLOAD, signed=files + 1, sent=files) == requests.take()


def test_the_upload_of_a_folder_asks_once_before_it_begins(requests, backend_config, tmp_path):
    """Neither the connection nor what the backend offers is asked about again."""
    job = UploadJob(folder=write_folder(tmp_path / "lesson"), upload=UploadRequest(prefix="tests/requests/folder/"))
    ready = check_upload(job, backend_config, CancelToken())
    assert Asked(questions=PREFLIGHT, signed=0, sent=0) == requests.take()
    done(ready, backend_config)
    files = len(FOLDER) + CLAIM_AND_MANIFEST
    assert Asked(questions=UPLOAD, signed=files, sent=files) == requests.take()


def test_an_unchanged_folder_asks_for_its_owner_its_master_and_its_files(requests, backend_config, tmp_path):
    """No manifest and no record is written again."""
    job = UploadJob(folder=write_folder(tmp_path / "lesson"), upload=UploadRequest(prefix="tests/requests/again/"))
    done(check_upload(job, backend_config, CancelToken()), backend_config)
    ready = check_upload(job, backend_config, CancelToken())
    requests.take()
    done(ready, backend_config)
    read = "GET /objects/tests/requests/again/master.m3u8"
    assert Asked(questions=[MASTER, MANIFEST, read, LIST], signed=0, sent=0) == requests.take()


def test_answers_about_another_video_are_not_taken(requests, source_clip, backend_config, tmp_path):
    """Whose a destination is, is asked again of a source that was replaced after the first question."""
    source = tmp_path / "lesson.mp4"
    source.write_bytes(source_clip("plain").read_bytes())
    job = Job(
        source=source,
        output_dir=tmp_path / "out",
        slug="clip",
        encoding=ULTRAFAST,
        make_mp4=False,
        upload=UploadRequest(prefix="tests/requests/replaced/"),
    )
    ready = check_job(job, backend_config, CancelToken())
    source.write_bytes(source_clip("plain").read_bytes() + bytes(100))
    requests.take()
    wiring.run_job(ready.plan, backend_config, lambda event: None, CancelToken(), answers=ready.backend)
    assert [MASTER, MANIFEST] == requests.take().questions


def test_a_warning_about_the_connection_reaches_the_job(backend_config, tmp_path):
    """It was found before the job began, and is said by the job that has a log."""
    odd = BackendApi(url=backend_config.backend.url, token=backend_config.backend.token, validate_endpoint="/nowhere")
    config = type(backend_config)(backend=odd, data_dir=tmp_path / "data")
    job = UploadJob(folder=write_folder(tmp_path / "lesson"), upload=UploadRequest(prefix="tests/requests/warned/"))
    ready = check_upload(job, config, CancelToken())
    events = []
    wiring.run_job(ready.plan, config, events.append, CancelToken(), answers=ready.backend)
    assert any("/nowhere" in getattr(event, "text", "") for event in events)
