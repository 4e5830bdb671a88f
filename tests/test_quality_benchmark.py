"""The benchmark of size and quality runs, and its figures are what its text says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import imageio_ffmpeg

ROOT = Path(__file__).resolve().parents[1]


def test_a_row_is_printed_for_each_way(tmp_path):
    """Plain ABR is its own measure, and ours stands below it with bytes, VMAF and ratios."""
    source = tmp_path / "clip.mkv"
    video = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=size=160x90:rate=25:duration=2",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-crf",
        "1",
    ]
    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *video, str(source)], check=True)
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "quality.py"),
        "--source",
        str(source),
        "--preset",
        "ultrafast",
    ]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rows = {line[8:26].strip(): line[26:].split() for line in printed.splitlines() if line.startswith("90p")}
    plain, ours = rows["plain ABR"], rows["ours"]
    assert ["1.00", "0.00"] == plain[2:]
    assert f"{int(ours[0].replace(',', '')) / int(plain[0].replace(',', '')):.2f}" == ours[2]
