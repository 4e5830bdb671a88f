"""Time and memory of reading a long source through, and of deciding where it is cut.

    python benchmarks/scan.py [--hours 10] [--containers mkv,ts,mp4]

A minute of 64x64 at 30 fps with AAC is looped by copying its packets: as many packets as a real recording has, in few
bytes. Each container is read in a process of its own. Of MP4, ffmpeg keeps the whole index in memory: what opening the
file takes by itself is printed beside it.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.cancel import CancelToken  # noqa: E402  # the path above must be set first
from pipeline.job import Job  # noqa: E402
from pipeline.media.encode.chunks import cut  # noqa: E402
from pipeline.media.ffmpeg.process import find_ffmpeg  # noqa: E402
from pipeline.media.source.packet_scan import scan  # noqa: E402
from pipeline.media.source.probe import probe  # noqa: E402
from pipeline.plan import make_plan  # noqa: E402

VIDEO = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=30:duration=60")
AUDIO = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=60")
ENCODED = (
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-g",
    "60",
    "-bf",
    "2",
    "-pix_fmt",
    "yuv420p",
    "-c:a",
    "aac",
    "-b:a",
    "64k",
)


def main() -> None:
    """Make the sources and read each of them in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=10, help="how long the source is (default: %(default)s)")
    parser.add_argument(
        "--containers", default="mkv,ts,mp4", help="which containers, by their endings (default: %(default)s)"
    )
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--open", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.read is not None:
        read(options.read)
    elif options.open is not None:
        open_only(options.open)
    else:
        with tempfile.TemporaryDirectory() as name:
            for container in options.containers.split(","):
                source = make_source(Path(name), options.hours, container)
                for what in ("--open", "--read"):
                    subprocess.run([sys.executable, __file__, what, str(source)], check=True)
                source.unlink()


def make_source(folder: Path, hours: float, container: str) -> Path:
    """Return a source of so many hours, made by copying one minute again and again."""
    ffmpeg, minute, target = str(find_ffmpeg("")), folder / "minute.mp4", folder / f"long.{container}"
    subprocess.run([ffmpeg, "-v", "error", "-y", *VIDEO, *AUDIO, *ENCODED, str(minute)], check=True)
    looped = ["-stream_loop", str(round(hours * 60) - 1), "-i", str(minute), "-c", "copy", str(target)]
    subprocess.run([ffmpeg, "-v", "error", "-y", *looped], check=True)
    return target


def open_only(source: Path) -> None:
    """Open a source as the scan does, and print the most memory that the process had."""
    import av

    with av.open(str(source)):
        write(f"{source.suffix:<5} opened:                           {peak_mb():4d} MB at most")


def read(source: Path) -> None:
    """Read a source through and cut it; print what that took, and the most memory that the process had."""
    media = probe(source)
    clock, cpu = time.monotonic(), time.process_time()
    found = scan(media, CancelToken())
    cutting = cut(make_plan(Job(source=source, output_dir=source.parent, slug="long"), media), found, cores=2)
    clock, cpu = time.monotonic() - clock, time.process_time() - cpu
    took = f"{cpu:5.1f} CPU s, {clock:5.1f} s by the clock, {peak_mb():4d} MB at most"
    write(f"{source.suffix:<5} read: {took} ({len(found.frames):,} frames, {len(cutting.chunks)} chunks)")


def peak_mb() -> int:
    """Return the most memory that this process had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most >> 20 if sys.platform == "darwin" else most >> 10


def write(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
