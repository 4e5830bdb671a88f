"""What the window asks of the pipeline, as one interface, so that tests can inject faults."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Problem, SourceError
from pipeline.events import Sink
from pipeline.inputs import Input
from pipeline.job import DatasetRequest, Encryption, Job, UploadRequest
from pipeline.media.source.damage import Damage
from pipeline.media_info import MediaInfo
from pipeline.model import Connection, JobReport, Plan
from pipeline.preflight_answers import PreflightAnswer
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import AskToken
from pipeline.transfer.upload.backend_answers import BackendAnswers
from ui.folder_services import FolderServices, RealFolders
from ui.frames.services import FrameServices, SourceFrames
from ui.row_services import RealRows, RowServices
from ui.single_run import run_here

if TYPE_CHECKING:
    from pipeline.batch_callbacks import RunContext
    from pipeline.cluster_adding import AddedJob  # with what speaks to the database
    from pipeline.unfinished import UnfinishedJob


class Services(Protocol):
    """The pipeline as the window sees it. Every call may take long: never made in the Tk thread."""

    folders: FolderServices
    rows: RowServices
    frames: FrameServices

    def model_names(self) -> tuple[str, ...]:
        """Return the names of the Whisper models to choose from."""
        ...

    def measured_speeds(self, config: Config) -> Mapping[str, tuple[float, ...]]:
        """Return the seconds that a unit of each kind of work took on this machine."""
        ...

    def describe_source(self, video: Input, config: Config) -> MediaInfo:
        """Look into a source. Raises PipelineError."""
        ...

    def find_damage(self, media: MediaInfo, config: Config, cancel: CancelToken) -> Damage:
        """Decode a whole source to find what can't be read of it. Raises PipelineError, Cancelled."""
        ...

    def upload_problems(self, config: Config, request: UploadRequest) -> list[Problem]:
        """Return everything that is wrong with the upload's settings."""
        ...

    def encryption_problems(self, encryption: Encryption) -> tuple[Problem, ...]:
        """Return everything that is wrong with the key's file and its address."""
        ...

    def names_in(self, path: Path) -> tuple[str, ...]:
        """Return the names of a list, one per line. Raises PipelineError."""
        ...

    def check_output(self, folder: Path) -> None:
        """See that an output folder can be written to. Raises PipelineError."""
        ...

    def check_dataset(self, request: DatasetRequest, config: Config) -> None:
        """See that a dataset can get a transcript. Raises PipelineError."""
        ...

    def check_job(self, job: Job, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """Decide what will be done and whether it can begin. Raises Cancelled."""
        ...

    def check_for_queue(self, job: Job, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """Decide the same of a job that other machines do. Raises Cancelled."""
        ...

    def check_plan(self, plan: Plan, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """Return what else has to be asked about a plan whose job was changed by an answer. Raises Cancelled."""
        ...

    def run_job(
        self,
        plan: Plan,
        config: Config,
        sink: Sink,
        cancel: CancelToken,
        *,
        control: TransferControl,
        ask_token: AskToken,
        answers: BackendAnswers,
    ) -> JobReport:
        """Do the job; the last event is the only JobFinished.

        `answers` is what the backend has said when it was asked whether the job may begin.
        `control` pauses and slows the upload while it runs; `ask_token` is called in a thread of the upload.
        """
        ...

    def unfinished_jobs(self, config: Config) -> tuple[UnfinishedJob, ...]:
        """Return the jobs that an earlier run has left unfinished. Raises PipelineError."""
        ...

    def forget_job(self, id: str, config: Config) -> None:
        """Forget one of them; what is finished of it stays. Raises PipelineError."""
        ...

    def put_in_queue(
        self, job: Job, url: str, config: Config, sink: Sink, cancel: CancelToken, *, control: TransferControl
    ) -> AddedJob:
        """Put a job into the queue at an address; its video is sent before if only this computer can read it.

        `sink` is told how far that is. Raises PipelineError, Cancelled.
        """
        ...

    def check_connection(self, config: Config) -> Connection:
        """Return what a backend that is there says. Raises PipelineError with the reason."""
        ...


class PipelineServices:
    """The real pipeline.

    Imported when first asked: its libraries take longer to load than a window may take to appear.
    """

    rows: RowServices = RealRows()

    def __init__(self) -> None:
        self.folders: FolderServices = RealFolders()
        self.frames: FrameServices = SourceFrames()

    def model_names(self) -> tuple[str, ...]:
        """See `Services`."""
        from pipeline import wiring

        return wiring.model_names()

    def measured_speeds(self, config: Config) -> Mapping[str, tuple[float, ...]]:
        """See `Services`."""
        from pipeline import estimate as _loaded  # noqa: F401  # here and not in the Tk thread: it takes a moment
        from pipeline.measured_speed import measured_speeds

        return measured_speeds(config.data_dir)

    def describe_source(self, video: Input, config: Config) -> MediaInfo:
        """See `Services`."""
        from pipeline import wiring

        return wiring.describe_source(video, config)

    def find_damage(self, media: MediaInfo, config: Config, cancel: CancelToken) -> Damage:
        """See `Services`."""
        from pipeline.media.encode.damage_search import find_damage
        from pipeline.media.ffmpeg.process import find_ffmpeg

        return find_damage(media, find_ffmpeg(config.ffmpeg_path), cancel)

    def upload_problems(self, config: Config, request: UploadRequest) -> list[Problem]:
        """See `Services`."""
        from pipeline import wiring

        return wiring.upload_problems(config, request)

    def encryption_problems(self, encryption: Encryption) -> tuple[Problem, ...]:
        """See `Services`."""
        from pipeline import wiring

        return wiring.encryption_problems(encryption)

    def names_in(self, path: Path) -> tuple[str, ...]:
        """See `Services`."""
        from pipeline import caption_files

        return caption_files.read_names(path)

    def check_output(self, folder: Path) -> None:
        """See `Services`."""
        from pipeline import wiring

        wiring.check_output(folder)

    def check_dataset(self, request: DatasetRequest, config: Config) -> None:
        """See `Services`."""
        from transcripts.jobs import check_dataset

        check_dataset(request, config)

    def check_job(self, job: Job, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """See `Services`."""
        from pipeline import preflight

        return preflight.check_job(job, config, cancel)

    def check_for_queue(self, job: Job, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """See `Services`."""
        from pipeline import preflight

        return preflight.check_job(job, config, cancel, for_others=True)

    def check_plan(self, plan: Plan, config: Config, cancel: CancelToken) -> PreflightAnswer[Plan]:
        """See `Services`."""
        from pipeline import preflight

        return preflight.check_plan(plan, config, cancel)

    def run_job(
        self,
        plan: Plan,
        config: Config,
        sink: Sink,
        cancel: CancelToken,
        *,
        control: TransferControl,
        ask_token: AskToken,
        answers: BackendAnswers,
    ) -> JobReport:
        """See `Services`."""
        from pipeline import wiring

        def run(job: Job, context: RunContext) -> JobReport:
            def run_job(inner: Sink) -> JobReport:
                asked = replace(plan, job=job)
                return wiring.run_job(
                    asked, config, inner, context.cancel, control=control, ask_token=ask_token, answers=answers
                )

            if job.dataset is None:
                return run_job(context.sink)
            from transcripts.jobs import run_and_keep

            return run_and_keep(run_job, job, config, context.sink, context.cancel)

        return run_here(plan.job, run, config, sink, cancel)

    def unfinished_jobs(self, config: Config) -> tuple[UnfinishedJob, ...]:
        """See `Services`."""
        from pipeline import unfinished

        return unfinished.unfinished_jobs(config.data_dir)

    def forget_job(self, id: str, config: Config) -> None:
        """See `Services`."""
        from pipeline import unfinished

        unfinished.forget_job(id, config.data_dir)

    def put_in_queue(
        self, job: Job, url: str, config: Config, sink: Sink, cancel: CancelToken, *, control: TransferControl
    ) -> AddedJob:
        """See `Services`."""
        from pipeline.cluster_access import queue_database

        with closing(queue_database(url)) as database:
            from pipeline.cluster_adding import add_jobs

            (added,) = add_jobs(database, [job], config, sink, cancel, control=control)
        if isinstance(added, SourceError):
            raise added
        return added

    def check_connection(self, config: Config) -> Connection:
        """See `Services`."""
        from pipeline import wiring

        return wiring.check_connection(config)
