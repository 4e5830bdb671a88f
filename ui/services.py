"""What the window asks of the pipeline, as one seam, so that tests can put faults behind it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import DestinationTakenError, Problem
from pipeline.events import Sink
from pipeline.job import Encryption, Job, UploadRequest
from pipeline.media_info import MediaInfo
from pipeline.model import Connection, JobReport, Plan
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import AskToken


class UnfinishedUpload(Protocol):
    """How far an earlier upload of the same files got."""

    @property
    def files_done(self) -> int:
        """Files that are up."""
        ...

    @property
    def files_total(self) -> int:
        """Files that there are."""
        ...


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

    def check_output(self, place: Path) -> None:
        """See that an output folder can be written to. Raises PipelineError."""
        ...

    def make_plan(self, job: Job, config: Config) -> Plan:
        """Decide what will be done. Raises PipelineError."""
        ...

    def output_conflict(self, plan: Plan) -> str | None:
        """Return a sentence when the output folder holds something else."""
        ...

    def previous_upload(self, plan: Plan, config: Config) -> UnfinishedUpload | None:
        """Return how far an earlier upload of the same files got, or None when there is nothing to ask."""
        ...

    def destination_conflict(self, plan: Plan, config: Config, cancel: CancelToken) -> DestinationTakenError | None:
        """Return which other video stands at the destination, None where none does or nobody can say.

        Raises Cancelled.
        """
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
    ) -> JobReport:
        """Do the job; the last event is the only JobFinished.

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

    def check_output(self, place: Path) -> None:
        """See `Services`."""
        from pipeline import wiring

        wiring.check_output(place)

    def make_plan(self, job: Job, config: Config) -> Plan:
        """See `Services`."""
        from pipeline import wiring

        return wiring.make_plan(job, config)

    def output_conflict(self, plan: Plan) -> str | None:
        """See `Services`."""
        from pipeline import wiring

        return wiring.output_conflict(plan)

    def previous_upload(self, plan: Plan, config: Config) -> UnfinishedUpload | None:
        """See `Services`."""
        from pipeline import wiring

        return wiring.previous_upload(plan, config)

    def destination_conflict(self, plan: Plan, config: Config, cancel: CancelToken) -> DestinationTakenError | None:
        """See `Services`."""
        from pipeline import wiring

        return wiring.destination_conflict(plan, config, cancel)

    def run_job(
        self,
        plan: Plan,
        config: Config,
        sink: Sink,
        cancel: CancelToken,
        *,
        control: TransferControl,
        ask_token: AskToken,
    ) -> JobReport:
        """See `Services`."""
        from pipeline import wiring

        return wiring.run_job(plan, config, sink, cancel, control=control, ask_token=ask_token)

    def check_connection(self, config: Config) -> Connection:
        """See `Services`."""
        from pipeline import wiring

        return wiring.check_connection(config)

    def open_in_file_manager(self, folder: Path) -> None:
        """See `Services`."""
        from ui.file_manager import open_in_file_manager

        open_in_file_manager(folder)
