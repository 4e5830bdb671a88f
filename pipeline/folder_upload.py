"""Uploads a folder that needs no work before: the `upload` command. Tells what happens with the events of a job."""

from __future__ import annotations

import time
from pathlib import Path

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, PipelineError, SettingsError
from pipeline.events import JobFinished, LogLevel, LogLine, PhaseFinished, PhaseProgress, PhaseStarted, Sink
from pipeline.model import Existing, JobReport, Outcome, PhaseName, PhaseOutcome, PhaseReport, UploadRequest
from pipeline.phases.upload import upload_failure
from pipeline.transfer.redaction import without_query
from pipeline.transfer.tally import COMPLETE, VALIDATING, TransferProgress
from pipeline.transfer.uploader import Uploader
from pipeline.workspace import MASTER


def upload_folder(
    folder: Path, request: UploadRequest, existing: Existing, backend: BackendApi, sink: Sink, cancel: CancelToken
) -> JobReport:
    """Upload a folder's published files on this thread; never raises, and ends in exactly one JobFinished."""
    started = time.monotonic()
    sink(PhaseStarted(phase=PhaseName.UPLOAD, overall=0.0))
    outcome, error, master_url, wrong_settings = Outcome.DONE, "", "", False
    try:
        urls = _send(folder, request, existing, backend, sink, cancel)
        master_url = without_query(urls.get(MASTER, ""))
    except Cancelled as cancelled:
        outcome, error = Outcome.CANCELLED, str(cancelled) or "Cancelled."
    except PipelineError as failure:
        outcome, error, wrong_settings = Outcome.FAILED, str(failure), isinstance(failure, SettingsError)
    except Exception as bug:  # noqa: BLE001  # the job's outermost frame; a bug's own text may hold a signed URL
        outcome, error = Outcome.FAILED, f"Something unexpected went wrong ({type(bug).__name__}): start again to go on."
    text = COMPLETE if outcome is Outcome.DONE else error
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


def _send(folder: Path, request: UploadRequest, existing: Existing, backend: BackendApi, sink: Sink, cancel: CancelToken) -> dict[str, str]:
    def report(p: TransferProgress) -> None:
        sink(
            PhaseProgress(
                phase=PhaseName.UPLOAD,
                fraction=p.fraction,
                overall=p.fraction,
                text=p.text,
                files_done=p.files_done,
                files_total=p.files_total,
                bytes_done=p.bytes_done,
                bytes_total=p.bytes_total,
            )
        )

    uploader = Uploader(backend, session_id=request.session_id)
    sink(PhaseProgress(phase=PhaseName.UPLOAD, fraction=0.0, overall=0.0, text=VALIDATING))
    uploader.test_connection(cancel)
    resume = existing in (Existing.ASK, Existing.RESUME)
    result = uploader.upload(folder, request.prefix, resume=resume, on_progress=report, cancel=cancel)
    for notice in result.notices:
        sink(LogLine(text=notice, level=LogLevel.WARNING))
    if not result.complete:
        raise upload_failure(result)
    return dict(result.urls)
