"""How long it takes from Ctrl-C in `convert --engine` until no ffmpeg is left on the worker that has the video.

    python benchmarks/cancel.py --engine postgresql://owner@host/database [--rounds 5] [--preset slow]

The database is empty, and the address its owner's. Each round adds a minute of 1920x1080 with grain, waits until the
worker's ffmpeg has worked on it for some seconds, and sends Ctrl-C. With a slow preset ffmpeg has much in hand that it
would still encode. Prints, in seconds from Ctrl-C: when the queue had the request, when the last ffmpeg was gone, and
when `convert` had ended; then the longest time until ffmpeg was gone, which is to be less than 2 s.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
from batch import backend, line
from cluster import Bench, program

from pipeline.media.ffmpeg.process import find_ffmpeg

LOOK_S = 0.01
"""How often it is looked whether ffmpeg is gone, in seconds."""

WORKED_S = 5.0
"""So many CPU seconds of ffmpeg are an encode that is well under way."""

PATIENCE_S = 120.0
"""How long anything that is waited for may take, in seconds."""

ASKED = "SELECT count(*) > 0 FROM procrastinate_jobs WHERE abort_requested AND status = 'doing'"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", required=True, metavar="URL", help="of an empty database, as its owner")
    parser.add_argument("--rounds", type=int, default=5, help="how often (default: %(default)s)")
    parser.add_argument("--preset", default="slow", help="x264's (default: %(default)s)")
    options = parser.parse_args()
    subprocess.run(program("cluster", "init", "--engine", options.engine), check=True)
    line(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name, backend(Path(name) / "store") as store:
        bench = Bench(folder=Path(name), url=options.engine, store=store, videos=1)
        make_video(Path(name) / "course")
        arguments = program("worker", "--engine", bench.url, "--name", "worker", "--drain", "0")
        with subprocess.Popen(arguments, env=bench.environment("worker"), stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            assert " works for " in worker.stdout.readline()
            try:
                longest_s = max(measure(bench, worker.pid, number, options.preset) for number in range(options.rounds))
            finally:
                worker.terminate()
                worker.communicate()
    line(f"ffmpeg gone after {longest_s:.2f} s at most")


def make_video(folder: Path) -> None:
    """Make what is to be converted."""
    folder.mkdir()
    pictures = ["-f", "lavfi", "-i", "testsrc2=s=1920x1080:r=25:d=60", "-vf", "noise=alls=6:allf=t"]
    coding = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "8M", "-pix_fmt", "yuv420p"]
    subprocess.run(
        [str(find_ffmpeg("")), "-v", "error", "-y", *pictures, *coding, str(folder / "lesson.mp4")], check=True
    )


def measure(bench: Bench, worker: int, number: int, preset: str) -> float:
    """Cancel once, and print; return when the last ffmpeg was gone, in seconds from Ctrl-C."""
    arguments = program("convert", str(bench.folder / "course" / "lesson.mp4"), "-o", str(bench.folder / "out"))
    arguments += ["--upload", f"videos/{number}/", "--encoder", "cpu", "--preset", preset, "--no-mp4"]
    arguments += ["--engine", bench.url]
    with (
        subprocess.Popen(arguments, env=bench.environment("editor"), stdout=subprocess.DEVNULL) as process,
        contextlib.ExitStack() as ended,
        psycopg.connect(bench.url, autocommit=True) as database,
    ):
        ended.callback(process.kill)
        wait_until(lambda: cpu_s(worker) > WORKED_S)
        began_s = time.perf_counter()
        process.send_signal(signal.SIGINT)
        wait_until(lambda: database.execute(ASKED).fetchone() == (True,) or not encoders(worker))
        asked_s = time.perf_counter() - began_s
        wait_until(lambda: not encoders(worker))
        gone_s = time.perf_counter() - began_s
        process.wait(PATIENCE_S)
        ended_s = time.perf_counter() - began_s
    line(f"the queue knew after {asked_s:.2f} s, ffmpeg was gone after {gone_s:.2f} s, convert after {ended_s:.2f} s")
    return gone_s


def cpu_s(worker: int) -> float:
    """Return how long the worker's ffmpegs have worked, in CPU seconds."""
    spent_s = 0.0
    for one in encoders(worker):
        with contextlib.suppress(psutil.NoSuchProcess):
            spent_s += one.cpu_times().user
    return spent_s


def encoders(worker: int) -> list[psutil.Process]:
    """Return the worker's ffmpegs that run."""
    found = []
    for child in psutil.Process(worker).children(recursive=True):
        try:
            if "ffmpeg" in child.name() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what another process does."""
    end_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end_s
        time.sleep(LOOK_S)


if __name__ == "__main__":
    main()
