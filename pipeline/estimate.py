"""How large a job's files become and how long it takes, before it starts, as far as anything is known of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import median

from pipeline.expected_time import Measured, PhaseWork, expected_s, hls_kind, work_of
from pipeline.job import EncoderFamily, RateControl
from pipeline.media.encode.encoders import ENCODERS, FAMILIES
from pipeline.model import PhaseName, Plan
from pipeline.phases.upload import estimated_mp4_bytes

ENOUGH_SIZES = 3
"""Jobs: videos differ far more in how much of the most they take than in how long they take."""

LITTLE = 0.05
"""A phase that takes no more than this part of the job may be unknown: the job's time is known all the same."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a job is expected to take: `size_bytes` of files, `is_most` where they are rather fewer, `seconds`.

    None is what nobody knows: the size of a source without a length, the time of a machine that has not done such work.
    """

    size_bytes: int | None
    is_most: bool
    seconds: float | None


def estimate(plan: Plan, measured: Measured, cores: int) -> Estimate:
    """Return what a plan is expected to take; `measured` as in `expected_s`, with the parts of the most that the files
    of earlier jobs came to, by `size_kind`.

    Rates are what the encoder keeps on the mean with an average rate. With a constant quality they are the most that it
    may take, which few videos do: there the middle one of several earlier jobs says how much of that it is.
    """
    here, most_bytes = _on_this_machine(plan, measured), most_size_bytes(plan)
    parts = measured.get(size_kind(here), ()) if has_constant_quality(plan) else ()
    is_known = len(parts) >= ENOUGH_SIZES and most_bytes is not None
    return Estimate(
        size_bytes=round(most_bytes * median(parts)) if is_known and most_bytes is not None else most_bytes,
        is_most=has_constant_quality(plan) and not is_known,
        seconds=None if most_bytes is None else _seconds(here, measured, cores),
    )


def most_size_bytes(plan: Plan) -> int | None:
    """Return how large the files of a plan become by its bit rates, None for a source without a length."""
    length_s = plan.media.duration_s or plan.media.readable_s
    if not length_s:
        return None
    audio_bits_s = sum(audio.bit_rate for audio in plan.audio)
    bits_s = sum(rendition.bit_rate for rendition in plan.renditions)
    bits_s += audio_bits_s * (len(plan.renditions) if plan.muxed_audio else 1)
    return int(bits_s / 8 * length_s) + estimated_mp4_bytes(plan)


def has_constant_quality(plan: Plan) -> bool:
    """Whether the picture decides how large the files become."""
    return bool(plan.renditions) and plan.job.encoding.rate_control is RateControl.CRF


def size_kind(plan: Plan) -> str:
    """Return of which kind the size of a plan's files is: encodes of the same kind are compared."""
    return " ".join(["size", hls_kind(plan, plan.encoder)])


def _on_this_machine(plan: Plan, measured: Measured) -> Plan:
    """Return a plan with the encoder that this machine has used last for its codec, where any may be taken."""
    encoding = plan.job.encoding
    if encoding.encoder is not EncoderFamily.AUTO or encoding.target_vmaf is not None:
        return plan
    named = ENCODERS[encoding.codec]
    used = (named[family] for family in FAMILIES if family in named and hls_kind(plan, named[family]) in measured)
    return replace(plan, encoder=next(used, plan.encoder))


def _seconds(plan: Plan, measured: Measured, cores: int) -> float | None:
    work = work_of(plan, cores)
    times = expected_s(work, measured)
    whole_s = sum(times.values())
    unknown = [name for name, one in work.items() if not _known(one, measured)]
    if any(times[name] > LITTLE * whole_s for name in unknown if name is not PhaseName.RECORD):
        return None
    return whole_s


def _known(work: PhaseWork, measured: Measured) -> bool:
    return work.kind in measured
