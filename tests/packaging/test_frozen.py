"""The program as one executable without a Python beside it: what it starts besides itself starts and ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import frozen_program
import imageio_ffmpeg
import psutil
import pytest
import stand_in_ffmpeg

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the pretended executable is a shell script")

DEADLINE_S = 300
HANGING = "h264_nvenc"


@pytest.fixture
def frozen(tmp_path):
    """The frozen program."""
    return frozen_program.make(tmp_path)


def test_whisper(frozen, sample, small_model, tmp_path):
    """Transcripts are made by a second start of the executable, which is told to be Whisper's worker: one for all."""
    other = Path(shutil.copy(sample, tmp_path / "other.mp4"))
    fast = ["--qualities", "360p", "--preset", "ultrafast", "--no-mp4"]
    convert = ["convert", sample, other, "-o", tmp_path / "out", *fast]
    command = [frozen, *convert, "--transcribe", "--model", small_model]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_S)
    assert (0, "") == (done.returncode, done.stderr)
    said = sample.with_suffix(".txt").read_text(encoding="utf-8").split()
    heard = [path.read_text(encoding="utf-8").split() for path in (tmp_path / "out").rglob("transcript.txt")]
    assert [said, said] == heard
    assert ["['whisper-worker']"] == frozen_program.starts(frozen)[1:]


def test_whisper_of_transcripts_alone(frozen, sample, small_model, tmp_path):
    """`transcribe` has one for all of its files, too."""
    other = Path(shutil.copy(sample, tmp_path / "other.mp4"))
    command = [frozen, "transcribe", sample, other, "-o", tmp_path / "out", "--model", small_model, "--format", "txt"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=DEADLINE_S)
    assert (0, "") == (done.returncode, done.stderr)
    assert (2, ["['whisper-worker']"]) == (
        len(list((tmp_path / "out").rglob("*.txt"))),
        frozen_program.starts(frozen)[1:],
    )


def test_watchdog(frozen, sample, tmp_path):
    """When the executable is killed, its ffmpeg ends, though that is deaf to everything else."""
    ffmpeg = stand_in_ffmpeg.make(
        tmp_path / "ffmpeg", Path(imageio_ffmpeg.get_ffmpeg_exe()), stand_in_ffmpeg.Orders(hangs=(HANGING,))
    )
    command = [frozen, "convert", sample, "-o", tmp_path / "out", "--encoder", "nvidia"]
    with subprocess.Popen(command, env={**os.environ, "FFMPEG_PATH": str(ffmpeg)}, stdout=-1, stderr=-1) as program:
        until(lambda: HANGING in stand_in_ffmpeg.encodes(ffmpeg))
        left = psutil.Process(program.pid).children(recursive=True)
        program.kill()
    _, alive = psutil.wait_procs(left, timeout=DEADLINE_S)
    assert (True, []) == (bool(left), alive)


def until(condition):
    """Wait for what another process does."""
    waiting = threading.Event()
    for _ in range(DEADLINE_S * 100):
        if condition():
            return
        waiting.wait(0.01)
    raise TimeoutError
