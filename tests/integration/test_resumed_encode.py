"""kill -9 at any moment of an encode: the next start goes on, and nobody can tell from the result."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest
from program import make_clip

KILLS = 20


def _command(clip: Path, out: Path) -> list[str]:
    program = Path(__file__).with_name("small_chunks.py")
    return [sys.executable, str(program), "convert", str(clip), "-o", str(out), "--preset", "fast", "--no-mp4"]


def _frames(folder: Path) -> str:
    playlist = folder / "clip" / "180p" / "index.m3u8"
    hashes = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(playlist), "-map", "0:v", "-map", "0:a", "-f", "framemd5", "-"]
    return subprocess.run(hashes, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute at 320x180: five chunks."""
    return make_clip(tmp_path_factory.mktemp("clips") / "clip.mp4", seconds=30, size="320x180")


@pytest.fixture(scope="module")
def straight(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, float]:
    """The frames of a run without a stop, and how long it took in seconds."""
    out = tmp_path_factory.mktemp("straight")
    began = time.monotonic()
    subprocess.run(_command(clip, out), check=True, capture_output=True)
    return _frames(out), time.monotonic() - began


def _kill_after(seconds: float, command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            children = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            # a power cut takes ffmpeg along
            for child in children:
                child.kill()
            psutil.wait_procs(children)


@pytest.mark.parametrize("number", range(KILLS))
def test_an_encode_that_was_killed_ends_like_one_that_was_not(tmp_path, clip, straight, number):
    """The same frames and the same sound, wherever it was cut off."""
    frames, length_s = straight
    _kill_after(random.Random(number).uniform(0.0, length_s), _command(clip, tmp_path))
    resumed = subprocess.run(_command(clip, tmp_path), check=True, capture_output=True, text=True)
    assert (frames, "") == (_frames(tmp_path), resumed.stderr)
    assert ["clip"] == [path.name for path in tmp_path.iterdir()]
