"""A course of short videos converted, captioned and uploaded in one run, beside the least that its work takes.

    python benchmarks/batch.py [--videos 57] [--jobs auto] [--preset veryfast] [--seconds 5-20] [--keep FOLDER]

The least is a script of two threads: one bare ffmpeg a video (the same renditions, the same x264, one AAC, segments and
the same MP4), and faster-whisper, loaded once, over all of them with its defaults. It checks nothing and uploads
nothing. The program does all that it does by default, with captions by the same model, and uploads to its own backend,
which runs in a process of its own that is not counted. Prints wall and CPU seconds of both, their ratios, the most
memory that the program's processes had together, and how long a second run takes that finds all done.

The videos have moving pictures with grain, 1280x720 at 25 frames a second, and the LibriVox recordings that ./run-tests
fetches, each beginning with another one, again and again in a video that is longer than all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from bare_commands import from_source_graph, x264

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from backend.state.storage_root import init_root  # noqa: E402
from config import Config  # noqa: E402  # the path above must be set first
from pipeline import wiring  # noqa: E402
from pipeline.inputs import Input  # noqa: E402
from pipeline.job import EncodingRequest, Job  # noqa: E402
from pipeline.media.ffmpeg.process import find_ffmpeg  # noqa: E402
from pipeline.model import Plan  # noqa: E402

SPEECH_DATA = Path(sys.prefix) / "speech-data"
TOKEN = "a-token-for-the-benchmark-of-many-videos"
SAMPLE_S = 0.25
"""How often memory and CPU time are looked at."""

LISTENER = """
import sys
from faster_whisper import WhisperModel
model = WhisperModel(sys.argv[1], device="cpu", compute_type="int8", cpu_threads=int(sys.argv[2]))
for name in sys.argv[3:]:
    with open(name + ".txt", "w") as out:
        for segment in model.transcribe(name)[0]:
            out.write(f"{segment.start:.3f} {segment.end:.3f} {segment.text}\\n")
"""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a program and all that it starts took: wall and CPU seconds, the part of the first process itself, and the
    most memory of all together.
    """

    wall_s: float
    cpu_s: float
    own_s: float = 0.0
    peak_bytes: int = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--videos", type=int, default=57, help="how many (default: %(default)s)")
    parser.add_argument("--seconds", default="5-20", help="how long they are, from-to (default: %(default)s)")
    parser.add_argument("--jobs", default="auto", help="of the program (default: %(default)s)")
    parser.add_argument("--preset", default="veryfast", help="of all encodes (default: %(default)s)")
    parser.add_argument("--model", type=Path, default=SPEECH_DATA / "tiny.en", help="a CTranslate2 folder")
    parser.add_argument("--profile", type=Path, help="write a profile of the program's own process into this file")
    parser.add_argument("--only", choices=["ours", "bare"], help="measure only this")
    options = parser.parse_args()
    shortest, longest = (float(part) for part in options.seconds.split("-"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        videos = make_videos(folder / "course", options.videos, shortest, longest)
        described = [wiring.describe_source(Input(source=video, slug=""), Config()) for video in videos]
        length_s = sum(media.duration_s or 0.0 for media in described)
        line(f"{len(videos)} videos, {length_s:.0f} s in all; preset {options.preset}; {os.cpu_count()} cores")
        line(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}")
        bare = None if options.only == "ours" else measure_bare(videos, folder, options)
        if options.only != "bare":
            with backend(folder / "store") as url:
                ours = measure_ours(videos, folder, url, options)
                again = measure_ours(videos, folder, url, options)
            show("the program", ours)
            line(f"{'a second run':24} wall {again.wall_s:7.1f} s   CPU {again.cpu_s:7.1f} s")
            if bare is not None:
                line(f"ratio to bare: wall {ours.wall_s / bare.wall_s:.2f}, CPU {ours.cpu_s / bare.cpu_s:.2f}")


def make_videos(folder: Path, count: int, shortest: float, longest: float) -> list[Path]:
    """Return so many videos, their lengths spread evenly."""
    folder.mkdir()
    recordings = sorted((SPEECH_DATA / "librivox").glob("*.wav"))
    videos = []
    for number in range(count):
        seconds = shortest + (longest - shortest) * ((number * 7) % count) / max(1, count - 1)
        speech = [recordings[(number + turn) % len(recordings)] for turn in range(len(recordings))]
        inputs = [part for recording in speech for part in ("-i", str(recording))]
        joined = "".join(f"[{turn + 1}:a]" for turn in range(len(speech)))
        graph = f"[0:v]noise=alls=6:allf=t[v];{joined}concat=n={len(speech)}:v=0:a=1,aloop=loop=-1:size=2e9[a]"
        video = folder / f"lesson{number + 1:02d}.mp4"
        pictures = ["-f", "lavfi", "-i", f"testsrc2=s=1280x720:r=25:d={seconds:.2f}"]
        coding = ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "6M", "-pix_fmt", "yuv420p", "-c:a", "aac"]
        command = [str(find_ffmpeg("")), "-v", "error", "-y", *pictures, *inputs, "-filter_complex", graph]
        command += ["-map", "[v]", "-map", "[a]", "-ar", "48000", "-t", f"{seconds:.2f}", *coding, str(video)]
        subprocess.run(command, check=True)
        videos.append(video)
    return videos


def measure_bare(videos: Sequence[Path], folder: Path, options: argparse.Namespace) -> Cost:
    """Run the script, print and return what it took."""
    plans = [plan_of(video, folder, options.preset) for video in videos]
    began_s, began_cpu_s = time.perf_counter(), children_cpu_s()
    encoding = threading.Thread(target=encode_all, args=(plans, folder / "bare"))
    encoding.start()
    listener = [sys.executable, "-c", LISTENER, str(options.model), str(os.cpu_count() or 1), *map(str, videos)]
    subprocess.run(listener, check=True)
    heard_s = time.perf_counter() - began_s
    encoding.join()
    cost = Cost(wall_s=time.perf_counter() - began_s, cpu_s=children_cpu_s() - began_cpu_s)
    for video in videos:
        Path(f"{video}.txt").unlink()
    line(f"{'bare':24} wall {cost.wall_s:7.1f} s   CPU {cost.cpu_s:7.1f} s   (all heard after {heard_s:.1f} s)")
    return cost


def plan_of(video: Path, folder: Path, preset: str) -> Plan:
    """Return what the program would make of a video."""
    job = Job(source=video, output_dir=folder / "out", slug=video.stem, encoding=EncodingRequest(preset=preset))
    return wiring.probe_and_plan(job, Config())


def encode_all(plans: Sequence[Plan], folder: Path) -> None:
    """Encode one video after another."""
    for plan in plans:
        target = folder / plan.job.slug
        target.mkdir(parents=True)
        for command in bare_commands(plan):
            subprocess.run([str(find_ffmpeg("")), "-v", "error", "-y", *command], cwd=target, check=True)


def bare_commands(plan: Plan) -> list[list[str]]:
    """Return the commands that make a stream and an MP4: every picture decoded once, the audio encoded once."""
    encode = ["-i", str(plan.media.path), "-filter_complex", from_source_graph(plan.renditions)]
    encode += [text for i in range(len(plan.renditions)) for text in ("-map", f"[v{i}]")]
    encode += ["-map", "0:a:0", *x264(plan, plan.renditions), "-c:a", "aac", "-b:a", "128k", "-ac", "2", "-ar", "48000"]
    streams = " ".join(f"v:{i},agroup:audio,name:{r.name}" for i, r in enumerate(plan.renditions))
    encode += ["-f", "hls", "-hls_time", str(plan.segment_s), "-hls_playlist_type", "vod"]
    encode += ["-hls_segment_filename", "%v/seg_%03d.ts", "-master_pl_name", "master.m3u8"]
    encode += ["-var_stream_map", f"{streams} a:0,agroup:audio,name:audio", "%v/index.m3u8"]
    if plan.mp4 is None:
        return [encode]
    inputs = ["-i", f"{plan.mp4.rendition.name}/index.m3u8", "-i", "audio/index.m3u8"]
    return [encode, [*inputs, "-c", "copy", "-movflags", "+faststart", "offline_480p.mp4"]]


def measure_ours(videos: Sequence[Path], folder: Path, url: str, options: argparse.Namespace) -> Cost:
    """Run the program and return what it took."""
    profiled = ["-m", "cProfile", "-o", str(options.profile)] if options.profile else []
    command = [sys.executable, *profiled, str(ROOT / "hls_converter.py"), "convert", str(folder / "course")]
    command += ["-o", str(folder / "out"), "--preset", options.preset, "--encoder", "cpu"]
    command += ["--transcribe", "--model", str(options.model), "--upload", "videos/course/"]
    command += [] if options.jobs == "none" else ["--jobs", options.jobs]
    own = {"BACKEND_URL": url, "AUTH_TOKEN": TOKEN, "XDG_DATA_HOME": str(folder / "data")}
    began_s, began_cpu_s = time.perf_counter(), children_cpu_s()
    with subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL) as process:
        watch = Watch(process.pid)
        status = process.wait()
        watch.end()
    if status:
        raise SystemExit(f"convert ended with status {status}")
    return Cost(
        wall_s=time.perf_counter() - began_s,
        cpu_s=children_cpu_s() - began_cpu_s,
        own_s=watch.own_s,
        peak_bytes=watch.peak_bytes,
    )


class Watch:
    """Looks at a process and those below it while they run."""

    def __init__(self, pid: int) -> None:
        self.own_s = 0.0
        self.peak_bytes = 0
        self._top = psutil.Process(pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self._thread.start()

    def end(self) -> None:
        """Look no more."""
        self._ended.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            with contextlib.suppress(psutil.Error):
                times = self._top.cpu_times()
                self.own_s = times.user + times.system
                total = 0
                for process in [self._top, *self._top.children(recursive=True)]:
                    with contextlib.suppress(psutil.Error):
                        total += process.memory_info().rss
                self.peak_bytes = max(self.peak_bytes, total)


@contextlib.contextmanager
def backend(folder: Path) -> Iterator[str]:
    """Yield the address of a reference backend in a process of its own, whose CPU time is counted when it has ended."""
    command = [sys.executable, str(ROOT / "hls_converter.py"), "backend", "--port", "0", "--root", str(folder)]
    environment = {**os.environ, "AUTH_TOKEN": TOKEN}
    init_root(folder)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield next(word for text in process.stdout for word in text.split() if word.startswith("http://"))
        finally:
            process.terminate()


def children_cpu_s() -> float:
    """Return the CPU seconds of all children that have ended, and of theirs."""
    times = os.times()
    return times.children_user + times.children_system


def show(title: str, cost: Cost) -> None:
    """Print what something took."""
    line(
        f"{title:24} wall {cost.wall_s:7.1f} s   CPU {cost.cpu_s:7.1f} s, its own process {cost.own_s:.1f} s   "
        f"at most {cost.peak_bytes / 1e6:.0f} MB"
    )


def line(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
