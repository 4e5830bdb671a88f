"""Uploads a folder that needs no work before: the `upload` command. Tells what happens with the events of a job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, OutputError, PipelineError, SettingsError
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseStarted, Sink
from pipeline.folder_lock import locked
from pipeline.model import Existing, JobReport, Outcome, PhaseName, PhaseOutcome, PhaseReport, UploadRequest
from pipeline.phases.phase import Progress
from pipeline.phases.upload import send
from pipeline.runner import as_event, unexpected
from pipeline.transfer.control import TransferControl
from pipeline.transfer.login import Login
from pipeline.transfer.redaction import without_query
from pipeline.transfer.tally import COMPLETE, VALIDATING
from pipeline.transfer.uploader import Uploader
from pipeline.workspace import JOB_FILE, MASTER


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
    started = time.monotonic()
    sink(PhaseStarted(phase=PhaseName.UPLOAD, overall=0.0))
    outcome, error, master_url, wrong_settings = Outcome.DONE, "", "", False
    try:
        uploader = Uploader(backend, session_id=request.session_id, login=login, control=control)
        with _kept_from_others(folder):
            master_url = _send(folder, request, existing, data_dir, uploader, sink, cancel)
    except Cancelled as cancelled:
        outcome, error = Outcome.CANCELLED, str(cancelled) or "Cancelled."
    except PipelineError as failure:
        outcome, error, wrong_settings = Outcome.FAILED, str(failure), isinstance(failure, SettingsError)
    except Exception as bug:  # noqa: BLE001  # the job's outermost frame: a bug must end the job, not the worker thread
        outcome, error = Outcome.FAILED, unexpected(bug, sink)
    text = error or COMPLETE
    ended = PhaseOutcome(outcome.value)
    sink(PhaseFinished(phase=PhaseName.UPLOAD, outcome=ended, overall=1.0 if outcome is Outcome.DONE else 0.0, text=text))
    seconds = round(time.monotonic() - started, 3)
    report = JobReport(
        slug=folder.absolute().name,
        source=folder,
        folder=folder,
        outcome=outcome,
        phases=(PhaseReport(phase=PhaseName.UPLOAD, outcome=ended, seconds=seconds, text=text),),
        error=error,
        master_url=master_url,
        wrong_settings=wrong_settings,
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
    sink: Sink,
    cancel: CancelToken,
) -> str:
    """Upload and return the stream's address."""

    def report(progress: Progress) -> None:
        sink(as_event(PhaseName.UPLOAD, progress, overall=progress.fraction))

    def log(text: str, level: LogLevel) -> None:
        sink(LogLine(text=text, level=level))

    if not (folder / MASTER).is_file():
        raise OutputError(f"{folder} holds no {MASTER}: name the folder of a converted video.")
    report(Progress(fraction=0.0, text=VALIDATING))
    uploader.test_connection(cancel)
    result = send(uploader, request, folder, existing, data_dir, report, log, cancel)
    return without_query(result.urls.get(MASTER, ""))
