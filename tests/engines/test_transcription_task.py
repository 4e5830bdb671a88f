"""A transcription task is all that a worker needs: it hears what this computer heard."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from task_worker import OwnFile, OwnInputs

from pipeline.engines.engine import TaskEvent, TranscriptionProgress
from pipeline.engines.local import LocalEngine
from pipeline.engines.task_codec import result_from_json, task_from_json, task_to_json
from pipeline.engines.tasks import ModelReference, TranscriptionTask, source_reference
from pipeline.errors import Cancelled
from pipeline.fingerprint import fingerprint
from pipeline.media.ffmpeg.process import find_ffmpeg

DEADLINE_S = 60
WORKER = Path(__file__).resolve().parents[1] / "support" / "task_worker.py"


@pytest.fixture
def task(sample: Path, small_model: Path) -> TranscriptionTask:
    """The shipped sample, heard by the shipped model."""
    return TranscriptionTask(
        source=source_reference(sample, fingerprint(sample)),
        model=ModelReference(name=small_model.name, is_folder=True),
        language=None,
        track=1,
        offset_s=0.5,
        limit_s=None,
    )


@pytest.fixture
def inputs(sample: Path, tmp_path: Path) -> OwnInputs:
    """What finds the sample."""
    return OwnInputs(file=OwnFile(path=sample), scratch=tmp_path)


def test_a_worker_with_the_task_and_the_source_alone_hears_the_same(task, inputs, sample, tmp_path, whisper):
    """In another process, in another folder, with the source under another name."""
    events: list[TaskEvent] = []
    here = LocalEngine(find_ffmpeg(""), whisper).submit_transcription(task, inputs, events.append).result()
    stored, folder, result = (tmp_path / name for name in ("task.json", "made", "result.json"))
    folder.mkdir()
    source = Path(shutil.copy(sample, tmp_path / "ein anderes.mp4"))
    stored.write_text(json.dumps(task_to_json(task)), encoding="utf-8")
    arguments = [str(path) for path in (stored, source, folder, result)]
    subprocess.run([sys.executable, str(WORKER), *arguments], check=True)
    there = result_from_json(json.loads(result.read_text(encoding="utf-8")))
    assert (here, 4, "en") == (there, len(there.segments), there.language)
    fractions = [event.fraction for event in events if isinstance(event, TranscriptionProgress)]
    assert (1.0, len(events)) == (fractions[-1], len(fractions))


def test_a_task_is_the_same_after_a_journey_as_json(task, sample):
    """And names no place of this computer."""
    text = json.dumps(task_to_json(task))
    assert (task, False) == (task_from_json(json.loads(text)), str(sample.parent) in text)


def test_a_task_that_is_cancelled_ends(task, inputs, whisper):
    """Whoever waits for it gets to know."""
    given = threading.Event()

    def cancel(_event: object) -> None:
        assert given.wait(DEADLINE_S)
        running.cancel()

    running = LocalEngine(find_ffmpeg(""), whisper).submit_transcription(task, inputs, cancel)
    given.set()
    with pytest.raises(Cancelled):
        running.result()
