"""A worker that has nothing but a task's JSON, the source and an empty folder. Started by a test as a process.

Arguments: the file with the task, the source, the folder, the file for the result.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from pipeline.cancel import CancelToken  # the path above must be set first
from pipeline.checkpoints import Checkpoints
from pipeline.engines.audio_maker import AudioMaker
from pipeline.engines.engine import TaskEvent
from pipeline.engines.local import LocalEngine
from pipeline.engines.task_codec import result_to_json, task_from_json
from pipeline.engines.tasks import (
    AudioStretch,
    EncodeResult,
    EncodeTask,
    ModelReference,
    SourceReference,
)
from pipeline.fingerprint import fingerprint
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media_info import SourceIdentity
from pipeline.speech.child import WhisperProcess
from pipeline.speech.transcript import Transcript

SAMPLES = Path(__file__).resolve().parents[2] / "samples"


@dataclass(frozen=True, kw_only=True)
class OwnFile:
    """The source as it lies here; nobody has noted what it was when it was probed."""

    path: Path
    identity: SourceIdentity | None = None


@dataclass(frozen=True, kw_only=True)
class OwnInputs:
    """What a task names, found or made here."""

    file: OwnFile
    scratch: Path

    def source(self, reference: SourceReference) -> OwnFile:
        """Return the only source."""
        assert reference.content == fingerprint(self.file.path)
        return self.file

    def model(self, reference: ModelReference) -> str:
        """Return the folder of the shipped model, which is all that this worker has."""
        assert reference.is_folder
        return str(SAMPLES / reference.name)

    def audio(self, stretch: AudioStretch, target: Path, cancel: CancelToken) -> None:
        """Make the audio from the source's beginning on, and hand out what is wanted of it."""
        maker = AudioMaker(stretch.audio, self.file, Checkpoints(self.scratch), key="worker", cancel=cancel)
        maker.tell_length(stretch.length)
        maker.start()
        try:
            maker.stretch(stretch.start, stretch.end, target, cancel)
        finally:
            maker.stop()


def main(task: Path, source: Path, folder: Path, result: Path) -> None:
    """Do the task and write what came of it."""
    inputs = OwnInputs(file=OwnFile(path=source), scratch=folder.with_name("audio"))
    asked = task_from_json(json.loads(task.read_text(encoding="utf-8")))
    made: EncodeResult | Transcript
    with WhisperProcess() as whisper:
        engine = LocalEngine(find_ffmpeg(""), whisper)
        if isinstance(asked, EncodeTask):
            made = engine.submit_encode(asked, folder, inputs, _nobody).result()
        else:
            made = engine.submit_transcription(asked, inputs, _nobody).result()
    result.write_text(json.dumps(result_to_json(made)), encoding="utf-8")


def _nobody(event: TaskEvent) -> None:
    """Hear an event that nobody is told of."""


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
