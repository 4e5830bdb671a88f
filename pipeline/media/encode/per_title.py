"""Finds each rendition's constant rate factor for a VMAF target, by encoding and measuring short stretches.

Owns where the stretches lie, which factors are tried and what follows from the scores. Knows nothing of jobs and
folders; what is done to a video before it is encoded is `encode`'s to say, how an encoder is told is `encoders'`.
"""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import ffmpeg as graph

from pipeline.cancel import CancelToken
from pipeline.errors import EncodeError
from pipeline.job import Codec
from pipeline.media.encode import ladder
from pipeline.media.encode.arguments import KEYFRAMES
from pipeline.media.encode.chunks import SLOT_S, Chunk, Cutting, side_by_side
from pipeline.media.encode.encoders import codec_of, video_options
from pipeline.media.encode.source_input import from_source, source_input
from pipeline.media.encode.video_graph import video_graph
from pipeline.media.encode.vmaf import comparison, read_scores
from pipeline.media.ffmpeg.process import run_ffmpeg
from pipeline.media.source.scan import CLOCK_HZ, EARLY_TICKS
from pipeline.model import Plan, Rendition
from pipeline.work_log import WorkLog

STRETCHES = 7
"""How many stretches of a long source are looked at.

Each is a slot: a group of pictures exactly as the encode has it.
"""

RUN_IN = SLOT_S * CLOCK_HZ
"""How many ticks are encoded before a stretch and not measured.

x264 quantises the first frame of all more coarsely than later keyframes, which follow from the frames before them:
without this, slides looked 1.5 points worse than they are within the whole; after half a second of it still one point.
"""

EVERY = 5
"""One frame in this many is measured; prime to the lengths of the patterns in which encoders place their B-frames."""

CLOSE = 0.4
"""A score this close to the target needs no further trial."""

TRIALS = 3
"""How many factors are tried at most."""


@dataclass(frozen=True, kw_only=True)
class Factors:
    """What a codec's constant rate factors are like: `lowest` and `highest` that make sense, in steps of `step`.

    `points` is how much VMAF a factor that is higher by one usually costs: where to try next after a single trial.
    """

    lowest: float
    highest: float
    step: float
    points: float


FACTORS = {
    Codec.H264: Factors(lowest=12, highest=40, step=0.1, points=0.8),
    Codec.HEVC: Factors(lowest=12, highest=40, step=0.1, points=0.8),
    Codec.AV1: Factors(lowest=12, highest=55, step=1, points=0.3),
}


@dataclass(frozen=True, kw_only=True)
class CrfTrial:
    """A factor that was tried, and the mean VMAF that it gave."""

    crf: float
    vmaf: float


def choose_crfs(
    ffmpeg: Path,
    plan: Plan,
    cutting: Cutting,
    *,
    scratch: Path,
    cancel: CancelToken,
    on_progress: Callable[[float], None] = lambda _: None,
    log: Path | None = None,
    key: str = "",
) -> dict[str, float]:
    """Return each rendition's constant rate factor, by its name: the one that gives `target_vmaf` on the whole.

    Where the ceiling of bits keeps the target out of reach it is the lowest factor, so that the ceiling is what is
    spent. The same source gives the same factors each time.

    Args:
        ffmpeg: the program; see `require_vmaf`.
        plan: its encoder must be one that runs on the processor: no other keeps a quality.
        cutting: of this plan; says how long the video is.
        scratch: a folder for the scores.
        cancel: ends it.
        on_progress: called with the share that is done, 0 to 1.
        log: the file that keeps what is measured; what an earlier run has measured is not measured again.
        key: says of which source and settings that is.

    Raises:
        EncodeError: no stretch could be encoded and measured.
        OutputError: `log` can't be written.
        Cancelled: the job was cancelled.
    """
    target = plan.job.encoding.target_vmaf
    assert target is not None
    factors = FACTORS[codec_of(plan.encoder)]
    stretches = spread(cutting)
    trials: dict[str, list[CrfTrial]] = {r.name: [] for r in plan.renditions}
    with WorkLog(log, key) as kept:
        for number in range(TRIALS):
            wanted = {
                r: next_crf(trials[r.name], target, factors, ladder.CRF[codec_of(plan.encoder)])
                for r in plan.renditions
            }
            tried = [replace(r, crf=crf) for r, crf in wanted.items() if crf is not None]
            if not tried:
                break
            scores = _measured(
                ffmpeg, plan, cutting, stretches, tried, scratch, cancel, kept, _part(on_progress, number)
            )
            for r, values in zip(tried, scores, strict=True):
                assert r.crf is not None
                trials[r.name].append(CrfTrial(crf=r.crf, vmaf=statistics.fmean(values)))
    on_progress(1.0)
    return {name: met(made, target, factors) for name, made in trials.items()}


def spread(cutting: Cutting) -> tuple[Chunk, ...]:
    """Return the stretches to look at: slots at equal distances, or all of a source of at most STRETCHES."""
    slot = SLOT_S * CLOCK_HZ
    slots = -(-cutting.length // slot)
    if slots <= STRETCHES:
        return (Chunk(number=0, start=0, end=None, seek_s=None, first_frame=0, frames=None),)
    starts = ((2 * i + 1) * slots // (2 * STRETCHES) * slot for i in range(STRETCHES))
    return tuple(
        Chunk(
            number=number,
            start=start,
            end=start + slot,
            seek_s=max(0, start - RUN_IN) / CLOCK_HZ,
            first_frame=0,
            frames=None,
        )
        for number, start in enumerate(starts)
    )


def next_crf(trials: Sequence[CrfTrial], target: float, factors: Factors, first: float) -> float | None:
    """Return the factor to try next, None where those tried tell enough. `first` is where to begin."""
    if not trials:
        return first
    if any(abs(t.vmaf - target) <= CLOSE for t in trials):
        return None
    crf = met(trials, target, factors)
    return None if any(abs(t.crf - crf) < max(0.25, factors.step) for t in trials) else crf


def met(trials: Sequence[CrfTrial], target: float, factors: Factors) -> float:
    """Return the factor at which the target is met, by a straight line through the two trials that lie nearest to it.

    Scores fall as factors rise; where the ceiling of bits makes them stay the same, the line leads to the lowest
    factor.
    """
    nearest = sorted(trials, key=lambda t: abs(t.vmaf - target))
    crf, vmaf = nearest[0].crf, nearest[0].vmaf
    points = factors.points
    if len(trials) > 1:
        other = _opposite(nearest, target) or nearest[1]
        points = max((vmaf - other.vmaf) / (other.crf - crf), factors.points / 20)
    exact = crf + (vmaf - target) / points
    return min(max(round(round(exact / factors.step) * factors.step, 1), factors.lowest), factors.highest)


def _opposite(nearest: Sequence[CrfTrial], target: float) -> CrfTrial | None:
    """Return the nearest trial on the other side of the target."""
    above = nearest[0].vmaf > target
    return next((t for t in nearest[1:] if (t.vmaf > target) is not above), None)


def _measured(
    ffmpeg: Path,
    plan: Plan,
    cutting: Cutting,
    stretches: Sequence[Chunk],
    tried: Sequence[Rendition],
    scratch: Path,
    cancel: CancelToken,
    kept: WorkLog,
    on_progress: Callable[[float], None],
) -> list[list[float]]:
    """Return the scores of all measured frames, one list per rendition. Raises EncodeError."""

    def measure(stretch: Chunk) -> list[tuple[float, ...]]:
        with tempfile.TemporaryDirectory(dir=scratch) as folder:
            arguments = from_source(trial_arguments(plan, cutting, stretch, tried), plan.media.path)
            run_ffmpeg(ffmpeg, arguments, cwd=Path(folder), cancel=cancel)
            return [read_scores(Path(folder) / _log(i)) for i in range(len(tried))]

    crfs = " ".join(f"{r.name} {r.crf}" for r in tried)
    parts = {stretch.number: f"{crfs}, stretch {stretch.number}" for stretch in stretches}
    found: dict[int, list[list[float]]] = {n: kept.done[part] for n, part in parts.items() if part in kept.done}
    reason: EncodeError | None = None
    with ThreadPoolExecutor(side_by_side(os.cpu_count() or 1)) as pool:
        begun = {pool.submit(measure, stretch): stretch.number for stretch in stretches if stretch.number not in found}
        for ended, future in enumerate(as_completed(begun), 1):
            try:
                scored = found[begun[future]] = [list(values) for values in future.result()]
                kept.add(parts[begun[future]], scored)
            except EncodeError as error:  # a stretch that can't be read is left out: others tell as much
                reason = error
            on_progress(ended / len(begun))
    scores = [[score for number in sorted(found) for score in found[number][i]] for i in range(len(tried))]
    if not all(scores):
        raise EncodeError(
            f"No stretch of {plan.media.path.name} could be measured ({reason or 'there are no frames'}): "
            "leave the VMAF target out."
        ) from reason
    return scores


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
    timing = {"force_key_frames": KEYFRAMES, "fps_mode": "passthrough", "enc_time_base": f"1:{CLOCK_HZ}"}
    videos = [branch.stream(output) for output in (0, 1) for branch in branches]
    arguments = list(graph.output(*videos, "-", **({"format": "null"} | timing | options)).get_args())
    measured = f"settb=1/{CLOCK_HZ},trim=start_pts={max(0, stretch.start - EARLY_TICKS)}"
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


def _log(number: int) -> str:
    return f"vmaf-{number}.json"


def _part(report: Callable[[float], None], number: int) -> Callable[[float], None]:
    """Return what reports a share of one trial as a share of all that there may be."""
    return lambda share: report((number + share) / TRIALS)
