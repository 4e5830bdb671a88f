"""Sources for the benchmarks of encoding, made by ffmpeg from what is there."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.media.source.probe import probe


def make_source(ffmpeg: Path, path: Path, seconds: float, folder: Path) -> Path:
    """Return a 1080p25 clip of the wanted length: `path` itself, or what is looped and scaled from it.

    What is made is like an editor's master, 50 Mb/s and with a little grain: how much a source costs to decode decides
    what one decode for all saves.
    """
    media = probe(path)
    assert media.video is not None
    if min(media.video.width, media.video.height) >= 1080 and abs((media.duration_s or 0) - seconds) < 1:
        return path
    rates = ["-b:v", "50M", "-maxrate", "60M", "-bufsize", "60M"]
    return looped(ffmpeg, path, seconds, folder, rates)


def looped(ffmpeg: Path, path: Path, seconds: float, folder: Path, rates: Sequence[str]) -> Path:
    """Return a clip of the wanted length in `folder`: `path` looped and scaled to 1080p25, with a little grain.

    `rates` are ffmpeg's options for the bits of the video.
    """
    target = folder / "source.mp4"
    video = ["-vf", "scale=1920:1080,fps=25,noise=alls=8:allf=t"]
    video += ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    source = ["-stream_loop", "-1", "-i", str(path), "-t", str(seconds)]
    command = [str(ffmpeg), "-v", "error", "-y", *source, *video, *rates, "-c:a", "aac", "-ac", "2", str(target)]
    subprocess.run(command, check=True)
    return target


def make_long_source(ffmpeg: Path, path: Path, seconds: float, folder: Path) -> Path:
    """Return a minute of 1080p25 at 4 Mb/s, looped by copying its packets; `path` itself where it is long enough."""
    if (probe(path).duration_s or 0) >= seconds:
        return path
    minute, target = folder / "minute.mp4", folder / "long.mp4"
    video = [
        "-vf",
        "scale=1920:1080,fps=25",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "50",
        "-pix_fmt",
        "yuv420p",
        "-b:v",
        "4M",
    ]
    made = ["-stream_loop", "-1", "-i", str(path), "-t", "60", *video, "-c:a", "aac", "-ac", "2", str(minute)]
    looped = ["-stream_loop", str(round(seconds / 60) - 1), "-i", str(minute), "-c", "copy", str(target)]
    for arguments in (made, looped):
        subprocess.run([str(ffmpeg), "-v", "error", "-y", *arguments], check=True)
    return target
