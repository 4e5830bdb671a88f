"""Phase 4: sends the finished folder to the store. Everything that can be wrong is looked for before encoding starts."""

from __future__ import annotations

from config import BackendApi
from pipeline.errors import AuthenticationError, SettingsError, TransferError, UploadIncompleteError
from pipeline.events import LogLevel
from pipeline.model import Existing, PhaseName, PhaseOutcome, UploadRequest
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress
from pipeline.transfer.redaction import without_query
from pipeline.transfer.tally import COMPLETE, VALIDATING, TransferProgress, failed_text
from pipeline.transfer.uploader import Uploader, UploadResult, previous_upload
from pipeline.transfer.validation import upload_problems

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
        if self._media_deleted(context) and not self._is_done(context):
            raise SettingsError(
                f"The local files in {workspace.folder} were deleted after an earlier upload: start fresh (--fresh) to make them again."
            )
        context.report(Progress(fraction=0.0, text=VALIDATING))
        context.log(VALIDATING, LogLevel.INFO)
        Uploader(self._backend, session_id=request.session_id).test_connection(context.cancel)
        if context.plan.job.existing is not Existing.ASK or not workspace.published or self._media_deleted(context):
            return
        unfinished = previous_upload(workspace.folder, self._backend, request.prefix, request.session_id)
        if unfinished is not None:
            raise UploadIncompleteError(files_done=unfinished.files_done, files_total=unfinished.files_total)

    def run(self, context: PhaseContext) -> PhaseResult:
        """Upload what is not confirmed yet. Raises TransferError, OutputError, TransferCancelled."""
        request, workspace = _request(context), context.workspace
        if self._media_deleted(context) and self._is_done(context):
            return PhaseResult(outcome=PhaseOutcome.REUSED, text=COMPLETE)

        def report(progress: TransferProgress) -> None:
            context.report(
                Progress(
                    fraction=progress.fraction,
                    text=progress.text,
                    files_done=progress.files_done,
                    files_total=progress.files_total,
                    bytes_done=progress.bytes_done,
                    bytes_total=progress.bytes_total,
                )
            )

        result = Uploader(self._backend, session_id=request.session_id).upload(
            workspace.folder,
            request.prefix,
            resume=context.plan.job.existing not in ANEW,
            on_progress=report,
            cancel=context.cancel,
        )
        for notice in result.notices:
            context.log(notice, LogLevel.WARNING)
        if not result.complete:
            raise upload_failure(result)
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

    def _media_deleted(self, context: PhaseContext) -> bool:
        return PhaseName.CLEANUP.value in context.workspace.done


def _request(context: PhaseContext) -> UploadRequest:
    request = context.plan.job.upload
    if request is None:
        raise SettingsError("No S3 destination was given: the upload can't be done.")
    return request


def upload_failure(result: UploadResult) -> TransferError:
    """Return the error that names the log, and what was wrong with the first file, or with all."""
    failed = failed_text(len(result.failed))
    if isinstance(result.halted, AuthenticationError):
        return AuthenticationError(f"{failed} {result.halted} Then start again to go on. Log: {result.log_file}")
    name, reason = (
        next(iter(sorted(result.failed.items()))) if result.failed else ("the folder", "It could not be sent whole: start again.")
    )
    return TransferError(f"{failed} {name}: {reason} Log: {result.log_file}")
