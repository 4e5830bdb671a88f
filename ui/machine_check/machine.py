"""What is asked of this computer, as one interface, so that tests can inject faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from config import Config
from pipeline.cancel import CancelToken
from pipeline.job import Codec
from pipeline.machine_report import (
    BackendFinding,
    FfmpegFinding,
    look_at_backend,
    look_at_ffmpeg,
    look_at_models,
    try_encoders,
)
from pipeline.media.encode.encoder_check import EncoderResult
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model import DownloadProgress, get_model

if TYPE_CHECKING:
    from pipeline.speech.model_cache import StoredModel  # with faster-whisper, which takes half a second


class Machine(Protocol):
    """Every call may take long: never made in the Tk thread."""

    def ffmpeg(self, config: Config) -> FfmpegFinding:
        """Start the ffmpeg that jobs would use."""
        ...

    def encoders(self, ffmpeg: Path, config: Config, cancel: CancelToken) -> tuple[EncoderResult, ...]:
        """Try every encoder. Raises PipelineError, Cancelled."""
        ...

    def models(self) -> tuple[StoredModel, ...]:
        """Return what there is of Whisper models."""
        ...

    def download(self, model: str, cancel: CancelToken, told: Callable[[DownloadProgress], None]) -> None:
        """Fetch a model, or what is missing of it. Raises PipelineError, Cancelled."""
        ...

    def backend(self, config: Config) -> BackendFinding:
        """Ask the backend."""
        ...


class ThisMachine:
    """The real computer."""

    def ffmpeg(self, config: Config) -> FfmpegFinding:
        """See `Machine`."""
        return look_at_ffmpeg(config)

    def encoders(self, ffmpeg: Path, config: Config, cancel: CancelToken) -> tuple[EncoderResult, ...]:
        """See `Machine`."""
        tried = (try_encoders(ffmpeg, codec, cache_dir=config.cache_dir, cancel=cancel) for codec in Codec)
        return tuple(result for results in tried for result in results)

    def models(self) -> tuple[StoredModel, ...]:
        """See `Machine`."""
        return look_at_models()

    def download(self, model: str, cancel: CancelToken, told: Callable[[DownloadProgress], None]) -> None:
        """See `Machine`."""
        with WhisperProcess() as whisper:
            get_model(whisper, model, cancel, on_download=told)

    def backend(self, config: Config) -> BackendFinding:
        """See `Machine`."""
        return look_at_backend(config)
