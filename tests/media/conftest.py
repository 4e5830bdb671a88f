"""Small clips for the tests of pipeline/media, made by the real ffmpeg."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import pytest

MakeClip = Callable[..., Path]


@pytest.fixture(scope="session")
def ffmpeg() -> Path:
    """The ffmpeg that the program uses by default."""
    return Path(imageio_ffmpeg.get_ffmpeg_exe())


@pytest.fixture
def make_clip(tmp_path: Path, ffmpeg: Path) -> MakeClip:
    """Return a function that runs ffmpeg on the given arguments and returns the file it made."""

    def make(name: str, *arguments: str) -> Path:
        target = tmp_path / name
        subprocess.run([str(ffmpeg), "-v", "error", "-y", *arguments, f"file:{target}"], check=True)
        return target

    return make
