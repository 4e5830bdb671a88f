"""Encodes a stretch of a video with constant rate factors that are tried, and measures what came of it.

Knows nothing of jobs, and not what follows from the scores; what is done to a video before it is encoded is
`video_graph`'s to say, how an encoder is told is `encoders'`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import ffmpeg as graph

from pipeline.cancel import CancelToken
from pipeline.media.encode.arguments import KEYFRAMES
from pipeline.media.encode.chunks import SLOT_S, Chunk, Cutting
from pipeline.media.encode.encoders import video_options
from pipeline.media.encode.source_input import from_source, source_input
from pipeline.media.encode.video_graph import video_graph
from pipeline.media.encode.vmaf import comparison, read_scores
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.media.source.scan import CLOCK_HZ, EARLY_TICKS
from pipeline.model import Plan, Rendition

RUN_IN = SLOT_S * CLOCK_HZ
"""How many ticks are encoded before a stretch and not measured.

x264 quantises the first frame of all more coarsely than later keyframes, which follow from the frames before them:
without this, slides looked 1.5 points worse than they are within the whole; after half a second of it still one point.
"""

SIZES = "{pts} {tb} {size}"
"""What ffmpeg lists of each packet (its option stats_enc_post_fmt): its time, the unit of that, and its bytes."""

EVERY = 5
"""One frame in this many is measured; prime to the lengths of the patterns in which encoders place their B-frames."""


@dataclass(frozen=True, kw_only=True)
class StretchScore:
    """What was measured of a rendition in a stretch: the VMAF of its frames, its bits, and its seconds."""

    vmaf: tuple[float, ...]
    bits: int
    length_s: float


def measure_stretch(
    ffmpeg: Path,
    plan: Plan,
    cutting: Cutting,
    stretch: Chunk,
    tried: Sequence[Rendition],
    scratch: Path,
    cancel: CancelToken,
) -> list[StretchScore]:
    """Return what a stretch has come to, for each rendition that is tried. Raises EncodeError."""
    length_s = ((cutting.length if stretch.end is None else stretch.end) - stretch.start) / CLOCK_HZ
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        arguments = from_source(trial_arguments(plan, cutting, stretch, tried), plan.media.path)
        run_ffmpeg(ffmpeg, arguments, cwd=Path(folder), cancel=cancel)
        return [
            StretchScore(
                vmaf=read_scores(Path(folder) / _log(i)),
                bits=_read_bits(Path(folder) / _sizes(i), _measured_from(stretch)),
                length_s=length_s,
            )
            for i in range(len(tried))
        ]


def trial_arguments(plan: Plan, cutting: Cutting, stretch: Chunk, tried: Sequence[Rendition]) -> list[str]:
    """Return the arguments that encode a stretch, decode what was made and measure it, in one run and nothing on disk.

    ffmpeg-python knows no `-dec`, so the comparisons are put behind what it makes: its graph has two outputs a
    rendition, of which one is encoded and the other, whose -map is taken out, is what the encoded video is compared
    with.
    """
    entry = {} if stretch.seek_s is None else {"noaccurate_seek": None, "ss": f"{stretch.seek_s:.6f}"}
    source = source_input(plan.media, **entry)
    entered = replace(stretch, start=max(0, stretch.start - RUN_IN))
    branches = [
        video.filter_multi_output("split", 2) for video in video_graph(source, plan, cutting, entered, tuple(tried))
    ]
    options = video_options(
        plan.encoder,
        plan.job.encoding.preset,
        tried,
        dynamic_range=plan.dynamic_range,
        segment_type=plan.segment_type,
        frame_rate=cutting.frame_rate,
        repeatable=True,
    )
    for number in range(len(tried)):
        options |= {f"stats_enc_post:v:{number}": _sizes(number), f"stats_enc_post_fmt:v:{number}": SIZES}
    timing = {"force_key_frames": KEYFRAMES, "fps_mode": "passthrough", "enc_time_base": f"1:{CLOCK_HZ}"}
    videos = [branch.stream(output) for output in (0, 1) for branch in branches]
    arguments = list(graph.output(*videos, "-", **({"format": "null"} | timing | options)).get_args())
    measured = f"settb=1/{CLOCK_HZ},trim=start_pts={_measured_from(stretch)}"
    references = _unmapped(arguments, len(tried))
    for number, reference in enumerate(references):
        made, wanted = f"made{number}", f"wanted{number}"
        trimmed = f"[dec:{number}]{measured}[{made}];[{reference}]{measured}[{wanted}]"
        compared = comparison(made, wanted, _log(number), f"v{number}", every=EVERY)
        arguments += ["-dec", f"0:{number}", "-filter_complex", f"{trimmed};{compared}"]
    for number in range(len(tried)):
        arguments += ["-map", f"[v{number}]"]
    return ["-copyts", *arguments, "-f", "null", "-"]


def _unmapped(arguments: list[str], count: int) -> list[str]:
    """Take the last `count` -map options out of arguments; return the labels that they named."""
    labels: list[str] = []
    for _ in range(count):
        at = len(arguments) - 1 - arguments[::-1].index("-map")
        labels.insert(0, arguments[at + 1].strip("[]"))
        del arguments[at : at + 2]
    return labels


def _measured_from(stretch: Chunk) -> int:
    """Return the time from which on frames are measured, in ticks: what is before it is the run-in."""
    return max(0, stretch.start - EARLY_TICKS)


def _read_bits(sizes: Path, start: int) -> int:
    """Return the bits of the packets that ffmpeg has listed from a time on, in ticks."""
    total = 0
    for line in sizes.read_text(encoding="utf-8").splitlines():
        time, unit, size_bytes = line.split()
        if int(time) * Fraction(unit) * CLOCK_HZ >= start:
            total += int(size_bytes) * 8
    return total


def _log(number: int) -> str:
    return f"vmaf-{number}.json"


def _sizes(number: int) -> str:
    return f"sizes-{number}.txt"
