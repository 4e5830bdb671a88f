"""Phase 5: tells the backend about the video. The files are up by then, so what fails here is a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.events import LogLevel
from pipeline.facts import Facts, RecordFacts, SentRecord
from pipeline.job import UploadRequest
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.phase import Notes, PhaseContext, PhaseResult, Progress
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import Login
from pipeline.transfer.http.refusal import RefusedError
from pipeline.transfer.http.retry import RetryDecision, after_record
from pipeline.transfer.upload.record import record_fields
from pipeline.transfer.upload.upload_texts import ADDING_RECORD, UPDATING
from pipeline.transfer.upload.uploader import Uploader

SESSION_UPDATED = "Session updated"
RECORDED = "File record saved"


class RecordPhase:
    """Makes the file record, once for the same files at the same backend."""

    name = PhaseName.RECORD

    def __init__(
        self, backend: BackendApi, *, login: Login | None = None, control: TransferControl | None = None
    ) -> None:
        self._backend = backend
        self._login = login or Login(backend.token)
        self._control = control or TransferControl()

    def check(self, context: PhaseContext) -> None:
        """Nothing beyond what the upload has checked."""

    def run(self, context: PhaseContext) -> PhaseResult:
        """Send the record, or find it sent. Raises as `record` does."""
        plan, workspace = context.plan, context.workspace
        request = plan.job.upload
        if workspace.done.upload is None or request is None:
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text="Nothing was uploaded")
        fields = fields_for(
            request,
            workspace.done,
            name=plan.job.name,
            duration_s=plan.media.duration_s,
            qualities=[rendition.name for rendition in plan.renditions],
        )
        uploader = Uploader(
            self._backend,
            session_id=request.session_id,
            login=self._login,
            control=self._control,
            patience_s=self._backend.patience_s,
        )
        return record(uploader, fields, workspace, context.report, context.log, context.cancel)


def fields_for(
    request: UploadRequest, done: Facts, *, name: str, duration_s: float | None, qualities: Sequence[str]
) -> Mapping[str, object]:
    """Return an uploaded folder's record fields; `duration_s` counts where the encode's notes tell none."""
    assert done.upload is not None
    detected = None if done.transcript is None else done.transcript.language
    return record_fields(
        name=name,
        language=detected or request.language,
        prefix=request.prefix,
        session_id=request.session_id,
        keys=done.upload.keys,
        duration_s=duration_s if done.hls is None else done.hls.duration_s,
        qualities=qualities,
    )


def record(
    uploader: Uploader,
    fields: Mapping[str, object],
    notes: Notes,
    report: Callable[[Progress], None],
    log: Callable[[str, LogLevel], None],
    cancel: CancelToken,
) -> PhaseResult:
    """Send the record of a folder that was uploaded, or find it sent.

    Raises OutputError, Cancelled; TransferError where the backend is gone, and did surely not get it.
    """
    text, recorded = (UPDATING, SESSION_UPDATED) if fields.get("sessionId") else (ADDING_RECORD, RECORDED)
    wanted, made = SentRecord(backend_url=uploader.backend_url, fields=fields), _made(notes.done.record)
    if wanted in made:
        return PhaseResult(outcome=PhaseOutcome.REUSED, text=recorded)
    report(Progress(fraction=0.0, text=text))
    log(text, LogLevel.INFO)
    assert notes.done.upload is not None
    log_file = notes.folder / notes.done.upload.log
    try:
        uploader.create_record(fields, log_file=log_file, on_notice=log, cancel=cancel)
    except TransferError as error:
        if isinstance(error, RefusedError) and after_record(error.refusal) is RetryDecision.WAIT:
            raise
        return PhaseResult(
            outcome=PhaseOutcome.WARNED,
            text=(
                "The files are uploaded, but the file record could not be made: "
                f"{error} Start again, or add it by hand."
            ),
        )
    others = tuple(one for one in made if _stream_of(one) != _stream_of(wanted))
    notes.mark(RecordFacts(backend_url=wanted.backend_url, fields=fields, others=others))
    return PhaseResult(text=recorded)


def _made(facts: RecordFacts | None) -> tuple[SentRecord, ...]:
    """Return the records that were sent for the folder, one for each destination."""
    return () if facts is None else (facts.last, *facts.others)


def _stream_of(record: SentRecord) -> tuple[str, object]:
    """Return the backend and the key of the master playlist in a record."""
    keys = record.fields.get("s3Keys")
    return record.backend_url, keys.get("hls") if isinstance(keys, Mapping) else None
