"""Fixtures and builders that several folders of tests use."""

from __future__ import annotations

import gc
import signal
import tempfile
import uuid
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import postgres_server
import pytest
import recorded_speech
import s3_server as s3
from postgres_server import PostgresServer
from recorded_speech import Recording
from slow_tests import is_slow, turn
from source_clips import SourceClips

from backend.server import RunningBackend, serve_in_thread
from backend.settings import BackendSettings
from config import BackendApi, Config
from pipeline import wiring
from pipeline.cancel import CancelToken
from pipeline.job import EncodingRequest, Job, TranscriptionRequest, UploadRequest
from pipeline.media_info import AudioStream, MediaInfo, VideoStream
from pipeline.model import JobReport
from pipeline.speech.child import WhisperProcess
from storage import S3Settings

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent


def pytest_report_header() -> list[str]:
    """Say why tests are missing from a run."""
    lines = []
    if missing := s3.missing_programs():
        lines.append(f"No S3 server here ({', '.join(missing)} missing): the tests that need one are left out.")
    if postgres_server.missing():
        lines.append("No PostgreSQL here: the tests that need one are left out; ./run-tests installs it on Debian.")
    if missing := recorded_speech.missing():
        lines.append(f"Not here: {' and '.join(missing)}. The tests that need it are left out; ./run-tests fetches it.")
    return lines


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep Python's garbage collector off what collecting makes: it would look through all tests and their modules
    again and again, and after each test of a window (`ui.collecting`).
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what ./run-tests --quick leaves out, leave out what this computer has no speech for, and put the files that
    take long first, so that the processes end together.
    """
    items.sort(key=lambda item: turn(item.path.relative_to(TESTS)))
    without_speech = recorded_speech.missing()
    for item in items:
        file = item.path.relative_to(TESTS)
        fixtures = getattr(item, "fixturenames", ())
        if file.parts[0] == "browser":
            item.add_marker(pytest.mark.browser)
        if "s3_bucket" in fixtures:
            item.add_marker(pytest.mark.s3)
        if "postgres" in fixtures:
            item.add_marker(pytest.mark.cluster)
            if postgres_server.missing():
                item.add_marker(pytest.mark.skip(reason="without PostgreSQL"))
        if {"tiny_en", "librivox"} & set(fixtures):
            item.add_marker(pytest.mark.speech)
            if without_speech:
                item.add_marker(pytest.mark.skip(reason=f"without {' and '.join(without_speech)}"))
        if is_slow(file) or "published" in fixtures:  # a whole job
            item.add_marker(pytest.mark.slow)


def pytest_configure() -> None:
    """Let Ctrl-C reach what the tests start: whoever started the run in the background has it ignored by all
    children.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def _patient_backend() -> Iterator[None]:
    """A backend of this process waits long for disks, tokens and buckets: how busy a machine is decides no test."""
    with pytest.MonkeyPatch.context() as patched:
        for name in (
            "routes.health.ANSWERED_WITHIN_S",
            "routes.health.TOKEN_WITHIN_S",
            "serving.root_guard.ANSWERED_WITHIN_S",
            "routes.stream_list.LOOK_S",
        ):
            patched.setattr(f"backend.{name}", 240)
        waits = ("s3_bucket.LOOKED_FOR_S", "s3_parts.PROBED_WITHIN_S", "usage.LOOKED_FOR_S", "usage_file._BUSY_S")
        for name in waits:
            patched.setattr(f"storage.{name}", 240)
        yield


@pytest.fixture(scope="session", autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Nothing is written into the folders for data, settings, logs and caches of who runs the tests, nor read there.

    Other tests run at the same time, and have run before.
    """
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patched.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patched.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patched.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patched.setenv("LANGUAGE", "en")  # whatever that person speaks
        yield


@pytest.fixture(scope="session")
def s3_bucket() -> Iterator[S3Settings]:
    """A bucket on a real S3 server."""
    import boto3  # takes a third of a second, which other tests need not wait for

    # not in pytest's own folder: the server's sockets need short names
    with (
        tempfile.TemporaryDirectory(prefix="s3-", ignore_cleanup_errors=True) as folder,
        s3.running(Path(folder)) as server,
    ):
        keys = {"access_key_id": server.access_key_id, "secret_access_key": server.secret_access_key}
        client = boto3.client(
            "s3",
            endpoint_url=server.endpoint_url,
            region_name=server.region,
            **{f"aws_{name}": key for name, key in keys.items()},
        )
        client.create_bucket(Bucket="tests")
        client.close()
        yield S3Settings(bucket="tests", endpoint_url=server.endpoint_url, region=server.region, **keys)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL with a database `queue` that holds the queue's tables."""
    from pipeline.engines.procrastinate.database import Database  # takes a while to load
    from pipeline.engines.procrastinate.schema import make_tables

    # not in pytest's own folder, which only the user who runs the tests may enter
    with (
        tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as folder,
        postgres_server.running(Path(folder)) as server,
    ):
        server.execute("CREATE DATABASE queue", database="postgres")
        database = Database(replace(server, database="queue").url)
        make_tables(database)
        database.close()
        yield server


@pytest.fixture
def queue_server(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """That server with an empty queue of the test's own; its `url` is that of the queue."""
    name = f"queue_{uuid.uuid4().hex}"
    postgres.execute(f"CREATE DATABASE {name} TEMPLATE queue", database="postgres")
    yield replace(postgres, database=name)
    postgres.execute(f"DROP DATABASE {name} WITH (FORCE)", database="postgres")


@pytest.fixture
def s3_settings(s3_bucket: S3Settings) -> S3Settings:
    """An empty place in that bucket, for one test."""
    return replace(s3_bucket, prefix=f"tests/{uuid.uuid4().hex}")


@pytest.fixture(scope="session")
def sample() -> Path:
    """The shipped sample clip."""
    return ROOT / "samples" / "welcome.mp4"


@pytest.fixture(scope="session")
def small_model() -> Path:
    """The shipped Whisper model that knows some thirty words."""
    return ROOT / "samples" / "whisper-words"


@pytest.fixture
def whisper() -> Iterator[WhisperProcess]:
    """Whisper's process, which starts when the test first needs it."""
    with WhisperProcess() as process:
        yield process


@pytest.fixture(scope="session")
def tiny_en() -> Path:
    """The folder of OpenAI's real model for English, 39 million parameters."""
    return recorded_speech.MODEL


@pytest.fixture(scope="session")
def librivox() -> tuple[Recording, ...]:
    """Five sentences read aloud, 25 seconds in all, with their words."""
    return recorded_speech.recordings()


@pytest.fixture(scope="session")
def source_clip(tmp_path_factory: pytest.TempPathFactory) -> SourceClips:
    """Return what makes a clip of any kind of source, each once."""
    return SourceClips(tmp_path_factory.mktemp("sources"))


@pytest.fixture
def media_info() -> Callable[..., MediaInfo]:
    """Return a function that describes a source without one; keywords replace parts of its video or the whole."""

    def build(
        *, audio: tuple[AudioStream, ...] | None = None, duration_s: float | None = 60.0, **video: Any
    ) -> MediaInfo:
        usual: dict[str, Any] = {
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
        track = AudioStream(
            codec="aac",
            channels=2,
            sample_rate_hz=48_000,
            language=None,
            bit_rate=128_000,
            start_s=0.0,
            duration_s=60.0,
        )
        return MediaInfo(
            path=Path("/videos/lesson.mp4"),
            size_bytes=int((video.get("bit_rate") or 20_000_000) * (duration_s or 60.0) / 8),
            container="mov",
            duration_s=duration_s,
            video=VideoStream(**usual | video),
            audio=(track,) if audio is None else audio,
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
    sample: Path,
    small_model: Path,
    backend: RunningBackend,
    backend_config: Config,
    tmp_path_factory: pytest.TempPathFactory,
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
    report = wiring.run_job(wiring.probe_and_plan(job, backend_config), backend_config, events.append, CancelToken())
    return Published(report=report, backend=backend, config=backend_config, events=tuple(events), prefix=prefix)
