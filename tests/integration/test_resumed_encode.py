"""kill -9 at any moment of an encode: the next start goes on, and nobody can tell from the result."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import psutil
import pytest

KILLS = 12
SECONDS = 26
HANGS_S = 180


def _command(clip: Path, out: Path) -> list[str]:
    program = Path(__file__).parents[1] / "support" / "small_chunks.py"
    return [
        sys.executable,
        str(program),
        "convert",
        str(clip),
        "-o",
        str(out),
        "--preset",
        "veryfast",
        "--encoder",
        "cpu",
        "--no-mp4",
    ]


def _frames(folder: Path) -> str:
    playlist = folder / "clip" / "90p" / "index.m3u8"
    hashes = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-v",
        "error",
        "-i",
        str(playlist),
        "-map",
        "0:v",
        "-map",
        "0:a",
        "-f",
        "framemd5",
        "-",
    ]
    return subprocess.run(hashes, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not quite half a minute at 160x90, a keyframe every two seconds: four chunks.

    Noise costs AAC less than a tone.
    """
    target = tmp_path_factory.mktemp("clips") / "clip.mkv"
    video = ["-f", "lavfi", "-i", f"testsrc2=size=160x90:rate=25:duration={SECONDS}"]
    audio = ["-f", "lavfi", "-i", f"anoisesrc=color=brown:sample_rate=48000:amplitude=0.3:seed=1:duration={SECONDS}"]
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "50", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *video, *audio, *encode, str(target)], check=True)
    return target


@dataclass(frozen=True)
class Straight:
    """A run without a stop: its frames, how long it took in seconds, and how many acts it had (see small_chunks.py)."""

    frames: str
    length_s: float
    acts: int


@pytest.fixture(scope="module")
def straight(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Straight:
    """Done once."""
    out = tmp_path_factory.mktemp("straight")
    count = out / "acts"
    began = time.monotonic()
    subprocess.run(_command(clip, out), env={**os.environ, "COUNTS_IN": str(count)}, check=True, capture_output=True)
    return Straight(frames=_frames(out), length_s=time.monotonic() - began, acts=int(count.read_text()))


def _kill_after(seconds: float, command: list[str]) -> None:
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            children = psutil.Process(process.pid).children(recursive=True)
            process.kill()
            # a power cut takes ffmpeg along
            for child in children:
                with suppress(psutil.NoSuchProcess):
                    child.kill()
            psutil.wait_procs(children)


def _kill_at(act: int, command: list[str]) -> None:
    killed = subprocess.run(command, env={**os.environ, "DIES_AT": str(act)}, capture_output=True, timeout=HANGS_S)
    assert -signal.SIGKILL == killed.returncode


@pytest.mark.parametrize("number", range(KILLS))
def test_an_encode_that_was_killed_ends_like_one_that_was_not(tmp_path, clip, straight, number):
    """The same frames and the same audio, wherever it was cut off: in ffmpeg's work, or between two steps of ours."""
    share = (number // 2 + random.Random(number).random()) / (KILLS // 2)
    if number % 2:
        _kill_after(share * straight.length_s, _command(clip, tmp_path))
    else:
        _kill_at(1 + int(share * (straight.acts - 1)), _command(clip, tmp_path))
    resumed = subprocess.run(_command(clip, tmp_path), check=True, capture_output=True, text=True, timeout=HANGS_S)
    assert (straight.frames, "") == (_frames(tmp_path), resumed.stderr)
    assert ["clip"] == [path.name for path in tmp_path.iterdir()]
