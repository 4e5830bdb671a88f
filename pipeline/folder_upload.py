"""Uploads a folder that needs no work before, with its file record: the `upload` command.

Tells what happens with the events of a job.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from config import BackendApi
from pipeline.cancel import CancelToken
from pipeline.errors import OutputError, Problem, Setting, SettingsError
from pipeline.events import JobFinished, LogLevel, Sink
from pipeline.folder_lock import locked
from pipeline.folder_notes import FolderNotes
from pipeline.job import Existing, UploadRequest
from pipeline.job_file import JOB_FILE
from pipeline.media.stream_layout import MASTER
from pipeline.media.validate.stream_summary import summarize
from pipeline.model import JobReport, PhaseName, PhaseOutcome, UploadPlan
from pipeline.phases.cleanup import clean_up
from pipeline.phases.phase import PhaseResult, Progress
from pipeline.phases.record import fields_for, record
from pipeline.phases.upload import is_uploaded, upload
from pipeline.steps import Steps, to_the_end
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import Login
from pipeline.transfer.manifests.folder_owner import owner_of
from pipeline.transfer.upload.state_file import STATE_FILE, read_state
from pipeline.transfer.upload.upload_words import COMPLETE, VALIDATING
from pipeline.transfer.upload.uploader import Uploader
from pipeline.workspace import lock_of


def upload_folder(
    plan: UploadPlan,
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
    folder, request = plan.job.folder, plan.job.upload
    steps = Steps(plan.job.slug, plan.phases, sink)
    uploader = Uploader(
        backend, session_id=request.session_id, login=login, control=control, patience_s=backend.patience_s
    )
    job = _FolderUpload(folder, request, plan.job.existing, uploader, data_dir, steps, cancel)
    ending = to_the_end(job.all, steps.log)
    report = JobReport(
        slug=plan.job.slug,
        source=plan.job.source,
        folder=folder,
        outcome=ending.outcome,
        phases=tuple(steps.reports),
        error=ending.error,
        warnings=tuple(steps.warnings),
        master_url=job.master_url,
        wrong_settings=ending.wrong_settings,
        media_deleted=job.media_deleted,
    )
    sink(JobFinished(report=report))
    return report


def with_session(request: UploadRequest, folder: Path, backend: BackendApi) -> UploadRequest:
    """Return the request with the session of an earlier upload of the folder to the same place, where it names none."""
    if request.session_id:
        return request
    noted, saved = FolderNotes(folder).done.upload, read_state(folder / STATE_FILE)
    known = [] if noted is None else [(noted.backend_url, noted.prefix, noted.session_id)]
    if saved is not None:
        known.append((saved.destination.backend_url, saved.destination.prefix, saved.destination.session_id))
    return replace(
        request, session_id=next((session for *place, session in known if place == [backend.url, request.prefix]), None)
    )


class _FolderUpload:
    """One folder on its way: what a conversion does after encoding, from the folder alone."""

    def __init__(
        self,
        folder: Path,
        request: UploadRequest,
        existing: Existing,
        uploader: Uploader,
        data_dir: Path | None,
        steps: Steps,
        cancel: CancelToken,
    ) -> None:
        self.master_url = ""
        self.media_deleted = False
        self._folder = folder
        self._request = request
        self._existing = existing
        self._uploader = uploader
        self._data_dir = data_dir
        self._steps = steps
        self._cancel = cancel

    def all(self) -> None:
        """Upload, make the file record, and delete the media where that is asked for.

        Raises PipelineError, Cancelled.
        """
        with _kept_from_others(self._folder):
            notes = FolderNotes(self._folder)
            self._steps.take(PhaseName.UPLOAD, lambda: self._upload(notes))
            self.master_url = "" if notes.done.upload is None else notes.done.upload.urls.get(MASTER, "")
            self._steps.take(PhaseName.RECORD, lambda: self._record(notes))
            if self._request.delete_local:
                self._steps.take(
                    PhaseName.CLEANUP, lambda: clean_up(notes, _source(notes), self._steps.log, self._cancel)
                )
            self.media_deleted = notes.media_deleted

    def _upload(self, notes: FolderNotes) -> PhaseResult:
        if self._request.delete_local:
            _source(notes)
        if notes.media_deleted:
            if is_uploaded(notes, self._request, self._uploader.backend_url, self._existing):
                return PhaseResult(outcome=PhaseOutcome.REUSED, text=COMPLETE)
            raise OutputError(
                f"The local files in {self._folder} were deleted after an earlier upload: "
                "convert the video again (--fresh)."
            )
        if not (self._folder / MASTER).is_file():
            raise OutputError(f"{self._folder} holds no {MASTER}: name the folder of a converted video.")
        report, log = self._steps.reporter(PhaseName.UPLOAD), self._steps.log
        report(Progress(fraction=0.0, text=VALIDATING))
        warning = self._uploader.test_connection(self._cancel)
        if warning:
            log(warning, LogLevel.WARNING)
        return upload(self._uploader, self._request, notes, self._existing, self._data_dir, report, log, self._cancel)

    def _record(self, notes: FolderNotes) -> PhaseResult:
        made = notes.done.hls
        stream = summarize(self._folder / MASTER) if made is None else None
        fields = fields_for(
            self._request,
            notes.done,
            name=owner_of(self._folder).title,
            duration_s=None if stream is None else stream.duration_s,
            qualities=(() if made is None else made.renditions) if stream is None else stream.qualities,
        )
        report = self._steps.reporter(PhaseName.RECORD)
        return record(self._uploader, fields, notes, report, self._steps.log, self._cancel)


def _source(notes: FolderNotes) -> Path:
    """Return the video that a folder was made of. Raises SettingsError for a folder that no conversion made."""
    if notes.source is None:
        text = f"{notes.folder} was not made by this program: leave out --delete-local, and delete the files yourself."
        raise SettingsError(Problem(text=text, setting=Setting.DELETE_LOCAL))
    return notes.source


@contextmanager
def _kept_from_others(folder: Path) -> Iterator[None]:
    """Keep a conversion from replacing its folder meanwhile.

    One that no conversion made may lie where nothing can be written.
    """
    if not (folder / JOB_FILE).is_file():
        yield
        return
    with locked(lock_of(folder.absolute()), folder):
        yield
