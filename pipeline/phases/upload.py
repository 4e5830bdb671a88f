"""Phase 4: sends the finished folder to the store. Everything that can be wrong is looked for before encoding starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import SettingsError, UploadIncompleteError
from pipeline.events import LogLevel
from pipeline.model import Existing, PhaseName, PhaseOutcome, UploadRequest
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress
from pipeline.transfer.journal import Destination
from pipeline.transfer.redaction import without_query
from pipeline.transfer.tally import COMPLETE, VALIDATING, TransferProgress
from pipeline.transfer.uploader import Uploader, UploadResult, confirmed_files, previous_upload, upload_failure
from pipeline.transfer.validation import upload_problems
from pipeline.workspace import MASTER

ANEW = (Existing.UPLOAD_AGAIN, Existing.FRESH)


class UploadPhase:
    """Uploads the folder, or what is missing of it. Leaves `prefix`, `backend_url`, `keys`, `urls`, `log` in the job's notes."""

    name = PhaseName.UPLOAD

    def __init__(self, backend: BackendApi) -> None:
        self._backend = backend

    def check(self, context: PhaseContext) -> None:
        """See that the inputs are right, the backend answers and an earlier upload is not passed over.

        Raises SettingsError with all problems at once, UploadIncompleteError when somebody must say resume or fresh,
        TransferError, Cancelled.
        """
        request, workspace = _request(context), context.workspace
        url, token = self._backend.url, self._backend.token
        problems = upload_problems(url=url, token=token, prefix=request.prefix, session_id=request.session_id)
        if problems:
            raise SettingsError(problems)
        if not self._is_done(context):
            workspace.require_media()
        context.report(Progress(fraction=0.0, text=VALIDATING))
        context.log(VALIDATING, LogLevel.INFO)
        Uploader(self._backend, session_id=request.session_id).test_connection(context.cancel)
        if context.plan.job.existing is not Existing.ASK or not workspace.published or workspace.media_deleted:
            return
        unfinished = previous_upload(workspace.folder, self._backend, request.prefix, request.session_id)
        if unfinished is not None:
            raise UploadIncompleteError(files_done=unfinished.files_done, files_total=unfinished.files_total)

    def run(self, context: PhaseContext) -> PhaseResult:
        """Upload what is not confirmed yet. Raises TransferError, OutputError, TransferCancelled."""
        request, workspace = _request(context), context.workspace
        if workspace.media_deleted and self._is_done(context):
            return PhaseResult(outcome=PhaseOutcome.REUSED, text=COMPLETE)

        result = send(self._backend, request, workspace.folder, context.plan.job.existing, context.report, context.log, context.cancel)
        if not result.sent and self._is_done(context):
            return PhaseResult(outcome=PhaseOutcome.REUSED, text=COMPLETE)
        facts = {
            **self._destination(request),
            "keys": dict(result.uploaded),
            "urls": {name: without_query(url) for name, url in result.urls.items()},
            "log": result.log_file.name,
        }
        workspace.mark(self.name.value, facts)
        return PhaseResult(text=COMPLETE)

    def _destination(self, request: UploadRequest) -> dict[str, str | None]:
        return {"prefix": request.prefix, "backend_url": self._backend.url, "session_id": request.session_id or None}

    def _is_done(self, context: PhaseContext) -> bool:
        facts = context.workspace.done.get(self.name.value, {})
        wanted = self._destination(_request(context))
        return {name: facts.get(name) for name in wanted} == wanted and context.plan.job.existing not in ANEW


def _request(context: PhaseContext) -> UploadRequest:
    request = context.plan.job.upload
    if request is None:
        raise SettingsError("No S3 destination was given: the upload can't be done.")
    return request


def send(
    backend: BackendApi,
    request: UploadRequest,
    folder: Path,
    existing: Existing,
    report: Callable[[Progress], None],
    log: Callable[[str, LogLevel], None],
    cancel: CancelToken,
) -> UploadResult:
    """Upload a folder, telling how it goes. Raises TransferError unless every file arrived, OutputError, TransferCancelled."""

    def tell(p: TransferProgress) -> None:
        report(
            Progress(
                fraction=p.fraction,
                text=p.text,
                files_done=p.files_done,
                files_total=p.files_total,
                bytes_done=p.bytes_done,
                bytes_total=p.bytes_total,
            )
        )

    uploader = Uploader(backend, session_id=request.session_id)
    resume = existing not in ANEW
    if resume and _was_replaced(uploader, backend, request, folder, cancel):
        log("Something else was uploaded to this destination since: every file is sent again.", LogLevel.WARNING)
        resume = False
    result = uploader.upload(folder, request.prefix, resume=resume, on_progress=tell, cancel=cancel)
    for notice in result.notices:
        log(notice, LogLevel.WARNING)
    if not result.complete:
        raise upload_failure(result)
    return result


def _was_replaced(uploader: Uploader, backend: BackendApi, request: UploadRequest, folder: Path, cancel: CancelToken) -> bool:
    """Say whether players get another stream than the one that was published from this folder, as far as that can be told."""
    destination = Destination(backend_url=backend.url, prefix=request.prefix, session_id=request.session_id or None)
    published = confirmed_files(folder, destination).get(MASTER)
    return published is not None and bool(published.url) and uploader.serves(published.url, folder / MASTER, cancel) is False
