"""The protocol of an engine, which runs tasks: it hands them to a worker, reports their progress and cancels them.

Phases know only this protocol, so that threads of this computer or other computers can do the work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from pipeline.cancel import CancelToken
from pipeline.engines.tasks import (
    AudioStretch,
    EncodeResult,
    EncodeTask,
    ModelReference,
    SourceReference,
    TranscriptionTask,
)
from pipeline.media.source.source_checks import ProbedFile
from pipeline.speech.audio_tracks import ChosenAudio
from pipeline.speech.model import DownloadProgress
from pipeline.speech.transcript import Transcript

Result_co = TypeVar("Result_co", covariant=True)


@dataclass(frozen=True, kw_only=True)
class CommandStarted:
    """A program was started for the task: its command, in a form that can be pasted into a shell."""

    command: str


@dataclass(frozen=True, kw_only=True)
class EncodeProgress:
    """How far an encode is: the time of the last frame, in seconds, and how many segments each rendition has."""

    out_time_s: float
    segments: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ModelDownloading:
    """The Whisper model is not on the computer that needs it, or is damaged: it is being fetched."""

    progress: DownloadProgress


@dataclass(frozen=True, kw_only=True)
class TranscriptionProgress:
    """How much of the audio has been transcribed, 0 to 1."""

    fraction: float


@dataclass(frozen=True, kw_only=True)
class AudioChosen:
    """A track other than the requested one is transcribed, or a single channel, because the others have no speech."""

    audio: ChosenAudio


TaskEvent = CommandStarted | EncodeProgress | ModelDownloading | AudioChosen | TranscriptionProgress
Listen = Callable[[TaskEvent], None]
"""Takes a task's events, in any thread; what it raises ends the task."""


class EncodeInputs(Protocol):
    """Provides the inputs that an encode task names."""

    def source(self, reference: SourceReference) -> ProbedFile:
        """Return the source of a task. Raises SourceError."""
        ...

    def audio(self, stretch: AudioStretch, target: Path, cancel: CancelToken) -> None:
        """Write a stretch of the encoded audio into a file. Raises EncodeError, OutputError, SourceError, Cancelled."""
        ...


class TranscriptionInputs(Protocol):
    """Provides the inputs that a transcription task names."""

    def source(self, reference: SourceReference) -> ProbedFile:
        """Return the source of a task. Raises SourceError."""
        ...

    def model(self, reference: ModelReference) -> str:
        """Return a model's name, or its folder. Raises SpeechError."""
        ...


class RunningTask(Protocol[Result_co]):
    """A task that was submitted."""

    def cancel(self) -> None:
        """Cancel it as soon as possible, whether it has begun or not."""
        ...

    def result(self) -> Result_co:
        """Wait for the task to end, and return its result. Raises Cancelled, or the error of the task."""
        ...


class Engine(Protocol):
    """Runs tasks, on this computer or elsewhere."""

    def slots(self, encoder: str) -> int:
        """Return how many tasks with this encoder, by ffmpeg's name, are worth being submitted at once."""
        ...

    def submit_encode(
        self, task: EncodeTask, folder: Path, inputs: EncodeInputs, listen: Listen
    ) -> RunningTask[EncodeResult]:
        """Submit a chunk to be encoded.

        Args:
            task: what to do.
            folder: an empty one, which holds the result when the task has ended.
            inputs: finds what the task names.
            listen: called with the task's events.
        """
        ...

    def submit_transcription(
        self, task: TranscriptionTask, inputs: TranscriptionInputs, listen: Listen, log: Path | None = None
    ) -> RunningTask[Transcript]:
        """Submit a track to be transcribed.

        Args:
            task: what to do.
            inputs: finds what the task names.
            listen: called with the task's events.
            log: a file that keeps what was transcribed, so that the task continues from there when submitted again.
        """
        ...
