"""Fixtures and builders that several folders of tests use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from source_clips import SourceClips

from backend.server import RunningBackend, serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.model import AudioStream, EncodingRequest, Job, JobReport, MediaInfo, TranscriptionRequest, UploadRequest, VideoStream

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def sample() -> Path:
    """The shipped sample clip."""
    return ROOT / "samples" / "welcome.mp4"


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The shipped Whisper model that knows some thirty words."""
    return ROOT / "samples" / "whisper-words"


@pytest.fixture(scope="session")
def source_clip(tmp_path_factory: pytest.TempPathFactory) -> SourceClips:
    """Return what makes a clip of any kind of source, each once."""
    return SourceClips(tmp_path_factory.mktemp("sources"))


@pytest.fixture
def media_info() -> Callable[..., MediaInfo]:
    """Return a function that describes a source without one; keywords replace parts of its picture or the whole."""

    def build(*, audio: tuple[AudioStream, ...] | None = None, duration_s: float | None = 60.0, **video: Any) -> MediaInfo:
        picture: dict[str, Any] = {
            "codec": "h264",
            "width": 1920,
            "height": 1080,
            "coded_width": 1920,
            "coded_height": 1080,
            "rotation": 0,
            "sample_aspect_ratio": Fraction(1),
            "frame_rate": Fraction(25),
            "pixel_format": "yuv420p",
            "colour_primaries": "bt709",
            "colour_transfer": "bt709",
            "colour_space": "bt709",
            "bit_rate": 20_000_000,
            "start_s": 0.0,
            "duration_s": 60.0,
        }
        sound = AudioStream(codec="aac", channels=2, sample_rate_hz=48_000, language=None, bit_rate=128_000, start_s=0.0, duration_s=60.0)
        return MediaInfo(
            path=Path("/videos/lesson.mp4"),
            size_bytes=int((video.get("bit_rate") or 20_000_000) * (duration_s or 60.0) / 8),
            container="mov",
            duration_s=duration_s,
            video=VideoStream(**picture | video),
            audio=(sound,) if audio is None else audio,
        )

    return build


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """A plain job without transcription and upload."""
    return Job(source=tmp_path / "lesson.mp4", output_dir=tmp_path / "out", slug="lesson")


@dataclass(frozen=True, kw_only=True)
class Published:
    """The sample after the whole job, and the backend that has it."""

    report: JobReport
    backend: RunningBackend
    config: Config
    events: tuple[object, ...]
    prefix: str


@pytest.fixture(scope="session")
def backend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningBackend]:
    """A reference backend on loopback with an empty store."""
    root = tmp_path_factory.mktemp("store")
    settings = BackendSettings.from_config(Config(), root=root, token="a-token-for-the-tests-of-this-program")
    with serve_in_thread(settings) as running:
        yield running


@pytest.fixture(scope="session")
def backend_config(backend: RunningBackend) -> Config:
    """The configuration of an editor who uploads to that backend."""
    return Config(backend=BackendApi(url=backend.url, token=backend.settings.token))


@pytest.fixture(scope="session")
def published(
    sample: Path, small_model: Path, backend: RunningBackend, backend_config: Config, tmp_path_factory: pytest.TempPathFactory
) -> Published:
    """The whole pipeline on the sample, every phase on, done once for all tests that look at the result."""
    prefix = "tests/published/"
    job = Job(
        source=sample,
        output_dir=tmp_path_factory.mktemp("published"),
        slug="welcome",
        encoding=EncodingRequest(preset="veryfast"),
        transcription=TranscriptionRequest(model=str(small_model)),
        upload=UploadRequest(prefix=prefix),
    )
    events: list[object] = []
    report = wiring.run_job(wiring.make_plan(job, backend_config), backend_config, events.append, CancelToken())
    return Published(report=report, backend=backend, config=backend_config, events=tuple(events), prefix=prefix)
