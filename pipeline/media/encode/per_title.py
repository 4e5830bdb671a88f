"""Finds each rendition's constant rate factor for a VMAF target, by encoding and measuring short stretches.

Owns where the stretches lie, which factors are tried and what follows from the scores. Knows nothing of jobs and
folders; how a stretch is encoded and measured is `trial`'s to say.
"""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path

from pipeline.cancel import CancelToken
from pipeline.codec import from_json, to_json
from pipeline.errors import EncodeError
from pipeline.job import Codec
from pipeline.media.encode import ladder
from pipeline.media.encode.chunks import SLOT_S, Chunk, Cutting, side_by_side
from pipeline.media.encode.encoders import codec_of
from pipeline.media.encode.trial import RUN_IN, StretchScore, measure_stretch
from pipeline.media.source.scan import CLOCK_HZ
from pipeline.model import Plan, Rendition
from pipeline.work_log import WorkLog

STRETCHES = 7
"""How many stretches of a long source are looked at.

Each is a slot: a group of pictures exactly as the encode has it.
"""

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
    """A factor that was tried, the mean VMAF that it gave, and the bits a second that it took."""

    crf: float
    vmaf: float
    bit_rate: float = 0.0


@dataclass(frozen=True, kw_only=True)
class ChosenFactor:
    """A rendition's factor, and about how many bits a second its video takes with it, on the mean."""

    crf: float
    bit_rate: float


def choose_factors(
    ffmpeg: Path,
    plan: Plan,
    cutting: Cutting,
    *,
    scratch: Path,
    cancel: CancelToken,
    on_progress: Callable[[float], None] = lambda _: None,
    log: Path | None = None,
    key: str = "",
) -> dict[str, ChosenFactor]:
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
            for r, parts in zip(tried, scores, strict=True):
                trials[r.name].append(_trial(r, parts))
    on_progress(1.0)
    chosen = {name: met(made, target, factors) for name, made in trials.items()}
    return {name: ChosenFactor(crf=crf, bit_rate=rate_at(crf, trials[name])) for name, crf in chosen.items()}


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


def rate_at(crf: float, trials: Sequence[CrfTrial]) -> float:
    """Return about how many bits a second a factor takes: each step of it changes the rate by the same share."""
    nearest = sorted(trials, key=lambda t: abs(t.crf - crf))[:2]
    if len(nearest) == 1 or min(t.bit_rate for t in nearest) <= 0:
        return nearest[0].bit_rate
    one, other = nearest
    share = math.log(other.bit_rate / one.bit_rate) / (other.crf - one.crf)
    return one.bit_rate * math.exp(share * (crf - one.crf))


def _trial(r: Rendition, parts: Sequence[StretchScore]) -> CrfTrial:
    assert r.crf is not None
    return CrfTrial(
        crf=r.crf,
        vmaf=statistics.fmean([score for part in parts for score in part.vmaf]),
        bit_rate=sum(part.bits for part in parts) / sum(part.length_s for part in parts),
    )


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
) -> list[list[StretchScore]]:
    """Return what was measured in each stretch, one list per rendition. Raises EncodeError."""

    def measure(stretch: Chunk) -> list[StretchScore]:
        return measure_stretch(ffmpeg, plan, cutting, stretch, tried, scratch, cancel)

    crfs = " ".join(f"{r.name} {r.crf}" for r in tried)
    parts = {stretch.number: f"{crfs}, stretch {stretch.number}" for stretch in stretches}
    found = {
        n: [from_json(StretchScore, one, part) for one in kept.done[part]]
        for n, part in parts.items()
        if part in kept.done
    }
    reason: EncodeError | None = None
    with ThreadPoolExecutor(side_by_side(os.cpu_count() or 1)) as pool:
        begun = {pool.submit(measure, stretch): stretch.number for stretch in stretches if stretch.number not in found}
        for ended, future in enumerate(as_completed(begun), 1):
            try:
                scored = found[begun[future]] = future.result()
                kept.add(parts[begun[future]], [to_json(one) for one in scored])
            except EncodeError as error:  # a stretch that can't be read is left out: others tell as much
                reason = error
            on_progress(ended / len(begun))
    cancel.check()  # all may have been measured by the time that the first of them was looked at
    scores = [[found[number][i] for number in sorted(found) if found[number][i].vmaf] for i in range(len(tried))]
    if not all(scores):
        raise EncodeError(
            f"No stretch of {plan.media.path.name} could be measured ({reason or 'there are no frames'}): "
            "leave the VMAF target out."
        ) from reason
    return scores


def _part(report: Callable[[float], None], number: int) -> Callable[[float], None]:
    """Return what reports a share of one trial as a share of all that there may be."""
    return lambda share: report((number + share) / TRIALS)
