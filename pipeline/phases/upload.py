"""Phase 4: sends the finished folder to the store.

Everything that can be wrong is looked for before encoding starts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import AuthenticationError, Problem, Setting, SettingsError, TransferError, UploadIncompleteError
from pipeline.events import LogLevel
from pipeline.facts import UploadFacts
from pipeline.job import Existing, UploadRequest
from pipeline.media.stream_layout import MASTER
from pipeline.model import PhaseName, PhaseOutcome, Plan
from pipeline.phases.phase import Notes, PhaseContext, PhaseResult, Progress
from pipeline.published import published_names
from pipeline.transfer.http.content_types import content_type
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.redaction import without_query
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.http.refusal_texts import InvalidResponse
from pipeline.transfer.http.validation import target_problems
from pipeline.transfer.manifests.ownership import destination_owner_from
from pipeline.transfer.upload.backend_answers import NO_ANSWERS, BackendAnswers, OpenDestination
from pipeline.transfer.upload.destination import DestinationCheck
from pipeline.transfer.upload.earlier_upload import previous_upload
from pipeline.transfer.upload.preparation import too_large
from pipeline.transfer.upload.publish_order import check_names
from pipeline.transfer.upload.publishing import publish_folder
from pipeline.transfer.upload.record import RECORDED_FILES
from pipeline.transfer.upload.results import UploadResult
from pipeline.transfer.upload.tally import TransferProgress
from pipeline.transfer.upload.upload_texts import COMPLETE, VALIDATING
from pipeline.transfer.upload.uploader import Uploader

KEY_REFUSED = "InvalidKey"
"""What a backend calls a key that its storage can't have (docs/backend-api.md)."""

ANEW = (Existing.UPLOAD_AGAIN, Existing.FRESH)


class UploadPhase:
    """Uploads the folder, or what is missing of it."""

    name = PhaseName.UPLOAD

    def __init__(
        self,
        backend: BackendApi,
        *,
        data_dir: Path | None = None,
        login: Login | None = None,
        control: TransferControl | None = None,
        answers: BackendAnswers = NO_ANSWERS,
    ) -> None:
        self._backend = backend
        self._answers = answers
        self._data_dir = data_dir
        self._login = login or Login(backend.token)
        self._control = control or TransferControl()
        self._kept: Uploader | None = None

    def check(self, context: PhaseContext) -> None:
        """See that the inputs are right, the backend answers and an earlier upload is not passed over.

        A token that is not accepted is asked for. Raises SettingsError with all problems at once, UploadIncompleteError
        when somebody must say resume or fresh, TransferError, Cancelled.
        """
        while True:
            _, generation = self._login.current()
            try:
                return self._check(context)
            except AuthenticationError as error:
                if not self._login.can_ask:
                    raise
                context.log(str(error), LogLevel.WARNING)
                if not self._login.renew(generation, context.cancel):
                    raise

    def _check(self, context: PhaseContext) -> None:
        request, workspace = _request(context), context.workspace
        url, token = self._backend.url, self._backend.token
        problems = target_problems(url=url, token=token, prefix=request.prefix, session_id=request.session_id)
        if problems:
            raise SettingsError(problems)
        if not self._is_done(context):
            workspace.require_media()
        context.report(Progress(fraction=0.0, text=VALIDATING))
        context.log(VALIDATING, LogLevel.INFO)
        uploader = self._uploader(request)
        warning = uploader.connection_warning(context.cancel)
        if warning:
            context.log(warning, LogLevel.WARNING)
        if not workspace.published:
            if workspace.final.is_dir():  # what an editor has put there stays
                check_names(workspace.final, published_names(workspace.final), request.prefix)
            _try_address(uploader, request.prefix + MASTER)
        self._check_owner(context, uploader)
        if not workspace.published:
            self._check_estimate(context, uploader)
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
        uploader, existing = self._uploader(request), context.plan.job.existing
        return upload(
            uploader, request, workspace, existing, self._data_dir, context.report, context.log, context.cancel
        )

    def _uploader(self, request: UploadRequest) -> Uploader:
        """Return the job's uploader: what one step has found out about the backend, the next need not ask."""
        if self._kept is None:
            self._kept = Uploader(
                self._backend,
                session_id=request.session_id,
                control=self._control,
                login=self._login,
                patience_s=self._backend.patience_s,
                answers=self._answers,
            )
        return self._kept

    def _check_owner(self, context: PhaseContext, uploader: Uploader) -> None:
        """See that the upload may go to its destination, as far as anybody can tell.

        Raises DestinationTakenError, SettingsError, AuthenticationError, Cancelled.
        """
        request, workspace = _request(context), context.workspace
        job = context.plan.job
        owner = destination_owner_from(job.origin, workspace.source, job.title)
        if self._answers.destination == OpenDestination(prefix=request.prefix, owner=owner):
            return
        check = DestinationCheck(
            uploader, request.prefix, owner, workspace.folder, self._data_dir, replace=request.replace
        )
        try:
            check.ask(context.cancel)
        except AuthenticationError:
            raise
        except TransferError as error:  # the upload asks again, and sends nothing where nobody tells it
            context.log(f"The owner of the destination can't be found out before the upload: {error}", LogLevel.WARNING)

    def _check_estimate(self, context: PhaseContext, uploader: Uploader) -> None:
        """See before hours of encoding that the storage takes the largest file that can come of it.

        Raises TransferError.
        """
        capabilities = uploader.capabilities(context.cancel)
        said = too_large("The 480p MP4 of this video", estimated_mp4_bytes(context.plan), capabilities)
        if said:
            raise TransferError(f"{said} Or leave the MP4 out.")

    def _is_done(self, context: PhaseContext) -> bool:
        return is_uploaded(context.workspace, _request(context), self._backend.url, context.plan.job.existing)


def estimated_mp4_bytes(plan: Plan) -> int:
    """Return about how large the MP4 becomes, by its bit rates; it is the only file that grows with the video."""
    if plan.mp4 is None:
        return 0
    bits_s = plan.mp4.rendition.bit_rate + max((audio.bit_rate for audio in plan.audio), default=0)
    return int((plan.media.duration_s or 0.0) * bits_s / 8)


def _try_address(uploader: Uploader, key: str) -> None:
    """See before hours of encoding that the backend gives signed URLs for a key of this destination.

    Raises TransferError.
    """
    try:
        uploader.presign(key, content_type(key))
    except RefusedError as error:
        # what passes, or depends on the file, shows when the file is sent
        refusal = error.refusal
        if (
            refusal.status in (401, 403, 404, 405)
            or refusal.code == KEY_REFUSED
            or refusal.invalid is InvalidResponse.NOT_JSON
        ):
            raise


def _request(context: PhaseContext) -> UploadRequest:
    request = context.plan.job.upload
    if request is None:
        text = "No S3 destination was given: the upload can't be done."
        raise SettingsError(Problem(text=text, setting=Setting.DESTINATION))
    return request


def is_uploaded(notes: Notes, request: UploadRequest, backend_url: str, existing: Existing) -> bool:
    """Whether a folder was uploaded to this place before, and is not to be sent anew."""
    there = notes.done.upload
    if there is None or existing in ANEW:
        return False
    wanted = (request.prefix, backend_url, request.session_id or None)
    return (there.prefix, there.backend_url, there.session_id) == wanted


def upload(
    uploader: Uploader,
    request: UploadRequest,
    notes: Notes,
    existing: Existing,
    data_dir: Path | None,
    report: Callable[[Progress], None],
    log: Callable[[str, LogLevel], None],
    cancel: CancelToken,
) -> PhaseResult:
    """Upload what the server does not have of a folder, and note that. Raises as `send` does."""
    result = send(uploader, request, notes.folder, existing, data_dir, report, log, cancel)
    if not result.sent and is_uploaded(notes, request, uploader.backend_url, existing):
        return PhaseResult(outcome=PhaseOutcome.REUSED, text=COMPLETE)
    recorded = [name for name in RECORDED_FILES if name in result.uploaded]  # of 100,000 files the journal tells
    facts = UploadFacts(
        prefix=request.prefix,
        backend_url=uploader.backend_url,
        session_id=request.session_id or None,
        keys={name: result.uploaded[name] for name in recorded},
        urls={name: without_query(result.urls[name]) for name in recorded},
        log=result.log_file.name,
    )
    notes.mark(facts)
    return PhaseResult(text=COMPLETE)


def send(
    uploader: Uploader,
    request: UploadRequest,
    folder: Path,
    existing: Existing,
    data_dir: Path | None,
    report: Callable[[Progress], None],
    log: Callable[[str, LogLevel], None],
    cancel: CancelToken,
) -> UploadResult:
    """Upload a folder and write its manifests, telling how it goes; `data_dir` is where the library of manifests lies.

    Raises TransferError unless every file arrived, DestinationTakenError, OutputError, TransferCancelled.
    """

    def tell(p: TransferProgress) -> None:
        sent = p.figures
        kept = sent.bytes_confirmed / sent.bytes_total if sent.bytes_total else 0.0
        report(Progress(fraction=sent.fraction, text=p.text, transfer=sent, kept=kept))

    results: list[UploadResult] = []
    publish_folder(
        uploader,
        folder,
        request.prefix,
        data_dir,
        replace=request.replace,
        resume=existing not in ANEW,
        on_progress=tell,
        on_notice=log,
        on_sent=results.append,
        cancel=cancel,
    )
    return results[0]
