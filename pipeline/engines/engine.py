"""The protocol of what runs tasks: it hands them to a worker, reports their progress and cancels them.

Phases know this alone, so that the work may be done by threads of this computer or by others.
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
from pipeline.speech.model import DownloadProgress
from pipeline.speech.sound import Sound
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
class SoundChosen:
    """Another track than the one that was asked for is heard, or a single channel: the others have no speech."""

    sound: Sound


TaskEvent = CommandStarted | EncodeProgress | ModelDownloading | SoundChosen | TranscriptionProgress
Listen = Callable[[TaskEvent], None]
"""Takes a task's events, in any thread; what it raises ends the task."""


class EncodeInputs(Protocol):
    """Finds what an encode task names, for whoever runs it."""

    def source(self, reference: SourceReference) -> ProbedFile:
        """Return the source of a task. Raises SourceError."""
        ...

    def audio(self, stretch: AudioStretch, target: Path, cancel: CancelToken) -> None:
        """Write a stretch of the encoded audio into a file. Raises EncodeError, OutputError, SourceError, Cancelled."""
        ...


class TranscriptionInputs(Protocol):
    """Finds what a transcription task names, for whoever runs it."""

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
        """Return its result when it has ended. Raises Cancelled, or what the task has raised."""
        ...


class Engine(Protocol):
    """Runs tasks, on this computer or elsewhere."""

    def slots(self, encoder: str) -> int:
        """Return how many tasks with this encoder, by ffmpeg's name, are worth being submitted at once."""
        ...

    def submit_encode(
        self, task: EncodeTask, folder: Path, inputs: EncodeInputs, listen: Listen
    ) -> RunningTask[EncodeResult]:
        """Let a chunk be encoded.

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
        """Let a track be transcribed.

        Args:
            task: what to do.
            inputs: finds what the task names.
            listen: called with the task's events.
            log: a file that keeps what is heard, so that the task, when it is submitted again, goes on from there.
        """
        ...
