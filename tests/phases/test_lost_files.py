"""A finished folder that has lost files: the next run makes again what is missing, and no more than that."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from config import Config
from pipeline import wiring
from pipeline.alongside import Alongside
from pipeline.cancel import CancelToken
from pipeline.engines.local import LocalEngine
from pipeline.events import LogLevel, LogLine
from pipeline.facts import CleanupFacts
from pipeline.job import EncodingRequest, Encryption, Existing, Job, SegmentType, UploadRequest
from pipeline.media.ffmpeg.process import find_ffmpeg
from pipeline.model import JobReport, Outcome
from pipeline.output_settings import output_settings
from pipeline.phases.hls import HlsPhase
from pipeline.phases.phase import PhaseContext
from pipeline.published import published_files
from pipeline.speech.child import WhisperProcess
from pipeline.workspace import Workspace

KEY = bytes(range(16))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven seconds, small, with a tone."""
    target = tmp_path_factory.mktemp("clips") / "clip.mp4"
    video = ["-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=7"]
    tone = ["-f", "lavfi", "-i", "sine=frequency=440:duration=7:sample_rate=48000"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "aac"]
    subprocess.run([str(find_ffmpeg("")), "-v", "error", *video, *tone, *encode, str(target)], check=True)
    return target


def _job(clip: Path, place: Path) -> Job:
    return Job(source=clip, output_dir=place, slug="clip", encoding=EncodingRequest(preset="ultrafast"))


@pytest.fixture
def job(clip: Path, tmp_path: Path) -> Job:
    """What is done again and again."""
    return _job(clip, tmp_path / "out")


@pytest.fixture(scope="module")
def finished(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of that job, made once."""
    report, _ = _run(_job(clip, tmp_path_factory.mktemp("finished")))
    return report.folder


@pytest.fixture
def folder(finished: Path, job: Job) -> Path:
    """A copy of it where the job is to find it."""
    return shutil.copytree(finished, job.output_dir / job.slug)


def _run(job: Job) -> tuple[JobReport, list[str]]:
    """Return how a job ended, and what each ffmpeg that it started made."""
    events: list[object] = []
    config = Config()
    report = wiring.run_job(wiring.probe_and_plan(job, config), config, events.append, CancelToken())
    commands = [e.text for e in events if isinstance(e, LogLine) and e.level is LogLevel.DETAIL]
    return report, ["MP4" if "offline_480p" in text else "stream" for text in commands]


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "job.json"
    }


def _removed(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _cut(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes()[:-1])


ENCODED = ["stream", "MP4"]


@pytest.mark.parametrize(
    ("damage", "made"),
    [
        *(
            pytest.param(_removed(name), [], id=name)
            for name in ("master.m3u8", "poster.jpg", "sprite.jpg", "thumbnails.vtt", "90p/iframes.m3u8")
        ),
        pytest.param(_cut("master.m3u8"), [], id="a cut master"),
        pytest.param(_removed("offline_480p.mp4"), ["MP4"], id="MP4"),
        pytest.param(_cut("offline_480p.mp4"), ["MP4"], id="a cut MP4"),
        pytest.param(_removed("90p/seg_002.ts"), ENCODED, id="a segment"),
        pytest.param(_cut("90p/seg_002.ts"), ENCODED, id="a cut segment"),
        pytest.param(_removed("90p/index.m3u8"), ENCODED, id="a playlist"),
        pytest.param(lambda folder: (folder / "manifest.json").write_text("{}"), [], id="one more"),
    ],
)
def test_what_is_missing_is_made_again(job, folder, finished, damage, made):
    """Packaging alone where only its files are missing; the folder is as it was."""
    damage(folder)
    again, commands = _run(job)
    assert (Outcome.DONE, made) == (again.outcome, commands)
    assert _contents(finished) == {name: data for name, data in _contents(folder).items() if name != "manifest.json"}
    assert ["clip"] == [path.name for path in job.output_dir.iterdir()]


def test_a_whole_folder_is_left_alone(job, folder):
    """Nothing of it is written anew."""
    master = folder / "master.m3u8"
    before = master.stat().st_mtime_ns
    _run(job)
    assert before == master.stat().st_mtime_ns


def test_media_that_the_clean_up_deleted_are_not_missed(job, folder):
    """The folder is rightly without them."""
    uploading = replace(job, upload=UploadRequest(prefix="a/", delete_local=True))
    workspace = Workspace(uploading)
    workspace.check(output_settings(wiring.probe_and_plan(job, Config())), Existing.ASK)
    workspace.mark(CleanupFacts(finished=True))
    for path in published_files(folder):
        path.unlink()
    said: list[str] = []
    context = PhaseContext(
        plan=wiring.probe_and_plan(job, Config()),
        workspace=workspace,
        cancel=CancelToken(),
        report=lambda progress: None,
        log=lambda text, level: said.append(text),
        alongside=Alongside().start,
    )
    ffmpeg = find_ffmpeg("")
    HlsPhase(ffmpeg, LocalEngine(ffmpeg, WhisperProcess())).check(
        replace(context, plan=replace(context.plan, job=uploading))
    )
    assert (True, []) == (workspace.published, said)


@pytest.mark.parametrize(
    ("segment_type", "uri"), [(SegmentType.TS, "https://keys.invalid/key"), (SegmentType.FMP4, "key.bin")]
)
def test_the_mp4_of_an_encrypted_stream_is_made_again(job, tmp_path, segment_type, uri):
    """Wherever players get the key; the stream stays as it is, and no key is left in the folder."""
    (tmp_path / "secret").write_bytes(KEY)
    encryption = Encryption(key_file=tmp_path / "secret", key_uri=uri)
    asked = replace(job, encryption=encryption, encoding=replace(job.encoding, segment_type=segment_type))
    first, _ = _run(asked)
    before, mp4 = _contents(first.folder), first.folder / "offline_480p.mp4"
    mp4.unlink()
    again, commands = _run(asked)
    assert (Outcome.DONE, ["MP4"]) == (again.outcome, commands)
    assert before == _contents(first.folder)
    assert [] == [content for content in _contents(first.folder).values() if KEY in content]
