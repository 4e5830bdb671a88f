"""How long each phase of a job may take on this machine, by which the overall bar is weighted. Pure.

What a phase has to do is told by the plan: CPU seconds of an encode, seconds of audio, bytes of an upload. What a unit
of that takes is known from earlier jobs of this machine; before the first one a usual figure stands in.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from pipeline.model import PhaseName, PhaseOutcome, PhaseReport, Plan, UploadPlan

LEAST_S = 0.5
"""What each phase counts at least, in seconds: also one that finds its work done."""

MEASURABLE_S = 10.0
"""A phase that took less says little: most of that was starting."""

UNKNOWN_S = 600.0
"""How long a source counts that does not say how long it is."""

HEARING_S = {"tiny": 0.08, "base": 0.12, "small": 0.35, "medium": 1.0, "large": 2.0, "turbo": 0.8}
"""What transcribing a second of audio usually takes, in seconds, by the size in the model's name."""

OTHER_HEARING_S = 0.3
AUDIO_S = 0.02
"""What encoding a second of audio usually takes."""
JOINING_S = 0.003
"""What making an MP4 from segments usually takes for a second of the video."""
BYTE_S = 1 / (2 << 20)
"""What sending or fetching a byte usually takes: 2 MB a second."""


FIRST_FACTOR = 10.0
"""How far from the usual figure the first measurement may be."""

MOST_KEPT = 5
"""How many measurements of a kind of work are kept: the latest."""

Measured = Mapping[str, tuple[float, ...]]
"""The seconds that a unit of each kind of work took on this machine, the latest job's last."""


@dataclass(frozen=True, kw_only=True)
class PhaseWork:
    """What a phase has to do: an amount of a kind of work, and the seconds that a unit of it usually takes."""

    kind: str
    amount: float
    usual_s: float


def work_of(plan: Plan | UploadPlan, cores: int) -> Mapping[PhaseName, PhaseWork]:
    """Return what the phases of a plan have to do on a machine with so many cores."""
    every = {
        PhaseName.UPLOAD: PhaseWork(kind="upload", amount=64 << 20, usual_s=BYTE_S),  # it says its size when it begins
        PhaseName.RECORD: PhaseWork(kind="record", amount=1, usual_s=1.0),
        PhaseName.CLEANUP: PhaseWork(kind="cleanup", amount=1, usual_s=1.0),
    }
    if isinstance(plan, Plan):
        every |= _work_on_media(plan, cores)
    return {name: every[name] for name in plan.phases}


def expected_s(
    work: Mapping[PhaseName, PhaseWork], measured: Measured, kept: Collection[PhaseName] = ()
) -> Mapping[PhaseName, float]:
    """Return about how many seconds each phase takes; of those that are `kept` the work is done."""
    return {
        name: LEAST_S if name in kept else max(LEAST_S, one.amount * unit_s(one, measured.get(one.kind, ())))
        for name, one in work.items()
    }


def unit_s(work: PhaseWork, measured: Sequence[float]) -> float:
    """Return the seconds that a unit of some work is expected to take, by those that it took in earlier jobs.

    The middle one counts, so that no single job spoils the figure. Between two in the middle, the usual figure says
    which; a first one has nothing to be compared with and goes no further than ten times from the usual figure.
    """
    if len(measured) == 1:
        return max(work.usual_s / FIRST_FACTOR, min(work.usual_s * FIRST_FACTOR, measured[0]))
    return median(measured if len(measured) % 2 else (*measured, work.usual_s))


def learned(
    measured: Measured,
    work: Mapping[PhaseName, PhaseWork],
    reports: Sequence[PhaseReport],
    waited: Collection[PhaseName] = (),
) -> Measured:
    """Return what units of work took, as known after a job that did all of its work.

    Nothing is learned from phases that have `waited`: a pause, a login or a lost network is no work.
    """
    known = {kind: tuple(seconds) for kind, seconds in measured.items()}
    for report in reports:
        one = work.get(report.phase)
        if one is None or not one.amount or report.outcome is not PhaseOutcome.DONE or report.seconds < MEASURABLE_S:
            continue
        if report.phase not in waited:
            known[one.kind] = (*known.get(one.kind, ()), report.seconds / one.amount)[-MOST_KEPT:]
    return known


def _work_on_media(plan: Plan, cores: int) -> dict[PhaseName, PhaseWork]:
    from pipeline.phases.upload import estimated_mp4_bytes  # with all that only a conversion needs

    media, speech = plan.media, plan.job.transcription
    length_s = media.duration_s or media.readable_s or UNKNOWN_S
    bits_s = sum(r.bit_rate for r in plan.renditions)
    bits_s += sum(audio.bit_rate for audio in plan.audio) * (len(plan.renditions) if plan.muxed_audio else 1)
    hearing = PhaseWork(kind="captions", amount=1, usual_s=1.0)
    if speech is not None and media.audio:
        usual_s = next((s for size, s in HEARING_S.items() if size in speech.model), OTHER_HEARING_S)
        hearing = PhaseWork(kind=f"transcript {speech.model}", amount=length_s, usual_s=usual_s)
    return {
        PhaseName.FETCH: PhaseWork(kind="fetch", amount=media.size_bytes, usual_s=BYTE_S),
        PhaseName.HLS: _encode(plan, hls_kind(plan, plan.encoder), length_s, cores),
        PhaseName.MP4: _mp4(plan, length_s, cores),
        PhaseName.TRANSCRIPT: hearing,
        PhaseName.TRANSLATION: replace(hearing, kind=hearing.kind.replace("transcript", "translation")),
        PhaseName.UPLOAD: PhaseWork(
            kind="upload", amount=bits_s / 8 * length_s + estimated_mp4_bytes(plan), usual_s=BYTE_S
        ),
    }


def _mp4(plan: Plan, length_s: float, cores: int) -> PhaseWork:
    if plan.mp4 is None or plan.mp4.remux_of is not None:
        return PhaseWork(kind="mp4 joined", amount=length_s, usual_s=JOINING_S)
    return _encode(replace(plan, renditions=(plan.mp4.rendition,)), f"mp4 {plan.encoder}", length_s, cores)


def hls_kind(plan: Plan, encoder: str) -> str:
    """Return the kind of work that a plan's encode is with an encoder.

    No plan says how much there is to measure, or what a copied top leaves to do: such encodes are compared with their
    like alone.
    """
    if plan.media.video is None:
        return "hls audio"
    encoding = plan.job.encoding
    asked = {"measured": encoding.target_vmaf is not None, "fitted": encoding.fit_ladder, "copied": encoding.copy_top}
    return " ".join(["hls", encoder, *(name for name, is_asked in asked.items() if is_asked)])


def _encode(plan: Plan, kind: str, length_s: float, cores: int) -> PhaseWork:
    from pipeline.media.encode.workload import work_for_s

    if plan.media.video is None:
        return PhaseWork(kind=kind, amount=length_s, usual_s=AUDIO_S)
    return PhaseWork(kind=kind, amount=work_for_s(plan) * length_s, usual_s=1 / cores)
