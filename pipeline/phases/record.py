"""Phase 5: tells the backend about the video. The files are up by then, so what fails here is a warning."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import TransferError
from pipeline.events import LogLevel
from pipeline.job import UploadRequest
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.phase import Notes, PhaseContext, PhaseResult, Progress
from pipeline.transfer.http.login import Login
from pipeline.transfer.upload.record import record_fields
from pipeline.transfer.upload.tally import UPDATING
from pipeline.transfer.upload.uploader import Uploader

RECORDED = "Session updated"


class RecordPhase:
    """Makes the file record, once for the same files at the same backend."""

    name = PhaseName.RECORD

    def __init__(self, backend: BackendApi, *, login: Login | None = None) -> None:
        self._backend = backend
        self._login = login or Login(backend.token)

    def check(self, context: PhaseContext) -> None:
        """Nothing beyond what the upload has checked."""

    def run(self, context: PhaseContext) -> PhaseResult:
        """Send the record, or find it sent. Raises OutputError, Cancelled."""
        plan, workspace = context.plan, context.workspace
        request = plan.job.upload
        if PhaseName.UPLOAD.value not in workspace.done or request is None:
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text="Nothing was uploaded")
        fields = fields_for(
            request,
            workspace.done,
            name=plan.job.source.stem,
            duration_s=plan.media.duration_s,
            qualities=[rendition.name for rendition in plan.renditions],
        )
        uploader = Uploader(
            self._backend, session_id=request.session_id, login=self._login, patience_s=self._backend.patience_s
        )
        return record(uploader, fields, workspace, context.report, context.log, context.cancel)


def fields_for(
    request: UploadRequest,
    done: Mapping[str, Mapping[str, Any]],
    *,
    name: str,
    duration_s: float | None,
    qualities: Sequence[str],
) -> dict[str, Any]:
    """Return an uploaded folder's record fields; `duration_s` counts where the encode's notes tell none."""
    detected = done.get(PhaseName.TRANSCRIPT.value, {}).get("language")
    return record_fields(
        name=name,
        language=str(detected or request.language),
        prefix=request.prefix,
        session_id=request.session_id,
        keys=done[PhaseName.UPLOAD.value]["keys"],
        duration_s=done.get(PhaseName.HLS.value, {}).get("duration_s", duration_s),
        qualities=qualities,
    )


def record(
    uploader: Uploader,
    fields: Mapping[str, Any],
    notes: Notes,
    report: Callable[[Progress], None],
    log: Callable[[str, LogLevel], None],
    cancel: CancelToken,
) -> PhaseResult:
    """Send the record of a folder that was uploaded, or find it sent. Raises OutputError, Cancelled."""
    facts, made = {"backend_url": uploader.backend_url, "fields": dict(fields)}, _made(notes)
    if facts in made:
        return PhaseResult(outcome=PhaseOutcome.REUSED, text=RECORDED)
    report(Progress(fraction=0.0, text=UPDATING))
    log(UPDATING, LogLevel.INFO)
    log_file = notes.folder / str(notes.done[PhaseName.UPLOAD.value]["log"])
    try:
        uploader.create_record(fields, log_file=log_file, on_notice=log, cancel=cancel)
    except TransferError as error:
        return PhaseResult(
            outcome=PhaseOutcome.WARNED,
            text=(
                "The files are uploaded, but the file record could not be made: "
                f"{error} Start again, or add it by hand."
            ),
        )
    notes.mark(PhaseName.RECORD.value, {**facts, "others": [one for one in made if _place(one) != _place(facts)]})
    return PhaseResult(text=RECORDED)


def _made(notes: Notes) -> list[dict[str, Any]]:
    """Return what was told of the folder, one for each place that it was uploaded to."""
    last = dict(notes.done.get(PhaseName.RECORD.value, {}))
    others = last.pop("others", [])  # an earlier version kept the last one alone
    return [last, *others] if last else []


def _place(facts: Mapping[str, Any]) -> tuple[str, str]:
    return facts["backend_url"], facts["fields"]["s3Keys"]["hls"]
