"""Which qualities a ladder that fits the video has, and what each of them costs and looks like.

    python benchmarks/ladder.py [--source FILE] [--preset medium] [--target-vmaf 95]

Every quality is made with the factor that meets the target. Printed are its bits a second as the trials foretell them
and as they are, how many times as much the next larger quality that is made takes (audio of 128 kb/s included), and its
VMAF as viewers see it, scaled to the size of the source. Without --source the program makes a clip of slides.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

from quality import convert, described, make_slides, target, video_bytes, write

from pipeline.cancel import CancelToken
from pipeline.job import EncoderFamily, EncodingRequest, Job
from pipeline.media.encode import ladder, per_title
from pipeline.media.encode.chunks import cut
from pipeline.media.encode.vmaf import comparison, read_scores, require_vmaf
from pipeline.media.ffmpeg.process import ffmpeg_version, find_ffmpeg, run_ffmpeg
from pipeline.media.source.packet_scan import scan
from pipeline.media.source.probe import probe
from pipeline.model import Plan
from pipeline.plan import make_plan, plan_within_source

AUDIO_BITS_S = 128_000
EVERY = 5
"""One frame in so many is measured."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", type=Path, help="a video (default: slides)")
    parser.add_argument("--preset", default="medium", help="x264's name (default: %(default)s)")
    parser.add_argument("--target-vmaf", type=float, default=95.0, help="what is aimed at (default: %(default)g)")
    options = parser.parse_args()
    ffmpeg = find_ffmpeg("")
    require_vmaf(ffmpeg)
    write(ffmpeg_version(ffmpeg))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = options.source or make_slides(ffmpeg, folder)
        encoding = EncodingRequest(
            preset=options.preset, encoder=EncoderFamily.CPU, target_vmaf=options.target_vmaf, fit_ladder=True
        )
        media = probe(source)
        job = Job(source=source, output_dir=folder, slug="clip", encoding=encoding)
        plan = plan_within_source(make_plan(job, media), scan(media, CancelToken()))
        write(f"{described(media)}; preset {options.preset}, target {options.target_vmaf:g}")
        compare(ffmpeg, plan, folder)


def compare(ffmpeg: Path, plan: Plan, folder: Path) -> None:
    """Make every quality of a source, and print a row for each."""
    cutting = cut(plan, scan(plan.media, CancelToken()), cores=1)
    chosen = per_title.choose_factors(ffmpeg, plan, cutting, scratch=folder, cancel=CancelToken())
    rates = {name: factor.bit_rate for name, factor in chosen.items()}
    kept = ladder.worth_making(plan.renditions, rates, AUDIO_BITS_S)
    files = convert(plan, folder / "made", target(plan))
    length_s = cutting.length / 90_000
    write(f"{'':<8}{'CRF':>6}{'kb/s, trials':>14}{'kb/s':>8}{'larger / this':>15}{'VMAF':>8}")
    larger: float | None = None
    for r in plan.renditions:
        whole = rates[r.name] + AUDIO_BITS_S
        step = "" if larger is None else f"{larger / whole:.2f}"
        larger = whole if r in kept else larger
        size = video_bytes(files[r.name]) * 8 / length_s / 1000
        row = f"{r.name:<8}{chosen[r.name].crf:6.1f}{rates[r.name] / 1000:14.0f}{size:8.0f}{step:>15}"
        write(f"{row}{seen(ffmpeg, plan, files[r.name], folder):8.1f}{'' if r in kept else '   left out'}")


def seen(ffmpeg: Path, plan: Plan, playlist: Path, folder: Path) -> float:
    """Return the VMAF of a quality, scaled to the size of the source."""
    video = plan.media.video
    assert video is not None
    scaled = (
        f"[0:v:0]scale={video.width}:{video.height}:flags=bicubic,format=yuv420p[made];[1:v:0]format=yuv420p[whole]"
    )
    graph = f"{scaled};{comparison('made', 'whole', 'seen.json', 'out', every=EVERY)}"
    inputs = ["-i", f"file:{playlist.absolute()}", "-i", f"file:{plan.media.path.absolute()}"]
    arguments = [*inputs, "-filter_complex", graph, "-map", "[out]", "-f", "null", "-"]
    run_ffmpeg(ffmpeg, arguments, cwd=folder, cancel=CancelToken())
    return statistics.fmean(read_scores(folder / "seen.json"))


if __name__ == "__main__":
    main()
