"""CPU time of a whole `convert` over that of bare ffmpeg commands that do the same encoding work.

    python benchmarks/encode.py [--source FILE] [--seconds 60] [--runs 1]

Prints two ratios: over one bare command that decodes once and encodes the same renditions to nowhere (the limit), and
over one command a quality plus a separate MP4. Without --source the shipped sample is looped and scaled to 1080p25.
"""

from __future__ import annotations

import argparse
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.media import encode  # noqa: E402  # the path above must be set first
from pipeline.media.probe import probe  # noqa: E402
from pipeline.media.process import ffmpeg_version, find_ffmpeg, printable  # noqa: E402
from pipeline.model import Job, Plan  # noqa: E402
from pipeline.plan import make_plan  # noqa: E402

QUALITIES = ("1080p", "720p", "480p")
PRESET = "veryfast"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, help="a video of at least 1080p (default: the shipped sample, looped and scaled)")
    parser.add_argument("--seconds", type=float, default=60, help="how much of the source to use (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="rounds; medians are printed (default: %(default)s)")
    options = parser.parse_args()
    ffmpeg = find_ffmpeg("")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = make_source(ffmpeg, options.source or ROOT / "samples" / "welcome.mp4", options.seconds, folder)
        plan = make_plan(Job(source=source, output_dir=folder / "out", slug="clip", qualities=QUALITIES, preset=PRESET), probe(source))
        write(f"{ffmpeg_version(ffmpeg)}\nsource: {plan.media.video.width}x{plan.media.video.height}, {plan.media.duration_s:.1f} s")
        write(f"renditions: {', '.join(r.name for r in plan.renditions)}; preset {PRESET}\n")
        compare(ffmpeg, plan, folder, options.runs)


def compare(ffmpeg: Path, plan: Plan, folder: Path, runs: int) -> None:
    """Run each variant in turn and print medians and ratios."""
    bare = [str(ffmpeg), "-v", "error", "-y", *to_nowhere(plan)]
    write("(a) decode once, encode the same renditions to nowhere:\n" + printable(bare) + "\n")
    variants: dict[str, Callable[[], float]] = {
        "convert": lambda: cpu_seconds([convert_command(plan, folder)], folder),
        "(a) bare": lambda: cpu_seconds([bare], folder),
        "(b) one a quality + MP4": lambda: cpu_seconds(one_each(ffmpeg, plan, folder), folder),
    }
    figures: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(runs):
        for name, measure in variants.items():
            figures[name].append(measure())
    medians = {name: statistics.median(values) for name, values in figures.items()}
    for name, values in figures.items():
        write(f"{name:<26}{medians[name]:8.1f} CPU s   (of {', '.join(f'{v:.1f}' for v in values)})")
    ours = medians["convert"]
    write(f"\nconvert / (a) = {ours / medians['(a) bare']:.3f}    convert / (b) = {ours / medians['(b) one a quality + MP4']:.3f}")


def make_source(ffmpeg: Path, path: Path, seconds: float, folder: Path) -> Path:
    """Return a 1080p25 clip of the wanted length: `path` itself, or what is looped and scaled from it.

    What is made is like an editor's master, 50 Mb/s and with a little grain: how much a source costs to decode decides
    what one decode for all saves.
    """
    media = probe(path)
    if min(media.video.width, media.video.height) >= 1080 and abs((media.duration_s or 0) - seconds) < 1:
        return path
    target = folder / "source.mp4"
    picture = ["-vf", "scale=1920:1080,fps=25,noise=alls=8:allf=t", "-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    rates = ["-b:v", "50M", "-maxrate", "60M", "-bufsize", "60M", "-c:a", "aac", "-ac", "2"]
    looped = [str(ffmpeg), "-v", "error", "-y", "-stream_loop", "-1", "-i", str(path), "-t", str(seconds), *picture, *rates, str(target)]
    subprocess.run(looped, check=True)
    return target


def to_nowhere(plan: Plan) -> list[str]:
    """Return the arguments of the program's own command with nothing written."""
    arguments = encode.hls_arguments(plan)
    arguments[arguments.index("tee")] = "null"
    return [*arguments[:-1], "-"]


def one_each(ffmpeg: Path, plan: Plan, folder: Path) -> list[list[str]]:
    """Return a command a quality and one for the MP4, each decoding the source anew."""
    commands = []
    for r in plan.renditions:
        (folder / r.name).mkdir(exist_ok=True)
        commands.append([str(ffmpeg), "-v", "error", "-y", *encode.hls_arguments(replace(plan, renditions=(r,)))])
    assert plan.mp4 is not None
    commands.append([str(ffmpeg), "-v", "error", "-y", *encode.mp4_arguments(plan, plan.mp4.rendition, "separate.mp4")])
    return commands


def convert_command(plan: Plan, folder: Path) -> list[str]:
    """Return the command an editor would type."""
    launcher = str(ROOT / "hls-converter")
    chosen = ["--qualities", ",".join(QUALITIES), "--preset", PRESET, "--no-transcribe", "--fresh"]
    return [launcher, "convert", str(plan.media.path), "-o", str(folder / "out"), *chosen]


def cpu_seconds(commands: Sequence[Sequence[str]], folder: Path) -> float:
    """Run commands one after the other; return the user and system seconds of them and of all their children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
