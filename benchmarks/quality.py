"""Size and VMAF of each quality: ours, plain ABR at the table's rates, and shaka-streamer where it is installed.

    python benchmarks/quality.py [--source FILE] [--preset medium] [--qualities 1080p,720p] [--target-vmaf 94]
    python benchmarks/quality.py --per-title [--source FILE] [--preset medium] [--target-vmaf 94]

Ours is what `convert` makes. Sizes are those of the encoded video alone, without audio and container. VMAF is the
mean of the frames, against the source scaled to the quality's size. Without --source the program makes a clip of
slides.

--per-title prints what choosing by measurement costs, as a share of the encode's CPU time, and how close each quality
comes to the target. Without --source it makes ten minutes of varied pictures for it.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from pipeline.cancel import CancelToken  # noqa: E402  # the path above must be set first
from pipeline.job import EncodingRequest, Job  # noqa: E402
from pipeline.media.encode import ladder, per_title  # noqa: E402
from pipeline.media.encode.chunks import cut  # noqa: E402
from pipeline.media.encode.vmaf import measure_vmaf, require_vmaf  # noqa: E402
from pipeline.media.ffmpeg.process import ffmpeg_version, find_ffmpeg, printable  # noqa: E402
from pipeline.media.source.packet_scan import scan  # noqa: E402
from pipeline.media.source.probe import probe  # noqa: E402
from pipeline.media_info import MediaInfo  # noqa: E402
from pipeline.model import Plan, Rendition  # noqa: E402
from pipeline.plan import make_plan, plan_within_source  # noqa: E402

SLIDES = 7
SLIDE_S = 6
SLIDE_SIZE = (1920, 1080)
WORDS = (
    "render stream segment playlist keyframe codec frame window motion bright dark sample signal noise filter server"
    " upload chapter lesson example measure result compare table figure source target quality"
)
GROUNDS = ((255, 255, 255), (250, 246, 236), (22, 28, 40), (236, 242, 248))

VARIED_S = 600
PIECE_S = 20
VARIED = (
    "testsrc2=s=1280x720:r=25,noise=alls=4:allf=t",
    "mandelbrot=s=640x360:r=25:start_scale=0.1:end_pts=800:start_x=-0.741:start_y=-0.131,scale=1280:720",
    "gradients=s=1280x720:r=25:speed=0.02:n=4:seed=2,noise=alls=5:allf=t",
    (
        "life=s=320x180:r=12:mold=10:ratio=0.2:seed=3:life_color=#C8E070:death_color=#224466,fps=25,"
        "scale=1280:720:flags=bicubic"
    ),
    "mandelbrot=s=640x360:r=25:start_scale=0.3:end_pts=800:start_x=-0.743:start_y=-0.133,scale=1280:720",
    "cellauto=s=320x180:r=12:seed=7:rule=110,format=gray,boxblur=2,fps=25,scale=1280:720:flags=bicubic",
    "testsrc2=s=1280x720:r=25,rotate=t*0.1,boxblur=3",
)
EVERY = 5
"""On long sources one frame in so many is measured."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """One quality as somebody made it: bytes of its video and its VMAF."""

    size_bytes: int
    vmaf: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, help="a video (default: slides, or varied pictures with --per-title)")
    parser.add_argument("--preset", default="medium", help="x264's name (default: %(default)s)")
    parser.add_argument("--qualities", help="such as 1080p,720p (default: all that the source fills)")
    parser.add_argument("--target-vmaf", type=float, help="also make each quality with the CRF that meets this VMAF")
    parser.add_argument("--per-title", action="store_true", help="measure what choosing by measurement costs")
    options = parser.parse_args()
    ffmpeg = find_ffmpeg("")
    require_vmaf(ffmpeg)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make = make_varied if options.per_title else make_slides
        source = options.source or make(ffmpeg, folder)
        qualities = None if options.qualities is None else tuple(options.qualities.split(","))
        target = options.target_vmaf or (94.0 if options.per_title else None)
        encoding = EncodingRequest(preset=options.preset, target_vmaf=target)
        media = probe(source)
        plan = make_plan(
            Job(source=source, output_dir=folder, slug="clip", qualities=qualities, encoding=encoding), media
        )
        plan = plan_within_source(plan, scan(media, CancelToken()))
        write(f"{ffmpeg_version(ffmpeg)}\nsource: {described(media)}; preset {options.preset}\n")
        if options.per_title:
            cost(ffmpeg, plan, folder)
        else:
            compare(ffmpeg, plan, folder)


def compare(ffmpeg: Path, plan: Plan, folder: Path) -> None:
    """Make every quality in every way; print sizes, scores, and the ratios to plain ABR."""
    ways: dict[str, dict[str, Path]] = {
        "plain ABR": plain_abr(ffmpeg, plan, folder),
        "ours": convert(plan, folder / "ours", []),
    }
    if plan.job.encoding.target_vmaf is not None:
        ways["ours, per title"] = convert(plan, folder / "per-title", target(plan))
    if shutil.which("shaka-streamer"):
        ways["shaka-streamer"] = shaka_streamer(plan, folder)
    else:
        write("shaka-streamer is not on PATH and is left out\n")
    write(f"{'':<8}{'':<18}{'bytes':>12}{'VMAF':>8}{'bytes / ABR':>14}{'VMAF - ABR':>13}")
    for r in plan.renditions:
        made = {
            way: measured(ffmpeg, plan, files[r.name], r, folder, every=1)
            for way, files in ways.items()
            if r.name in files
        }
        plain = made["plain ABR"]
        for way, one in made.items():
            ratios = f"{one.size_bytes / plain.size_bytes:14.2f}{one.vmaf - plain.vmaf:13.2f}"
            write(f"{r.name:<8}{way:<18}{one.size_bytes:12,}{one.vmaf:8.2f}{ratios}")


def cost(ffmpeg: Path, plan: Plan, folder: Path) -> None:
    """Print the share of CPU time that choosing takes, and how close each quality comes to the target."""
    cancel = CancelToken()
    cutting = cut(plan, scan(plan.media, cancel), cores=1)
    before = cpu_seconds()
    chosen = per_title.choose_factors(ffmpeg, plan, cutting, scratch=folder, cancel=cancel)
    choosing = cpu_seconds() - before
    files = convert(plan, folder / "per-title", target(plan))
    encoding = cpu_seconds() - before - 2 * choosing
    write(
        f"choosing {choosing:.1f} CPU s, all the rest of convert {encoding:.1f} CPU s: "
        f"share {choosing / encoding:.3f}\n"
    )
    write(f"{'':<8}{'CRF':>6}{'VMAF':>8}{'target':>8}{'kb/s':>8}{'ceiling':>9}")
    for r in plan.renditions:
        made = measured(ffmpeg, plan, files[r.name], r, folder, every=EVERY)
        rate = made.size_bytes * 8 / (cutting.length / 90_000) / 1000
        wanted = plan.job.encoding.target_vmaf
        write(f"{r.name:<8}{chosen[r.name].crf:6.1f}{made.vmaf:8.2f}{wanted:8.1f}{rate:8.0f}{r.bit_rate / 1000:9.0f}")


def measured(ffmpeg: Path, plan: Plan, file: Path, r: Rendition, folder: Path, *, every: int) -> Made:
    """Return how large a quality's video is and how close it is to the source."""
    vmaf = measure_vmaf(
        ffmpeg, file, plan.media.path, (r.width, r.height), scratch=folder, cancel=CancelToken(), every=every
    )
    return Made(size_bytes=video_bytes(file), vmaf=vmaf)


def video_bytes(file: Path) -> int:
    """Return the size of the encoded frames in a file or a playlist."""
    with av.open(str(file)) as container:
        return sum(packet.size for packet in container.demux(container.streams.video[0]))


def convert(plan: Plan, folder: Path, more: Sequence[str]) -> dict[str, Path]:
    """Convert with the program as an editor would; return the playlist of each quality."""
    chosen = ["--preset", plan.job.encoding.preset, "--encoder", "cpu"]
    if plan.job.qualities is not None:
        chosen += ["--qualities", ",".join(plan.job.qualities)]
    launcher = [
        str(ROOT / "hls-converter"),
        "convert",
        str(plan.media.path),
        "-o",
        str(folder),
        "--no-mp4",
        "--no-transcribe",
    ]
    run([*launcher, *chosen, *more])
    (master,) = folder.glob("*/master.m3u8")
    return {r.name: master.parent / r.name / "index.m3u8" for r in plan.renditions}


def target(plan: Plan) -> list[str]:
    """Return the option for the plan's VMAF target."""
    return ["--target-vmaf", f"{plan.job.encoding.target_vmaf:g}"]


def plain_abr(ffmpeg: Path, plan: Plan, folder: Path) -> dict[str, Path]:
    """Encode each quality by itself at the table's rates; return the files."""
    made = {}
    for r in plan.renditions:
        q = ladder.BY_NAME.get(r.name, ladder.QUALITIES[-1])
        made[r.name] = folder / f"abr-{r.name}.mkv"
        video = [
            "-map",
            "0:v:0",
            "-vf",
            f"scale={r.width}:{r.height}:flags=bicubic,setsar=1,format=yuv420p",
            "-fps_mode",
            "vfr",
        ]
        keyframes = ["-force_key_frames", "expr:gte(t,n_forced*2)", "-sc_threshold", "0"]
        rate = ["-b:v", str(q.bit_rate), "-maxrate", str(q.max_bit_rate), "-bufsize", str(q.buffer_size)]
        encoder = ["-c:v", "libx264", "-preset", plan.job.encoding.preset, *keyframes, *rate]
        run([str(ffmpeg), "-v", "error", "-y", "-i", str(plan.media.path), *video, *encoder, str(made[r.name])])
    return made


def shaka_streamer(plan: Plan, folder: Path) -> dict[str, Path]:
    """Make the same qualities with shaka-streamer at its own rates; return the files."""
    names = ", ".join(r.name for r in plan.renditions if r.name in ladder.BY_NAME)
    source, wanted = folder / "input.yaml", folder / "pipeline.yaml"
    source.write_text(f"inputs:\n  - name: {plan.media.path.absolute()}\n    media_type: video\n", encoding="utf-8")
    wanted.write_text(
        f"streaming_mode: vod\nresolutions: [{names}]\nvideo_codecs: [h264]\n"
        "manifest_format: [hls]\nsegment_per_file: false\nsegment_size: 6\n",
        encoding="utf-8",
    )
    out = folder / "shaka"
    run(["shaka-streamer", "-i", str(source), "-p", str(wanted), "-o", str(out)])
    return {r.name: file for r in plan.renditions for file in out.glob(f"*_{r.name}_*.mp4")}


def make_slides(ffmpeg: Path, folder: Path) -> Path:
    """Make a clip of slides: text on plain ground, a new one every few seconds, every other one faded in."""
    dice = random.Random(1)  # the same slides each time
    inputs: list[str] = []
    chains = []
    for number in range(SLIDES):
        file = folder / f"slide-{number}.png"
        draw_slide(number, dice).save(file)
        inputs += ["-loop", "1", "-framerate", "25", "-t", str(SLIDE_S), "-i", str(file)]
        chains.append(f"[{number}:v]format=yuv420p{',fade=in:0:12:color=white' if number % 2 else ''}[s{number}]")
    joined = "".join(f"[s{number}]" for number in range(SLIDES)) + f"concat=n={SLIDES}"
    made = folder / "slides.mkv"
    encoder = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "5"]
    run(
        [str(ffmpeg), "-v", "error", "-y", *inputs, "-filter_complex", ";".join([*chains, joined]), *encoder, str(made)]
    )
    return made


def draw_slide(number: int, dice: random.Random) -> Image.Image:
    """Draw a headline and some lines, in the font that Pillow brings with it."""
    ground = dice.choice(GROUNDS)
    ink = (240, 240, 240) if sum(ground) < 200 else (25, 30, 45)
    image = Image.new("RGB", SLIDE_SIZE, ground)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, SLIDE_SIZE[0], 12), fill=(30, 110, 200))
    headline = " ".join(dice.choices(WORDS.split(), k=4)).capitalize()
    draw.text((120, 90), f"{number + 1}. {headline}", fill=(30, 110, 200), font=ImageFont.load_default(size=84))
    for line in range(dice.randint(4, 7)):
        words = " ".join(dice.choices(WORDS.split(), k=dice.randint(5, 9)))
        draw.text((150, 270 + 92 * line), f"- {words}", fill=ink, font=ImageFont.load_default(size=46))
    return image


def make_varied(ffmpeg: Path, folder: Path) -> Path:
    """Make ten minutes of varied pictures at 720p: moving patterns, fractals, noise, the shipped sample, slides."""
    files = {f"piece-{i}.mkv": ["-f", "lavfi", "-i", piece] for i, piece in enumerate(VARIED)}
    files["slides-720p.mkv"] = ["-i", str(make_slides(ffmpeg, folder))]
    files["sample.mkv"] = ["-stream_loop", "-1", "-i", str(ROOT / "samples" / "welcome.mp4")]
    for name, entry in files.items():
        form = ["-an", "-t", str(PIECE_S), "-vf", "scale=1280:720,setsar=1,format=yuv420p", "-r", "25"]
        encoder = ["-c:v", "libx264", "-preset", "superfast", "-crf", "14", "-g", "100"]
        run([str(ffmpeg), "-v", "error", "-y", *entry, *form, *encoder, str(folder / name)])
    order = list(files) * (VARIED_S // (PIECE_S * len(files)) + 1)
    (folder / "list.txt").write_text("".join(f"file {name}\n" for name in order), encoding="utf-8")
    made = folder / "varied.mkv"
    run(
        [
            str(ffmpeg),
            "-v",
            "error",
            "-y",
            "-f",
            "concat",
            "-i",
            str(folder / "list.txt"),
            "-t",
            str(VARIED_S),
            "-c",
            "copy",
            str(made),
        ]
    )
    return made


def described(media: MediaInfo) -> str:
    """Return a source's name, size, frame rate, length and rate."""
    video: Any = media.video
    rate = f"{video.bit_rate / 1000:.0f} kb/s" if video.bit_rate else "unknown rate"
    return (
        f"{media.path.name}, {video.width}x{video.height}, {float(video.frame_rate):g} fps, "
        f"{media.duration_s:.1f} s, {rate}"
    )


def cpu_seconds() -> float:
    """Return the user and system seconds of all programs that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run(command: Sequence[str]) -> None:
    """Run a program to its end; what it says is shown only when it fails."""
    ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if ended.returncode != 0:
        raise SystemExit(f"{printable(command)}\n{ended.stdout[-2000:]}{ended.stderr[-2000:]}")


def write(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
