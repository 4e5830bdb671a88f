"""An encode task is all that a worker needs: it makes of it what this computer made."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import imageio_ffmpeg
import pytest
from converting import ULTRAFAST
from source_clips import AAC, H264, pattern, run, tone
from task_worker import OwnFile

from config import Config
from pipeline import wiring
from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.engines.engine import CommandStarted, EncodeInputs, EncodeProgress, Listen, RunningTask, TaskEvent
from pipeline.engines.local import LocalEngine
from pipeline.engines.task_codec import result_from_json, task_from_json, task_to_json
from pipeline.engines.tasks import AudioPlan, AudioStretch, EncodeResult, EncodeTask, SourceReference, source_reference
from pipeline.errors import Cancelled, EncodeError
from pipeline.fingerprint import fingerprint
from pipeline.job import AudioRequest, EncodingRequest, Job, SegmentType
from pipeline.media.encode import chunks
from pipeline.media.encode.audio_coding import Length
from pipeline.media.ffmpeg.process import ffmpeg_version
from pipeline.output_settings import output_settings
from pipeline.phases.hls import HlsPhase
from pipeline.phases.phase import PhaseContext
from pipeline.speech.child import WhisperProcess
from pipeline.workspace import Workspace

FFMPEG = Path(imageio_ffmpeg.get_ffmpeg_exe())
LONG_S = 60
WORKER = Path(__file__).resolve().parents[1] / "support" / "task_worker.py"


@dataclass(frozen=True)
class Submitted:
    """A task as it was submitted, in JSON, with what was made of it and which events it told."""

    text: str
    folder: Path
    running: RunningTask[EncodeResult]
    copy: Path
    events: list[TaskEvent]
    results: list[EncodeResult] = field(default_factory=list)

    def cancel(self) -> None:
        self.running.cancel()

    def result(self) -> EncodeResult:
        result = self.running.result()
        shutil.copytree(self.folder, self.copy)  # as it is before its counters go on from another chunk's
        self.results.append(result)
        return result


@dataclass
class RecordingEngine:
    """The engine of this computer, which keeps the tasks that it is given and what was made of each."""

    keeps: Path
    tasks: list[Submitted] = field(default_factory=list)

    def slots(self, encoder: str) -> int:
        return LocalEngine(FFMPEG, WhisperProcess()).slots(encoder)

    def submit_encode(self, task: EncodeTask, folder: Path, inputs: EncodeInputs, listen: Listen) -> Submitted:
        events: list[TaskEvent] = []

        def hear(event: TaskEvent) -> None:
            events.append(event)
            listen(event)

        running = LocalEngine(FFMPEG, WhisperProcess()).submit_encode(task, folder, inputs, hear)
        submitted = Submitted(json.dumps(task_to_json(task)), folder, running, self.keeps / task.name, events)
        self.tasks.append(submitted)
        return submitted


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty seconds, a keyframe every two, with a tone in stereo."""
    folder = tmp_path_factory.mktemp("clips")
    return run(folder, "clip.mp4", *pattern(size="160x90", length_s=20), *tone(length_s=20), *H264, "-g", "50", *AAC)


Encode = Callable[..., RecordingEngine]


@pytest.fixture
def encode(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Encode:
    """Return what encodes the clip in chunks of a segment and returns the engine that has done it."""
    monkeypatch.setattr(chunks, "CHUNK_SEGMENTS", 1)
    monkeypatch.setattr(chunks, "LEAST_SEGMENTS", 1)

    def make(
        cancel: CancelToken | None = None, listen: Listen = lambda event: None, **asked: object
    ) -> RecordingEngine:
        job = Job(
            **{"source": clip, "output_dir": tmp_path / "out", "slug": "clip", "make_mp4": False, "encoding": ULTRAFAST}
            | asked
        )
        plan, workspace = wiring.probe_and_plan(job, Config()), Workspace(job)
        workspace.check(output_settings(plan), job.existing)
        context = PhaseContext(
            plan=plan,
            workspace=workspace,
            cancel=cancel or CancelToken(),
            report=lambda progress: None,
            log=lambda text, level: None,
            alongside=Alongside().start,
        )
        engine = RecordingEngine(keeps=tmp_path / "kept")
        phase = HlsPhase(FFMPEG, engine)
        phase.check(context)
        workspace.open()
        phase.run(context)
        return engine

    return make


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


KINDS = {
    "muxed audio": {},
    "muxed audio of a wanted loudness": {"audio": AudioRequest(loudness_lufs=-16.0)},
    "segments without audio": {"encoding": EncodingRequest(preset="ultrafast", segment_type=SegmentType.FMP4)},
}


@pytest.mark.parametrize("asked", KINDS.values(), ids=KINDS)
def test_a_worker_with_the_task_and_the_source_alone_makes_the_same_segments(encode, clip, tmp_path, asked):
    """In another process, in another folder, with the source under another name."""
    (tmp_path / "worker").mkdir()
    source = Path(shutil.copy(clip, tmp_path / "worker" / "ein anderes.mp4"))
    tasks = encode(**asked).tasks
    assert 3 == len(tasks)
    for number, submitted in enumerate(tasks):
        place = tmp_path / "worker" / str(number)
        folder, task, result = place / "made", place / "task.json", place / "result.json"
        folder.mkdir(parents=True)
        task.write_text(submitted.text, encoding="utf-8")
        subprocess.run([sys.executable, str(WORKER), str(task), str(source), str(folder), str(result)], check=True)
        made = result_from_json(json.loads(result.read_text(encoding="utf-8")))
        assert submitted.results == [made]
        assert _files(submitted.copy) == _files(folder)


def test_a_task_names_no_place_of_this_computer(encode, clip, tmp_path):
    """Neither the source's folder nor the job's stands in it, and it is the same after a journey as JSON."""
    (first, *_) = encode().tasks
    task = task_from_json(json.loads(first.text))
    assert (False, False) == (str(clip.parent) in first.text, str(tmp_path) in first.text)
    assert (first.text, "clip.mp4") == (json.dumps(task_to_json(task)), task.source.name)


def test_a_task_tells_its_command_and_how_far_it_is(encode):
    """Segments are counted where the task runs: whoever listens looks at no file."""
    for submitted in encode().tasks:
        (command, *progress) = submitted.events
        times = [event.out_time_s for event in progress if isinstance(event, EncodeProgress)]
        assert (CommandStarted, len(progress), sorted(times)) == (type(command), len(times), times)
        assert {"90p"} == set(progress[-1].segments)


@dataclass
class WaitingInputs:
    """Inputs whose audio comes never."""

    file: Path
    asked: threading.Event = field(default_factory=threading.Event)

    def source(self, reference: SourceReference) -> OwnFile:
        return OwnFile(path=self.file)

    def audio(self, stretch: AudioStretch, target: Path, cancel: CancelToken) -> None:
        self.asked.set()
        cancel.wait(LONG_S)


@pytest.fixture
def waiting(clip: Path) -> EncodeTask:
    """A task that needs audio before anything else."""
    audio = AudioPlan(renditions=(), mixed=(), start_s=0.0, limit_s=None, loudness_lufs=None)
    return EncodeTask(
        name="0000",
        source=source_reference(clip, fingerprint(clip)),
        ffmpeg=ffmpeg_version(FFMPEG),
        arguments=(),
        renditions=("90p",),
        segment_type=SegmentType.TS,
        frames=None,
        ends=True,
        audio=AudioStretch(audio=audio, start=0, end=None, length=Length(ticks=0)),
    )


def test_a_worker_with_another_ffmpeg_refuses(waiting, clip, tmp_path):
    """Its segments may not fit to the others'."""
    other = replace(waiting, ffmpeg="ffmpeg version 1.0")
    with pytest.raises(EncodeError, match=r"in place of ffmpeg version 1\.0\): give every worker the same one\.$"):
        LocalEngine(FFMPEG, WhisperProcess()).submit_encode(
            other, tmp_path, WaitingInputs(file=clip), lambda event: None
        ).result()


def test_a_task_that_is_cancelled_ends_and_leaves_no_thread(waiting, clip, tmp_path):
    """Whatever it waits for; who waits for it gets to know."""
    inputs = WaitingInputs(file=clip)
    running = LocalEngine(FFMPEG, WhisperProcess()).submit_encode(waiting, tmp_path, inputs, lambda event: None)
    assert inputs.asked.wait(LONG_S)
    running.cancel()
    with pytest.raises(Cancelled):
        running.result()
    assert [] == [thread.name for thread in threading.enumerate() if thread.name.startswith("encode-")]
