"""Uploads a folder that needs no work before: the `upload` command. Tells what happens with the events of a job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError
from pipeline.events import JobFinished, LogLevel, Sink
from pipeline.folder_lock import locked
from pipeline.job_file import JOB_FILE
from pipeline.model import Existing, JobReport, PhaseName, UploadRequest
from pipeline.phases.phase import PhaseResult, Progress
from pipeline.phases.upload import send
from pipeline.steps import Steps, to_the_end
from pipeline.transfer.control import TransferControl
from pipeline.transfer.login import Login
from pipeline.transfer.redaction import without_query
from pipeline.transfer.tally import COMPLETE, VALIDATING
from pipeline.transfer.uploader import Uploader
from pipeline.workspace import MASTER


def upload_folder(
    folder: Path,
    request: UploadRequest,
    existing: Existing,
    backend: BackendApi,
    sink: Sink,
    cancel: CancelToken,
    *,
    data_dir: Path | None,
    login: Login,
    control: TransferControl,
) -> JobReport:
    """Upload a folder's published files on this thread; never raises, and ends in exactly one JobFinished.

    `data_dir` is where the library of manifests lies, None for none.
    """
    steps = Steps((PhaseName.UPLOAD,), sink)
    master_url = ""

    def upload() -> PhaseResult:
        nonlocal master_url
        uploader = Uploader(backend, session_id=request.session_id, login=login, control=control)
        with _kept_from_others(folder):
            master_url = _send(folder, request, existing, data_dir, uploader, steps, cancel)
        return PhaseResult(text=COMPLETE)

    ending = to_the_end(lambda: steps.take(PhaseName.UPLOAD, upload), sink)
    report = JobReport(
        slug=folder.absolute().name,
        source=folder,
        folder=folder,
        outcome=ending.outcome,
        phases=tuple(steps.reports),
        error=ending.error,
        warnings=tuple(steps.warnings),
        master_url=master_url,
        wrong_settings=ending.wrong_settings,
    )
    sink(JobFinished(report=report))
    return report


@contextmanager
def _kept_from_others(folder: Path) -> Iterator[None]:
    """Keep a conversion from replacing its folder meanwhile. One that no conversion made may lie where nothing can be written."""
    if not (folder / JOB_FILE).is_file():
        yield
        return
    place = folder.absolute()
    with locked(place.with_name(f".{place.name}.lock"), folder):
        yield


def _send(
    folder: Path,
    request: UploadRequest,
    existing: Existing,
    data_dir: Path | None,
    uploader: Uploader,
    steps: Steps,
    cancel: CancelToken,
) -> str:
    """Upload and return the stream's address."""
    if not (folder / MASTER).is_file():
        raise OutputError(f"{folder} holds no {MASTER}: name the folder of a converted video.")
    report = steps.reporter(PhaseName.UPLOAD)
    report(Progress(fraction=0.0, text=VALIDATING))
    warning = uploader.test_connection(cancel)
    if warning:
        steps.log(warning, LogLevel.WARNING)
    result = send(uploader, request, folder, existing, data_dir, report, steps.log, cancel)
    return without_query(result.urls.get(MASTER, ""))
