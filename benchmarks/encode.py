"""CPU time of a whole `convert` over that of bare ffmpeg commands that do the same encoding work.

    python benchmarks/encode.py [--source FILE] [--seconds 60] [--rate-control crf|abr] [--runs 1]
    python benchmarks/encode.py --chunks [--source FILE] [--seconds 300]
    python benchmarks/encode.py --scaling [--source FILE] [--seconds 10]
    python benchmarks/encode.py --startup [--source FILE] [--seconds 7200]

Prints two ratios: over one bare command that decodes once, encodes the audio once and the same renditions to nowhere
(the limit), and over one command per quality plus a separate MP4. What the check of the stream and the measuring of the
loudness take is shown beside them. --chunks compares an encode in chunks with one in a single piece; --scaling shows
what scaling each quality from the next larger one costs in quality. --startup shows how long after the program was
started the first ffmpeg encodes a video of a long source, with audio in the video segments and in segments of its
own; the encode is ended then. For it a minute is made and looped by copying its packets. Without --source the shipped
sample is looped and scaled to 1080p25.
"""

from __future__ import annotations

import argparse
import contextlib
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bare_commands import from_larger_graph, from_source_graph, one_each, to_files, to_nowhere
from sources import make_long_source, make_source

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.cancel import CancelToken  # noqa: E402  # the path above must be set first
from pipeline.checkpoints import Checkpoints  # noqa: E402
from pipeline.engines.audio_pass import AudioPass  # noqa: E402
from pipeline.engines.tasks import audio_plan  # noqa: E402
from pipeline.job import EncodingRequest, Job, RateControl  # noqa: E402
from pipeline.media.encode.audio_coding import Length  # noqa: E402
from pipeline.media.encode.audio_encoder import Level  # noqa: E402
from pipeline.media.encode.vmaf import measure_vmaf  # noqa: E402
from pipeline.media.ffmpeg.process import ffmpeg_version, find_ffmpeg, printable  # noqa: E402
from pipeline.media.source.packet_scan import scan  # noqa: E402
from pipeline.media.source.probe import probe  # noqa: E402
from pipeline.model import Plan  # noqa: E402
from pipeline.plan import make_plan, plan_within_source  # noqa: E402

QUALITIES = ("1080p", "720p", "480p")
PRESET = "veryfast"
BLOCK_BYTES = 512
"""In what getrusage counts blocks that were written (getrusage(2) of Linux)."""

ONE_PIECE = (
    "import sys; sys.path.insert(0, {root!r}); from pipeline.media.encode import chunks;"
    " chunks.CHUNK_SEGMENTS = chunks.LEAST_SEGMENTS = 10**6;"
    " from hls_converter import main; sys.exit(main(sys.argv[1:]))"
)


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What commands took: CPU and wall seconds, bytes written to disk."""

    cpu_s: float
    wall_s: float
    written_bytes: int


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--source", type=Path, help="a video of at least 1080p (default: the shipped sample, looped and scaled)"
    )
    parser.add_argument(
        "--seconds",
        type=float,
        help="how much of the source (default: 60; chunks 300, scaling 10, startup 7200)",
    )
    parser.add_argument(
        "--rate-control",
        choices=[r.value for r in RateControl],
        default="crf",
        help="of all encodes (default: %(default)s)",
    )
    parser.add_argument("--preset", default=PRESET, help="of all encodes (default: %(default)s)")
    parser.add_argument("--runs", type=int, default=1, help="rounds; medians are printed (default: %(default)s)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--chunks", action="store_true", help="compare chunks with a single piece")
    what.add_argument("--scaling", action="store_true", help="compare ways of scaling by VMAF")
    what.add_argument("--startup", action="store_true", help="how soon the video of a long source is being encoded")
    options = parser.parse_args()
    seconds = options.seconds or (300 if options.chunks else 10 if options.scaling else 7200 if options.startup else 60)
    ffmpeg = find_ffmpeg("")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wanted = options.source or ROOT / "samples" / "welcome.mp4"
        source = (
            make_long_source(ffmpeg, wanted, seconds, folder)
            if options.startup
            else make_source(ffmpeg, wanted, seconds, folder)
        )
        encoding = EncodingRequest(preset=options.preset, rate_control=RateControl(options.rate_control))
        job = Job(source=source, output_dir=folder / "out", slug=source.stem, qualities=QUALITIES, encoding=encoding)
        plan = make_plan(job, probe(source))
        plan = plan_within_source(plan, scan(plan.media, CancelToken()))
        assert plan.media.video is not None
        write(
            f"{ffmpeg_version(ffmpeg)}\nsource: {plan.media.video.width}x{plan.media.video.height}, "
            f"{plan.media.duration_s:.1f} s"
        )
        write(
            f"renditions: {', '.join(r.name for r in plan.renditions)}; "
            f"{options.rate_control}, preset {options.preset}\n"
        )
        if options.chunks:
            compare_chunks(plan, folder, options.runs)
        elif options.scaling:
            compare_scaling(ffmpeg, plan, folder)
        elif options.startup:
            measure_startup(plan, folder, options.runs)
        else:
            compare(ffmpeg, plan, folder, options.runs)


def compare(ffmpeg: Path, plan: Plan, folder: Path, runs: int) -> None:
    """Run each variant in turn and print medians and ratios."""
    bare = [str(ffmpeg), "-v", "error", "-y", *to_nowhere(plan, plan.renditions)]
    write("(a) decode once, encode the audio once and the same renditions to nowhere:\n" + printable(bare) + "\n")
    checked = [str(ROOT / "hls-converter"), "validate", str(folder / "out" / plan.job.slug)]
    variants: dict[str, Callable[[], Cost]] = {
        "convert": lambda: cost([convert_command(plan)], folder),
        "(a) bare": lambda: cost([bare], folder),
        "(b) one a quality + MP4": lambda: cost(one_each(ffmpeg, plan), folder),
        "checking the stream": lambda: cost([checked], folder),
        "audio": lambda: audio_cost(plan, folder / "audio", measures=False),
        "audio, loudness measured": lambda: audio_cost(plan, folder / "measured", measures=True),
    }
    medians, costs = run_all(variants, runs)
    size_bytes = sum(path.stat().st_size for path in (folder / "out").rglob("*") if path.is_file())
    ours, extra = (
        medians["convert"],
        medians["checking the stream"] + medians["audio, loudness measured"] - medians["audio"],
    )
    a, b = medians["(a) bare"], medians["(b) one a quality + MP4"]
    write(
        f"\nconvert / (a) = {ours / a:.3f}    without check and loudness {(ours - extra) / a:.3f}    convert / "
        f"(b) = {ours / b:.3f}"
    )
    write(f"written to disk / size of the result = {costs['convert'][-1].written_bytes / size_bytes:.2f}")


def compare_chunks(plan: Plan, folder: Path, runs: int) -> None:
    """Run the encode in chunks and in a single piece."""
    command = convert_command(plan)
    one_piece = [sys.executable, "-c", ONE_PIECE.format(root=str(ROOT)), *command[1:]]
    medians, costs = run_all(
        {"in chunks": lambda: cost([command], folder), "in one piece": lambda: cost([one_piece], folder)},
        runs,
    )
    walls = {name: statistics.median(c.wall_s for c in values) for name, values in costs.items()}
    ratio, wall_ratio = medians["in chunks"] / medians["in one piece"], walls["in chunks"] / walls["in one piece"]
    write(f"\nchunks / one piece = {ratio:.3f} in CPU time, {wall_ratio:.3f} in wall time")


def compare_scaling(ffmpeg: Path, plan: Plan, folder: Path) -> None:
    """Encode with each rendition scaled from the source, and from the next larger rendition; print size and VMAF."""
    write(f"{'quality':<10}{'from the source':>26}{'from the next larger':>26}")
    ways = {
        "source": [str(ffmpeg), "-v", "error", "-y", *to_files(plan, from_source_graph(plan.renditions), "source")],
        "larger": [str(ffmpeg), "-v", "error", "-y", *to_files(plan, from_larger_graph(plan.renditions), "larger")],
    }
    costs = {name: cost([command], folder) for name, command in ways.items()}
    for r in plan.renditions:
        cells = []
        for name in ways:
            made = folder / f"{name}-{r.name}.mp4"
            score = measure_vmaf(
                ffmpeg, made, plan.media.path, (r.width, r.height), scratch=folder, cancel=CancelToken()
            )
            cells.append(f"{made.stat().st_size / 1e6:8.2f} MB, VMAF {score:6.2f}")
        write(f"{r.name:<10}{cells[0]:>26}{cells[1]:>26}")
    write(f"\nCPU from the next larger / from the source = {costs['larger'].cpu_s / costs['source'].cpu_s:.3f}")


def measure_startup(plan: Plan, folder: Path, runs: int) -> None:
    """Start `convert` and wait for its first encode of the video; print how long after the start that was."""
    for name, more in {"muxed audio": [], "separate audio": ["--segment-type", "fmp4"]}.items():
        took_s = [first_video_s([*convert_command(plan), *more], folder / f"startup{number}") for number in range(runs)]
        figures = ", ".join(f"{seconds:.1f}" for seconds in took_s)
        write(f"{name:<20}{statistics.median(took_s):6.1f} s until the first frame is encoded   (of {figures})")


def first_video_s(command: Sequence[str], folder: Path) -> float:
    """Return how many seconds after its start a command runs a program that encodes a video.

    The command is ended then.
    """
    began = time.monotonic()
    with subprocess.Popen(
        [*command, "-o", str(folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while not any("-force_key_frames" in arguments for arguments in children_of(process.pid)):
            if process.poll() is not None:
                raise SystemExit("convert ended before it encoded a video")
            time.sleep(0.02)
        took_s = time.monotonic() - began
        process.send_signal(signal.SIGINT)
    return took_s


def children_of(pid: int) -> list[list[str]]:
    """Return the command lines of all programs that a program and its children have started.

    Linux alone has them in files.
    """
    found: list[list[str]] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            with contextlib.suppress(OSError):
                found.append(Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace").split("\0"))
                found += children_of(int(child))
    return found


def run_all(variants: dict[str, Callable[[], Cost]], runs: int) -> tuple[dict[str, float], dict[str, list[Cost]]]:
    """Run variants in turn; return the medians of their CPU seconds, and all that was measured."""
    costs: dict[str, list[Cost]] = {name: [] for name in variants}
    for _ in range(runs):
        for name, measure in variants.items():
            costs[name].append(measure())
    medians = {name: statistics.median(c.cpu_s for c in values) for name, values in costs.items()}
    for name, values in costs.items():
        figures = ", ".join(f"{c.cpu_s:.1f}" for c in values)
        write(f"{name:<26}{medians[name]:8.1f} CPU s   (of {figures}; {values[-1].wall_s:.0f} s by the clock)")
    return medians, costs


def audio_cost(plan: Plan, folder: Path, *, measures: bool) -> Cost:
    """Encode the audio as the program does, with or without measuring its loudness; return what that took."""
    length = Length(ticks=scan(plan.media, CancelToken()).end)
    began, before = time.monotonic(), time.process_time()
    AudioPass(
        plan.media.path,
        audio_plan(plan),
        Checkpoints(folder),
        kind="audio",
        key=str(began),
        levels=[Level() for _ in plan.audio],
        encodes=True,
        measures=measures,
        length=lambda: length,
        on_piece=lambda count: None,
        on_read=lambda position: None,
        stop=CancelToken(),
    ).run()
    return Cost(cpu_s=time.process_time() - before, wall_s=time.monotonic() - began, written_bytes=0)


def convert_command(plan: Plan) -> list[str]:
    """Return the command an editor would type."""
    launcher, encoding = str(ROOT / "hls-converter"), plan.job.encoding
    chosen = [
        "--qualities",
        ",".join(QUALITIES),
        "--preset",
        encoding.preset,
        "--rate-control",
        encoding.rate_control.value,
    ]
    return [
        launcher,
        "convert",
        str(plan.media.path),
        "-o",
        str(plan.job.output_dir),
        *chosen,
        "--encoder",
        "cpu",
        "--fresh",
    ]


def cost(commands: Sequence[Sequence[str]], folder: Path) -> Cost:
    """Run commands one after the other; return what they and all their children took."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    return Cost(
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        wall_s=ended - began,
        written_bytes=(after.ru_oublock - before.ru_oublock) * BLOCK_BYTES,
    )


def write(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
