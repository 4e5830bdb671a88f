"""The phases of an upload that follows no encode: what a conversion does with its folder, from the folder alone."""

from __future__ import annotations

from pathlib import Path

from pipeline.errors import OutputError
from pipeline.events import LogLevel
from pipeline.finished_folder import FinishedFolder
from pipeline.media.stream_layout import MASTER
from pipeline.model import PhaseName, PhaseOutcome, UploadPlan
from pipeline.phases.cleanup import clean_up
from pipeline.phases.phase import JobContext, PhaseResult, Progress
from pipeline.phases.record import fields_for, record
from pipeline.phases.upload import is_uploaded, upload
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.upload.upload_texts import COMPLETE, VALIDATING
from pipeline.transfer.upload.uploader import Uploader

UploadContext = JobContext[UploadPlan, FinishedFolder]


class FolderUploadPhase:
    """Uploads the folder, or what is missing of it; `data_dir` is where the library of manifests lies."""

    name = PhaseName.UPLOAD

    def __init__(self, uploader: Uploader, *, data_dir: Path | None) -> None:
        self._uploader = uploader
        self._data_dir = data_dir

    def check(self, context: UploadContext) -> None:
        """Nothing to check: the upload does that itself."""

    def run(self, context: UploadContext) -> PhaseResult:
        """Upload what is not confirmed yet. Raises SettingsError, OutputError, TransferError, TransferCancelled."""
        job, folder = context.plan.job, context.workspace
        if job.upload.delete_local:
            folder.require_source()  # said before anything is sent
        if folder.media_deleted:
            if is_uploaded(folder, job.upload, self._uploader.backend_url, job.existing):
                return PhaseResult(outcome=PhaseOutcome.REUSED, text=COMPLETE)
            raise OutputError(
                f"The local files in {folder.folder} were deleted after an earlier upload: "
                "convert the video again (--fresh)."
            )
        if not (folder.folder / MASTER).is_file():
            raise OutputError(f"{folder.folder} contains no {MASTER}: name the folder of a converted video.")
        if folder.done.package is not None:  # what reads captions takes long to load
            from pipeline.phases.folder_captions import take_over_corrections

            take_over_corrections(folder, context.log)
        context.report(Progress(fraction=0.0, text=VALIDATING))
        warning = self._uploader.connection_warning(context.cancel)
        if warning:
            context.log(warning, LogLevel.WARNING)
        return upload(
            self._uploader,
            job.upload,
            folder,
            job.existing,
            self._data_dir,
            context.report,
            context.log,
            context.cancel,
        )


class FolderRecordPhase:
    """Makes the file record of what was uploaded, once for the same files at the same backend."""

    name = PhaseName.RECORD

    def __init__(self, uploader: Uploader) -> None:
        self._uploader = uploader

    def check(self, context: UploadContext) -> None:
        """Nothing to check beyond what the upload checks."""

    def run(self, context: UploadContext) -> PhaseResult:
        """Send the record, or find it sent. Raises as `record` does."""
        folder = context.workspace
        made = folder.done.hls
        stream = None
        if made is None:  # it was not made by a conversion; what reads streams takes long to load
            from pipeline.media.validate.stream_summary import summarize

            stream = summarize(folder.folder / MASTER)
        fields = fields_for(
            context.plan.job.upload,
            folder.done,
            name=owner_of(folder.folder).title,
            duration_s=None if stream is None else stream.duration_s,
            qualities=(() if made is None else made.renditions) if stream is None else stream.qualities,
        )
        return record(self._uploader, fields, folder, context.report, context.log, context.cancel)


class FolderCleanupPhase:
    """Deletes what is published, confirmed and unchanged, where the editor asked for it."""

    name = PhaseName.CLEANUP

    def check(self, context: UploadContext) -> None:
        """Nothing can be said before the files are up."""

    def run(self, context: UploadContext) -> PhaseResult:
        """Delete, or find it done. Raises SettingsError, TransferError, OutputError, Cancelled."""
        return clean_up(context.workspace, context.workspace.require_source(), context.log, context.cancel)
