"""CPU time of `convert --copy-top auto` over that of `convert` on a source whose own video players can take.

    python benchmarks/copy_top.py [--source FILE] [--seconds 60] [--presets veryfast,medium]

Without --source the shipped sample is looped and scaled to 1080p25 at 4.5 Mb/s with a keyframe every two seconds.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from sources import looped

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.media.ffmpeg.process import ffmpeg_version, find_ffmpeg  # noqa: E402
from pipeline.media.source.probe import probe  # noqa: E402  # the path above must be set first


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--source", type=Path, help="a video of H.264 that can be kept (default: the shipped sample, looped and scaled)"
    )
    parser.add_argument(
        "--seconds", type=float, default=60, help="how long the clip that is made lasts (default: %(default)s)"
    )
    parser.add_argument(
        "--presets", default="veryfast,medium", help="which of x264's presets to measure (default: %(default)s)"
    )
    options = parser.parse_args()
    ffmpeg = find_ffmpeg("")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = options.source or make_source(ffmpeg, options.seconds, folder)
        media = probe(source)
        assert media.video is not None
        size, rate = f"{media.video.width}x{media.video.height}", (media.video.bit_rate or 0) / 1e6
        write(f"{ffmpeg_version(ffmpeg)}\nsource: {size}, {media.duration_s:.1f} s, {rate:.1f} Mb/s")
        for preset in options.presets.split(","):
            encoded = cpu_seconds(source, folder, preset, "off")
            kept = cpu_seconds(source, folder, preset, "auto")
            write(
                f"{preset:<10} encoded {encoded:7.1f} CPU s   kept {kept:7.1f} CPU s   "
                f"kept / encoded = {kept / encoded:.3f}"
            )


def make_source(ffmpeg: Path, seconds: float, folder: Path) -> Path:
    """Return a clip like one that was exported for the web."""
    rates = ["-b:v", "4500k", "-maxrate", "5M", "-bufsize", "5M", "-g", "50", "-sc_threshold", "0"]
    return looped(ffmpeg, ROOT / "samples" / "welcome.mp4", seconds, folder, rates)


def cpu_seconds(source: Path, folder: Path, preset: str, copy_top: str) -> float:
    """Convert; return the user and system seconds of it and of all its children."""
    command = [
        sys.executable,
        str(ROOT / "hls_converter.py"),
        "convert",
        str(source),
        "-o",
        str(folder / "out"),
        "--fresh",
    ]
    chosen = ["--encoder", "cpu", "--preset", preset, "--copy-top", copy_top]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *chosen], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if ("is the original video" in done.stdout + done.stderr) != (copy_top == "auto"):
        raise SystemExit(f"The video of {source} was not kept:\n{done.stdout}{done.stderr}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
