"""Two workers of a queue, each held to one core, beside one; and what a job costs there beyond a run without a queue.

    python benchmarks/cluster.py --engine postgresql://owner@host/database [--videos 8] [--seconds 10] [--rounds 2]
        [--captions] [--figures FILE]

The database is empty, and the address its owner's. A round has the same videos done by a plain `convert --jobs 1` held
to one core, by one worker, and by two, in an order that turns from round to round; they encode and upload to the
program's own backend, with `--captions` they transcribe too, by `tiny.en`. Workers are connected before the time
begins. Prints wall seconds, the ratio within each round, and the CPU seconds that an hour of video takes one worker: in
ffmpeg, in Whisper's process, and in its own. With a few short videos, that Whisper is started counts for more than it
would in an hour. `--figures` keeps the medians of all rounds for `costing.py`.

The videos are those of `batch.py`. Linux alone: it holds processes to cores with `taskset`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

import psutil
from batch import ROOT, SPEECH_DATA, TOKEN, backend, line, make_videos
from cluster_figures import ClusterFigures, write_figures

HOUR_S = 3600.0


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where all runs work, and on what: `url` is the queue's address, `store` the backend's."""

    folder: Path
    url: str
    store: str
    videos: int
    seconds: float = 0.0
    captions: bool = False

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of a machine with folders of its own."""
        own = {"BACKEND_URL": self.store, "AUTH_TOKEN": TOKEN, "XDG_DATA_HOME": str(self.folder / name)}
        return {**os.environ, **own, "SOURCE_ROOTS": f"course={self.folder / 'course'};speech={SPEECH_DATA}"}


@dataclass(frozen=True, kw_only=True)
class WorkerCost:
    """CPU seconds of a worker: of its ffmpegs, of its Whisper process, and of itself."""

    ffmpeg_s: float = 0.0
    whisper_s: float = 0.0
    own_s: float = 0.0

    @classmethod
    def of(cls, worker: int) -> WorkerCost:
        """Return what a worker without work has spent so far.

        Where there is memory for Whisper beside an encode, it lives as long as the worker: the children that have ended
        are ffmpegs.
        """
        process = psutil.Process(worker)
        times = process.cpu_times()
        living = [child.cpu_times() for child in process.children()]
        return cls(
            ffmpeg_s=times.children_user + times.children_system,
            whisper_s=sum(one.user + one.system + one.children_user + one.children_system for one in living),
            own_s=times.user + times.system,
        )

    def __sub__(self, before: WorkerCost) -> WorkerCost:
        return WorkerCost(
            ffmpeg_s=self.ffmpeg_s - before.ffmpeg_s,
            whisper_s=self.whisper_s - before.whisper_s,
            own_s=self.own_s - before.own_s,
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", required=True, metavar="URL", help="of an empty database, as its owner")
    parser.add_argument("--videos", type=int, default=8, help="how many (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each is (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=2, help="how often all is done (default: %(default)s)")
    parser.add_argument("--captions", action="store_true", help="transcribe the videos too")
    parser.add_argument("--figures", type=Path, metavar="FILE", help="write what was measured into this file")
    options = parser.parse_args()
    subprocess.run(program("cluster", "init", "--engine", options.engine), check=True)
    line(f"{options.videos} videos of {options.seconds:g} s; load {os.getloadavg()[0]:.0f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as name, backend(Path(name) / "store") as store:
        make_videos(Path(name) / "course", options.videos, options.seconds, options.seconds)
        bench = Bench(
            folder=Path(name),
            url=options.engine,
            store=store,
            videos=options.videos,
            seconds=options.seconds,
            captions=options.captions,
        )
        rounds = [measure_round(bench, number) for number in range(options.rounds)]
    if options.figures is not None:
        write_figures(medians(rounds), options.figures)


def measure_round(bench: Bench, number: int) -> ClusterFigures:
    """Measure and print a round; return its figures."""
    ways = {"plain": (), "one worker": (0,), "two workers": (0, 1)}
    wall_s, cost = {}, WorkerCost()
    for way in list(ways)[:: -1 if number % 2 else 1]:
        prefix = f"videos/{number}-{way.replace(' ', '-')}/"
        with workers(bench, ways[way]) as running:
            held = [] if running else ["taskset", "--cpu-list", "0"]
            before = [WorkerCost.of(process.pid) for process in running]
            wall_s[way] = convert(bench, held, prefix, queued=bool(running))
            if way == "one worker":
                cost = WorkerCost.of(running[0].pid) - before[0]
    length_h = bench.videos * bench.seconds / HOUR_S
    figures = ClusterFigures(
        encode_s=cost.ffmpeg_s / length_h,
        speech_s=cost.whisper_s / length_h,
        rest_s=cost.own_s / length_h,
        overhead_s=(wall_s["one worker"] - wall_s["plain"]) / bench.videos,
        one_worker=length_h * HOUR_S / wall_s["one worker"],
        two_workers=length_h * HOUR_S / wall_s["two workers"],
    )
    ratio = figures.two_workers / figures.one_worker
    each = ", ".join(f"{way} {wall_s[way]:.1f} s" for way in ways)
    costs = f"a job costs {figures.overhead_s:+.2f} s more than without a queue"
    line(f"round {number + 1}: {each}; ratio {ratio:.2f}; {costs}")
    line(
        f"an hour of video takes one worker {figures.cpu_s:.0f} CPU s: ffmpeg {figures.encode_s:.0f}, "
        f"Whisper {figures.speech_s:.0f}, the rest {figures.rest_s:.0f}"
    )
    return figures


def medians(rounds: Sequence[ClusterFigures]) -> ClusterFigures:
    """Return the median of each figure; a queue that seems to make jobs shorter costs nothing."""
    found = {
        entry.name: median(getattr(one, entry.name) for one in rounds)
        for entry in fields(ClusterFigures)
        if entry.name != "schema"
    }
    return ClusterFigures(**{**found, "overhead_s": max(0.0, found["overhead_s"])})


def convert(bench: Bench, held: Sequence[str], prefix: str, *, queued: bool) -> float:
    """Have all videos converted and uploaded; return how long that took, in seconds."""
    out = bench.folder / "out"
    arguments = program("convert", str(bench.folder / "course"), "-o", str(out), "--upload", prefix)
    arguments += ["--encoder", "cpu", "--preset", "veryfast", "--no-mp4"]
    arguments += ["--transcribe", "--model", str(SPEECH_DATA / "tiny.en")] if bench.captions else []
    arguments += ["--engine", bench.url] if queued else ["--jobs", "1"]
    began_s = time.perf_counter()
    subprocess.run([*held, *arguments], env=bench.environment("editor"), stdout=subprocess.DEVNULL, check=True)
    took_s = time.perf_counter() - began_s
    shutil.rmtree(out, ignore_errors=True)
    return took_s


@contextlib.contextmanager
def workers(bench: Bench, cores: Sequence[int]) -> Iterator[list[subprocess.Popen[str]]]:
    """Have a worker on each of these cores, connected when the block begins, which gets their processes."""
    started = []
    with contextlib.ExitStack() as running:
        for core in cores:
            name = f"core{core}"
            arguments = program("worker", "--engine", bench.url, "--name", name)
            process = subprocess.Popen(
                ["taskset", "--cpu-list", str(core), *arguments],
                env=bench.environment(name),
                stdout=subprocess.PIPE,
                text=True,
            )
            running.callback(process.communicate)
            running.callback(process.send_signal, signal.SIGTERM)
            started.append(process)
            assert process.stdout is not None
            assert " works for " in process.stdout.readline()
        yield started


def program(*arguments: str) -> list[str]:
    """Return how the program is called."""
    return [sys.executable, str(ROOT / "hls_converter.py"), *arguments]


if __name__ == "__main__":
    main()
