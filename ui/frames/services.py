"""What the strip of frames asks of the pipeline, as one interface, so that tests can inject faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import Cancelled, EncodeError
from pipeline.events import Event, PhaseProgress
from pipeline.job import Job
from pipeline.media_info import MediaInfo
from pipeline.model import Outcome


class FrameServices(Protocol):
    """Frames and previews of a source. Every call may take long: never made in the Tk thread."""

    def frame(
        self, media: MediaInfo, time_s: float, size: tuple[int, int], config: Config, cancel: CancelToken
    ) -> bytes:
        """Return the frame at a time, as PNG that fits into a box. Raises PipelineError, Cancelled."""
        ...

    def preview(self, job: Job, config: Config, on_progress: Callable[[float], None], cancel: CancelToken) -> Path:
        """Convert a preview's job and return its folder. Raises PipelineError, Cancelled."""
        ...


class SourceFrames:
    """The real ones."""

    def frame(
        self, media: MediaInfo, time_s: float, size: tuple[int, int], config: Config, cancel: CancelToken
    ) -> bytes:
        """See `FrameServices`."""
        from pipeline.media.encode.frame_at import frame_at
        from pipeline.media.ffmpeg.process import find_ffmpeg

        return frame_at(media, time_s, size, find_ffmpeg(config.ffmpeg_path), cancel)

    def preview(self, job: Job, config: Config, on_progress: Callable[[float], None], cancel: CancelToken) -> Path:
        """See `FrameServices`."""
        from pipeline import wiring

        def tell(event: Event) -> None:
            if isinstance(event, PhaseProgress):
                on_progress(event.overall)

        plan = wiring.probe_and_plan(job, config, cancel)
        report = wiring.run_job(plan, config, tell, cancel, alone=False)  # nothing is learned from ten seconds
        if report.outcome is Outcome.CANCELLED:
            raise Cancelled
        if report.outcome is Outcome.FAILED:
            raise EncodeError(report.error)
        return report.folder
