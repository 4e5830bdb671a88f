"""What the list of videos asks of the pipeline, as one interface, so that tests can inject faults."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from config import Config
from pipeline.cancel import CancelToken
from pipeline.events import Sink
from pipeline.media_info import MediaInfo
from pipeline.model import JobReport, Plan
from pipeline.transfer.http.control import TransferControl
from pipeline.transfer.http.login import AskToken
from pipeline.transfer.upload.backend_answers import BackendAnswers

if TYPE_CHECKING:  # with the queue's file
    from pipeline.batch_callbacks import RunContext
    from pipeline.speech.child import WhisperProcess


class RowServices(Protocol):
    """The pipeline as the list sees it. Every call may take long: never made in the Tk thread."""

    def picture(self, media: MediaInfo, size: tuple[int, int], config: Config, cancel: CancelToken) -> bytes:
        """Return a picture of a source as PNG, empty where there is none. Raises PipelineError, Cancelled."""
        ...

    def speech(self) -> AbstractContextManager[WhisperProcess | None]:
        """Return what transcribes for a run of several jobs, from its beginning to its end."""
        ...

    def run_row(
        self,
        plan: Plan,
        config: Config,
        context: RunContext,
        *,
        control: TransferControl,
        ask_token: AskToken,
        answers: BackendAnswers,
        whisper: WhisperProcess | None,
    ) -> JobReport:
        """Do a job of the list, which holds its place in the queue; the rest is as in `Services.run_job`."""
        ...

    def awake(self, say: Callable[[str], None]) -> AbstractContextManager[None]:
        """Return what keeps the computer awake from its beginning to its end; `say` is told if it can't."""
        ...

    def let_sleep(self) -> None:
        """Let the computer sleep. Raises PipelineError."""
        ...


class RealRows:
    """The real pipeline. Imported when first asked, as `PipelineServices` does."""

    def picture(self, media: MediaInfo, size: tuple[int, int], config: Config, cancel: CancelToken) -> bytes:
        """See `RowServices`."""
        from pipeline.media.encode.still import still
        from pipeline.media.ffmpeg.process import find_ffmpeg

        return still(media, find_ffmpeg(config.ffmpeg_path), size, config.cache_dir, cancel)

    def awake(self, say: Callable[[str], None]) -> AbstractContextManager[None]:
        """See `RowServices`."""
        from pipeline.staying_awake import kept_awake

        return kept_awake(say)

    def let_sleep(self) -> None:
        """See `RowServices`."""
        from ui.computer_sleep import let_sleep

        let_sleep()

    def speech(self) -> AbstractContextManager[WhisperProcess | None]:
        """See `RowServices`."""
        from pipeline.speech.child import WhisperProcess

        return WhisperProcess()

    def run_row(
        self,
        plan: Plan,
        config: Config,
        context: RunContext,
        *,
        control: TransferControl,
        ask_token: AskToken,
        answers: BackendAnswers,
        whisper: WhisperProcess | None,
    ) -> JobReport:
        """See `RowServices`."""
        from pipeline import wiring
        from pipeline.unfinished import noting_progress

        plan = context.of(plan)

        def run_job(sink: Sink) -> JobReport:
            return wiring.run_job(
                plan,
                config,
                noting_progress(sink, plan.job, config.data_dir),
                context.cancel,
                control=control,
                ask_token=ask_token,
                answers=answers,
                whisper=whisper,
                is_last=False,
                turn=context.turn,
                alone=False,
            )

        if plan.job.dataset is None:
            return run_job(context.sink)
        from transcripts.jobs import run_and_keep

        return run_and_keep(run_job, plan.job, config, context.sink, context.cancel)
