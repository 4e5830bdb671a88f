"""CPU and wall time of several short videos with captions in one run, and in a run for each.

    python benchmarks/several_videos.py [--model FOLDER] [--runs 3] [--beside CHECKOUT]

The videos are the LibriVox recordings that ./run-tests fetches, each with a moving picture of 640x360; they are
converted to one quality, without the MP4. What is compared takes turns, another version of the program too.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.media.ffmpeg.process import find_ffmpeg  # noqa: E402  # the path above must be set first

SPEECH_DATA = Path(sys.prefix) / "speech-data"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """User and system seconds of a run and of all that it starts, and how long it took."""

    cpu_s: float
    wall_s: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, default=SPEECH_DATA / "tiny.en", help="a CTranslate2 folder")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--beside", type=Path, help="the folder of another version of the program")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = make_videos(folder)
        costs: dict[str, list[Cost]] = {}
        for _ in range(options.runs):
            for program in [ROOT, *([options.beside] if options.beside else [])]:
                title = "this version" if program == ROOT else "the other"
                for work in ("convert", "transcribe"):
                    cost = measured(program, work, videos, options.model, folder)
                    costs.setdefault(f"{title}, {work}, one run of all", []).append(cost)
                    alone = [measured(program, work, [video], options.model, folder) for video in videos]
                    total = Cost(cpu_s=sum(c.cpu_s for c in alone), wall_s=sum(c.wall_s for c in alone))
                    costs.setdefault(f"{title}, {work}, a run for each", []).append(total)
        for title, found in costs.items():
            cpu, wall = [c.cpu_s for c in found], [c.wall_s for c in found]
            line(
                f"{title:42} CPU {median(cpu):6.1f} s ({min(cpu):.1f} to {max(cpu):.1f})   "
                f"wall {median(wall):6.1f} s ({min(wall):.1f} to {max(wall):.1f})"
            )


def make_videos(folder: Path) -> list[Path]:
    """Return a video of each recording."""
    videos = []
    for number, recording in enumerate(sorted((SPEECH_DATA / "librivox").glob("*.wav"))):
        video = folder / "course" / f"lesson{number + 1}.mp4"
        video.parent.mkdir(exist_ok=True)
        picture = ["-f", "lavfi", "-i", "testsrc2=s=640x360:r=25"]
        coding = ["-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-shortest", str(video)]
        command = [str(find_ffmpeg("")), "-v", "error", "-y", *picture, "-i", str(recording), *coding]
        subprocess.run(command, check=True)
        videos.append(video)
    return videos


def measured(program: Path, work: str, videos: Sequence[Path], model: Path, folder: Path) -> Cost:
    """Let a version of the program do the work on the videos."""
    command = [sys.executable, str(program / "hls_converter.py"), work, *map(str, videos), "--model", str(model)]
    with tempfile.TemporaryDirectory(dir=folder) as output:
        command += ["-o", output]
        if work == "convert":
            command += ["--transcribe", "--no-mp4", "--qualities", "360p", "--preset", "veryfast", "--encoder", "cpu"]
        before, began_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wall_s, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu_s=cpu_s, wall_s=wall_s)


def line(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
