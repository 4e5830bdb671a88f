"""What the window asks of the pipeline, as one interface, so that tests can inject faults."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Problem
from pipeline.events import Sink
from pipeline.job import DatasetRequest, Encryption, Job, UploadRequest
from pipeline.media_info import MediaInfo
from pipeline.model import Connection, JobReport, Plan
from pipeline.preflight_answers import PreflightAnswer
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import AskToken
from pipeline.transfer.upload.backend_answers import BackendAnswers


class Services(Protocol):
    """The pipeline as the window sees it. Every call may take long: never made in the Tk thread."""

    def slug_for(self, source: Path) -> str:
        """Return the name of the folder in which a source's files will lie."""
        ...

    def model_names(self) -> tuple[str, ...]:
        """Return the names of the Whisper models to choose from."""
        ...

    def describe_source(self, source: Path) -> MediaInfo:
        """Look into a source. Raises PipelineError."""
        ...

    def upload_problems(self, config: Config, request: UploadRequest, *, token_typed: bool) -> list[Problem]:
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

    def check_connection(self, config: Config) -> Connection:
        """Return what a backend that is there says. Raises PipelineError with the reason."""
        ...

    def open_in_file_manager(self, folder: Path) -> None:
        """Show a folder. Raises PipelineError."""
        ...


class PipelineServices:
    """The real pipeline.

    Imported when first asked: its libraries take longer to load than a window may take to appear.
    """

    def slug_for(self, source: Path) -> str:
        """See `Services`."""
        from pipeline import wiring

        return wiring.slug_for(source)

    def model_names(self) -> tuple[str, ...]:
        """See `Services`."""
        from pipeline import wiring

        return wiring.model_names()

    def describe_source(self, source: Path) -> MediaInfo:
        """See `Services`."""
        from pipeline import wiring

        return wiring.describe_source(source)

    def upload_problems(self, config: Config, request: UploadRequest, *, token_typed: bool) -> list[Problem]:
        """See `Services`."""
        from pipeline import wiring

        return wiring.upload_problems(config, request, token_typed=token_typed)

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

        def run(inner: Sink) -> JobReport:
            return wiring.run_job(plan, config, inner, cancel, control=control, ask_token=ask_token, answers=answers)

        if plan.job.dataset is None:
            return run(sink)
        from transcripts.jobs import run_and_keep

        return run_and_keep(run, plan.job, config, sink, cancel)

    def check_connection(self, config: Config) -> Connection:
        """See `Services`."""
        from pipeline import wiring

        return wiring.check_connection(config)

    def open_in_file_manager(self, folder: Path) -> None:
        """See `Services`."""
        from ui.file_manager import open_in_file_manager

        open_in_file_manager(folder)
