"""Runs tasks on this computer, each in a thread of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from pipeline.cancel import CancelToken
from pipeline.engines.encode import run_encode
from pipeline.engines.engine import EncodeInputs, Listen, TranscriptionInputs
from pipeline.engines.tasks import EncodeResult, EncodeTask, TranscriptionTask
from pipeline.engines.transcription import run_transcription
from pipeline.job import EncoderFamily
from pipeline.media.encode.chunks import side_by_side
from pipeline.media.encode.encoders import family_of
from pipeline.scheduler import Capacity, Scheduler, Stage, Turn
from pipeline.speech.child import WhisperProcess
from pipeline.speech.model_memory import BESIDE_MODEL_BYTES, ENCODE_BYTES, has_room_for
from pipeline.speech.transcript import Transcript
from pipeline.suspension import Suspension

Result = TypeVar("Result")

UPLOADS = 2
"""How many jobs upload at a time: each sends several files at once, and a second one fills the pauses of the first."""


def capacity_of(cores: int) -> Capacity:
    """Return how much a computer with so many cores does at a time."""
    return Capacity(
        most={
            Stage.PROBE: cores,
            Stage.ENCODE: side_by_side(cores),
            Stage.GRAPHICS: 1,  # a card takes a few encodes at once, and each rendition is one already
            Stage.SPEECH: 1,
            Stage.PACKAGE: cores,
            Stage.UPLOAD: UPLOADS,
        },
        fits=lambda stage: has_room_for(ENCODE_BYTES if stage is Stage.ENCODE else BESIDE_MODEL_BYTES),
    )


class LocalTask(Generic[Result]):
    """A task that runs in a thread of its own from the start."""

    def __init__(self, work: Callable[[CancelToken], Result], name: str, suspension: Suspension | None = None) -> None:
        self._work = work
        self._token = CancelToken(suspension)
        self._made: list[Result] = []
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()

    def cancel(self) -> None:
        """Cancel it as soon as possible."""
        self._token.cancel()

    def result(self) -> Result:
        """Return its result when it has ended. Raises Cancelled, or what the task has raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._made[0]

    def _run(self) -> None:
        try:
            self._made.append(self._work(self._token))
        except Exception as error:  # noqa: BLE001  # a thread's outermost frame: raised again in `result`
            self._error = error


class LocalEngine:
    """The engine of this computer. Each task has a thread at once, and begins when it is its job's `turn`, among all
    jobs that share the scheduler; those without one have the computer to themselves. Transcriptions share `whisper`,
    and all tasks stand still as the job's `suspension` says.
    """

    def __init__(
        self, ffmpeg: Path, whisper: WhisperProcess, turn: Turn | None = None, suspension: Suspension | None = None
    ) -> None:
        self._suspension = suspension or Suspension()
        self._ffmpeg = ffmpeg
        self._whisper = whisper
        self._turn = turn or Turn(scheduler=Scheduler(capacity_of(os.cpu_count() or 1)), order=0)

    def slots(self, encoder: str) -> int:
        """Return how many tasks with this encoder keep this computer busy."""
        if family_of(encoder) is not EncoderFamily.CPU:
            return 1  # graphics cards take a few encodes at once, and each rendition is one already
        return side_by_side(os.cpu_count() or 1)

    def submit_encode(
        self, task: EncodeTask, folder: Path, inputs: EncodeInputs, listen: Listen
    ) -> LocalTask[EncodeResult]:
        """Begin to encode a chunk."""
        on_processor = task.encoder is None or family_of(task.encoder) is EncoderFamily.CPU
        stage = Stage.ENCODE if on_processor else Stage.GRAPHICS

        def encode(cancel: CancelToken) -> EncodeResult:
            with self._turn.use(stage, cancel):
                return run_encode(task, folder, inputs, listen, cancel, ffmpeg=self._ffmpeg)

        return LocalTask(encode, name=f"encode-{task.name}", suspension=self._suspension)

    def submit_transcription(
        self, task: TranscriptionTask, inputs: TranscriptionInputs, listen: Listen, log: Path | None = None
    ) -> LocalTask[Transcript]:
        """Begin to transcribe a track."""

        def transcribe(cancel: CancelToken) -> Transcript:
            with self._turn.use(Stage.SPEECH, cancel):
                return run_transcription(task, inputs, listen, cancel, log, whisper=self._whisper)

        return LocalTask(transcribe, name="transcription", suspension=self._suspension)
