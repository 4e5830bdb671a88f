"""Audio files made by the real ffmpeg, and a network that is not there."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import imageio_ffmpeg
import pytest
from child_processes import left_behind
from ports import closed_port

from pipeline.speech.child import WhisperProcess

MakeAudio = Callable[..., Path]


@pytest.fixture
def make_audio(tmp_path: Path) -> MakeAudio:
    """Return a function that runs ffmpeg on the given arguments and returns the file it made."""

    def make(name: str, *arguments: str) -> Path:
        target = tmp_path / name
        subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *arguments, f"file:{target}"], check=True)
        return target

    return make


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port on this computer that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def _environment(home: Path, port: int) -> dict[str, str]:
    plain = {
        name: value for name, value in os.environ.items() if "proxy" not in name.lower() and not name.startswith("HF_")
    }
    return {**plain, "HF_HOME": str(home), "HF_ENDPOINT": f"http://127.0.0.1:{port}"}


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment with an empty model cache whose hub refuses connections."""
    with closed_port() as port:
        yield _environment(tmp_path / "hub", port)


@pytest.fixture
def hanging(tmp_path: Path, mute_port: int) -> dict[str, str]:
    """An environment with an empty model cache whose hub never answers."""
    return _environment(tmp_path / "hub", mute_port)


@pytest.fixture
def no_child_left() -> Iterator[None]:
    """Fail the test when it leaves a child process."""
    before = set(left_behind())
    yield
    assert set() == set(left_behind()) - before


@pytest.fixture
def whisper_in() -> Iterator[Callable[[Mapping[str, str]], WhisperProcess]]:
    """Return a function that makes Whisper's process for an environment."""
    with ExitStack() as processes:
        yield lambda environment: processes.enter_context(WhisperProcess(environment))


@pytest.fixture
def meddler(tmp_path: Path) -> Callable[[str], dict[str, str]]:
    """Return a function that makes an environment in which Python runs a line when Whisper's library is imported."""

    def build(line: str) -> dict[str, str]:
        place = tmp_path / "meddler"
        place.mkdir()
        (place / "sitecustomize.py").write_text(
            "import builtins, os\n"
            "plain = builtins.__import__\n"
            "def meddling(name, *rest, **more):\n"
            "    if name == 'ctranslate2' and builtins.__import__ is meddling:\n"
            "        builtins.__import__ = plain\n"
            f"        {line}\n"
            "    return plain(name, *rest, **more)\n"
            "builtins.__import__ = meddling\n",
            encoding="utf-8",
        )
        return {**os.environ, "PYTHONPATH": str(place)}

    return build
