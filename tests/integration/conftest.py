"""The program in a process of its own, with an environment that names the tests' backend."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
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
            command(*arguments), env=environment, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL
        )

    return start


@pytest.fixture(scope="session")
def short_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of video and tone at 640x360: one rendition, quickly encoded."""
    return make_clip(tmp_path_factory.mktemp("clips") / "short clip.mp4", seconds=3)
