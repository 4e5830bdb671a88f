"""Phase 5: tells the backend about the video. The files are up by then, so what fails here is a warning."""

from __future__ import annotations

from typing import Any

from config import BackendApi
from pipeline.errors import TransferError
from pipeline.events import LogLevel
from pipeline.model import PhaseName, PhaseOutcome
from pipeline.phases.phase import PhaseContext, PhaseResult, Progress
from pipeline.transfer.login import Login
from pipeline.transfer.record import record_fields
from pipeline.transfer.tally import UPDATING
from pipeline.transfer.uploader import Uploader

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
        """Send the record, or find it sent. Raises Cancelled only."""
        workspace = context.workspace
        uploaded = workspace.done.get(PhaseName.UPLOAD.value)
        if uploaded is None or context.plan.job.upload is None:
            return PhaseResult(outcome=PhaseOutcome.SKIPPED, text="Nothing was uploaded")
        fields = self._fields(context)
        facts = {"backend_url": self._backend.url, "fields": fields}
        if workspace.done.get(self.name.value) == facts:
            return PhaseResult(outcome=PhaseOutcome.REUSED, text=RECORDED)
        context.report(Progress(fraction=0.0, text=UPDATING))
        context.log(UPDATING, LogLevel.INFO)
        uploader = Uploader(self._backend, session_id=context.plan.job.upload.session_id, login=self._login)
        try:
            uploader.create_record(fields, log_file=workspace.folder / str(uploaded["log"]), on_notice=context.log, cancel=context.cancel)
        except TransferError as error:
            return PhaseResult(
                outcome=PhaseOutcome.WARNED,
                text=f"The files are uploaded, but the file record could not be made: {error} Start again, or add it by hand.",
            )
        workspace.mark(self.name.value, facts)
        return PhaseResult(text=RECORDED)

    def _fields(self, context: PhaseContext) -> dict[str, Any]:
        plan, done = context.plan, context.workspace.done
        request = plan.job.upload
        assert request is not None  # run() returns before
        detected = done.get(PhaseName.TRANSCRIPT.value, {}).get("language")
        return record_fields(
            name=plan.job.source.stem,
            language=str(detected or request.language),
            prefix=request.prefix,
            session_id=request.session_id,
            keys=done[PhaseName.UPLOAD.value]["keys"],
            duration_s=done.get(PhaseName.HLS.value, {}).get("duration_s", plan.media.duration_s),
            qualities=[rendition.name for rendition in plan.renditions],
        )
