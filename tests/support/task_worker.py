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
from pipeline.codec import from_json, to_json
from pipeline.engines.audio_maker import AudioMaker
from pipeline.engines.local import LocalEngine
from pipeline.engines.tasks import AudioStretch, EncodeTask, SourceReference
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.media_info import SourceIdentity


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
        assert reference.size_bytes == self.file.path.stat().st_size
        return self.file

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
    engine = LocalEngine(find_ffmpeg(""))
    done = from_json(EncodeTask, json.loads(task.read_text(encoding="utf-8")), task.name)
    made = engine.submit(done, folder, inputs, lambda event: None).result()
    result.write_text(json.dumps(to_json(made)), encoding="utf-8")


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
