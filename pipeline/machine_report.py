"""What this computer has for the program to work with. `doctor` and the window show it, each in its own words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from config import Config
from pipeline.cancel import CancelToken
from pipeline.errors import PipelineError
from pipeline.job import Codec
from pipeline.media.encode.encoder_check import EncoderResult, EncoderStatus, check_encoders
from pipeline.media.ffmpeg.process import ffmpeg_encoders, ffmpeg_version, find_ffmpeg

if TYPE_CHECKING:
    from pipeline.speech.model_cache import StoredModel  # with faster-whisper, which takes half a second

NEEDED = ("libx264", "aac")
"""The encoders that every job may need."""


@dataclass(frozen=True, kw_only=True)
class FfmpegFinding:
    """The ffmpeg that is used, with its version and what it lacks; or why there is none."""

    path: Path | None = None
    version: str = ""
    missing: tuple[str, ...] = ()
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class BackendFinding:
    """What the backend said, or why it could not be asked; `reached` is None where none is configured."""

    reached: bool | None
    text: str = ""


def look_at_ffmpeg(config: Config) -> FfmpegFinding:
    """Start the ffmpeg that jobs would use."""
    try:
        ffmpeg = find_ffmpeg(config.ffmpeg_path)
        version = ffmpeg_version(ffmpeg).removeprefix("ffmpeg version ").partition(" Copyright")[0]
        there = ffmpeg_encoders(ffmpeg)
    except PipelineError as error:
        return FfmpegFinding(problem=str(error))
    return FfmpegFinding(path=ffmpeg, version=version, missing=tuple(name for name in NEEDED if name not in there))


def try_encoders(
    ffmpeg: Path, codec: Codec, *, cache_dir: Path | None, cancel: CancelToken | None = None
) -> tuple[EncoderResult, ...]:
    """Try every encoder of a codec, also those that are known: a driver may have come since, and this is where
    somebody looks then. Raises ToolError, Cancelled.
    """
    return check_encoders(ffmpeg, codec, cache_dir=cache_dir, cancel=cancel or CancelToken(), again=True)


def makes_h264(results: tuple[EncoderResult, ...]) -> bool:
    """Return whether H.264, which every job may need, can be made."""
    return any(result.codec is Codec.H264 and result.status is EncoderStatus.WORKS for result in results)


def look_at_models() -> tuple[StoredModel, ...]:
    """Return what there is of Whisper models."""
    from pipeline.speech.model_cache import stored_models

    return tuple(stored_models())


def look_at_backend(config: Config) -> BackendFinding:
    """Ask the backend whether it is there and takes the token."""
    from pipeline.wiring import check_connection  # the libraries of every phase, for which a window does not wait

    if not config.backend.configured:
        return BackendFinding(reached=None)
    try:
        return BackendFinding(reached=True, text=check_connection(config).text)
    except PipelineError as error:
        return BackendFinding(reached=False, text=str(error))
