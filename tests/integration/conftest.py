"""The program in a process of its own, with an environment that names the tests' backend."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cluster_programs import Cluster, cluster
from held_ffmpeg import crawling_ffmpeg
from postgres_server import PostgresServer
from program import command, make_clip

from config import Config


@pytest.fixture
def environment(backend_config: Config) -> dict[str, str]:
    """The environment of an editor whose .env names the tests' backend."""
    return {**os.environ, "BACKEND_URL": backend_config.backend.url, "AUTH_TOKEN": backend_config.backend.token}


@pytest.fixture
def run(environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that runs a command to its end."""

    def start(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*arguments), env=environment, capture_output=True, text=True, timeout=300, stdin=subprocess.DEVNULL
        )

    return start


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of video and tone at 640x360: one rendition, quickly encoded."""
    return make_clip(tmp_path_factory.mktemp("clips") / "short clip.mp4", seconds=3)


@pytest.fixture(scope="session")
def two_segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve seconds of video at 640x360: two segments."""
    return make_clip(tmp_path_factory.mktemp("clips") / "two.mp4", seconds=12)


@pytest.fixture
def crawling(tmp_path: Path) -> Path:
    """An ffmpeg that never comes to the second of them."""
    return crawling_ffmpeg(tmp_path / "crawling")


@pytest.fixture(scope="session")
def long_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute of video at 640x360: one rendition, which takes a few seconds to encode, however fast the machine."""
    return make_clip(tmp_path_factory.mktemp("clips") / "long.mp4", seconds=60)


@pytest.fixture
def machines(queue_server: PostgresServer, tmp_path: Path, environment: dict[str, str]) -> Iterator[Cluster]:
    """The machines of one queue, which know the tests' backend."""
    with cluster(queue_server.url, tmp_path, environment) as made:
        yield made


@pytest.fixture
def lectures(machines: Cluster, short_clip: Path) -> Callable[..., str]:
    """Return what gives a machine its own copy of a lesson, and that machine's name for it."""
    return lambda name, clip=short_clip: machines.disk(name, clip)
