"""The program as an editor starts it, and small clips to give it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg

ROOT = Path(__file__).resolve().parents[2]


def command(*arguments: str | Path) -> list[str]:
    """Return the command line of the program in this environment."""
    return [sys.executable, str(ROOT / "hls_converter.py"), *map(str, arguments)]


def start(arguments: list[str], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start the program with its output as text. It hears Ctrl-C, as all that tests start: see tests/conftest.py."""
    return subprocess.Popen(arguments, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def make_clip(
    target: Path, *, seconds: float, size: str = "640x360", audio: str = "sine=frequency=440:sample_rate=48000"
) -> Path:
    """Make a test video with a tone (or what else `audio` says, nothing where it is empty); return its path."""
    video = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}"]
    tone = ["-f", "lavfi", "-i", audio, "-t", str(seconds), "-c:a", "aac"] if audio else []
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *video, *tone, *encode, f"file:{target}"], check=True
    )
    return target
