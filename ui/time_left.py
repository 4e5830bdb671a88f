"""How long work may still take, from how far it was and is. Pure: whoever asks says what time it is.

What is told comes about so:

1. The pace is that of the last stretch: work and time are added up, and what is older counts less, by half after some
   `0.7 * memory`. The memory is a tenth of the time left, from 15 s to two minutes: an hour's job is no slower for one
   slow minute, and a network that breaks down in the last two minutes is noticed at once.
2. Progress that comes in steps is measured from step to step. Only time beyond the usual step counts before the next.
3. Where nothing has moved for half a minute more than a step takes, no time is told, as it waits for something that
   nobody can foresee (the network, a computer that slept). That is no pace either, and is left out of it.
4. What is told counts down and drifts to what is measured, by a hundredth of itself a second at most. Where it is wrong
   by more than half it moves there within seconds: a promise that can't be kept must not be told on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from pipeline.model import PhaseName
from ui.source_text import duration
from ui.upload_figures import LONGEST_S

FIRST_S = 5.0
FIRST_FRACTION = 0.02
"""Nothing is told before so many seconds and so much of the work: it would be a guess."""

LEAP = 0.1
"""What moves further at once was done before: an earlier run's work is no measure of this run's pace."""

MEMORY_S = (15.0, 120.0)
MEMORY_PART = 0.1
MEMORY_STEPS = 3
"""The memory of the pace: its least and its most, its part of the time left, and the steps that it has at least."""

STEP_FADES = 0.7
"""How much of the longest step's time is left at the next one, if that is shorter."""

STILL_S = 30.0
"""Standing still for so long, beyond the time of a step, is waiting."""

SMOOTH_S = 20.0
"""Over so long what is told moves to what was measured."""

MOST_DRIFT = 0.01
LEAST_DRIFT_S = 0.5
"""By how much what is told may move in a second beyond counting down: a part of it, or so many seconds."""

TOO_LITTLE, TOO_MUCH = 1.5, 0.5
"""What is measured, in parts of what is told, where that is wrong and moves more quickly."""

PUT_RIGHT_S = 8.0
"""Over so long what is told and wrong moves to what was measured."""

STEPS_S = ((600, 60), (60, 5))
"""From so many seconds on, the time is told in steps of so many: seconds that change by more than one would jump."""


@dataclass(frozen=True, kw_only=True)
class TimeLeft:
    """How long a piece of work may still take.

    Its pace is counted from `begun_s`, when `begun_at` of it was done, once it has `moved`; at `now_s` it was at
    `fraction`, since `since_s`. `left_s` is the time left that is told, None while none is. `work` was done in
    `work_s`, what is older counting less; `step_s` is how long it stands still between two steps.
    """

    begun_s: float
    begun_at: float
    now_s: float
    fraction: float
    left_s: float | None = None
    moved: bool = False
    since_s: float = 0.0
    step_s: float = 0.0
    work: float = 0.0
    work_s: float = 0.0

    @property
    def text(self) -> str:
        """The time left as it is shown, empty while none is told."""
        if self.left_s is None:
            return ""
        if self.left_s >= LONGEST_S:
            return "more than a day"
        step_s = next((step for least, step in STEPS_S if self.left_s >= least), 1)
        return duration(max(1, round(self.left_s / step_s)) * step_s)


@dataclass(frozen=True, kw_only=True)
class JobTimeLeft:
    """That of a job, and that of the phase that runs."""

    job: TimeLeft
    phase: PhaseName | None
    step: TimeLeft

    @property
    def text(self) -> str:
        """Both as they are shown, such as `12:00 left · 3:20 left in this step`, and once where they are the same.

        The upload tells its own time in its own row.
        """
        told = self.phase not in (None, PhaseName.UPLOAD) and self.step.text != self.job.text
        step = self.step.text if told else ""
        parts = (f"{self.job.text} left" if self.job.text else "", f"{step} left in this step" if step else "")
        return " · ".join(text for text in parts if text)


def begun(fraction: float, now_s: float) -> TimeLeft:
    """Return the time left of work of which so much is done, and whose pace is not known yet."""
    return TimeLeft(begun_s=now_s, begun_at=fraction, now_s=now_s, fraction=fraction, since_s=now_s)


def moved(before: TimeLeft, fraction: float, now_s: float) -> TimeLeft:
    """Return the time left when it is `now_s` and so much is done."""
    passed_s = now_s - before.now_s
    if fraction - before.fraction > LEAP or fraction < before.fraction:
        return replace(begun(fraction, now_s), left_s=_counted(before.left_s, passed_s))
    left = replace(_measured(before, fraction, now_s), now_s=now_s, fraction=fraction)
    if now_s - left.since_s - left.step_s > STILL_S:
        return replace(left, left_s=None)
    measured_s = _left_s(left)
    told_s = measured_s if before.left_s is None else _drifted(before.left_s, measured_s, passed_s)
    return replace(left, left_s=told_s)


def _measured(before: TimeLeft, fraction: float, now_s: float) -> TimeLeft:
    """Return the pace with a step that may have been made."""
    if fraction == before.fraction:
        return before
    took_s = now_s - before.since_s
    step = replace(before, since_s=now_s, step_s=max(took_s, before.step_s * STEP_FADES))
    if not before.moved and before.now_s > before.since_s:  # it stood still at first: nobody knows since when it works
        return replace(step, moved=True, begun_s=now_s, begun_at=fraction, step_s=0.0)
    if took_s - before.step_s > STILL_S:
        return step
    left_s = (1 - fraction) * before.work_s / before.work if before.work else 0.0
    least_s, most_s = MEMORY_S
    memory_s = max(least_s, min(most_s, MEMORY_PART * left_s), MEMORY_STEPS * step.step_s)
    fades = math.exp(-took_s / memory_s)
    work, work_s = before.work * fades + fraction - before.fraction, before.work_s * fades + took_s
    return replace(step, moved=True, work=work, work_s=work_s)


def _left_s(left: TimeLeft) -> float | None:
    """Return the time left by the pace that was measured, None while that says too little."""
    if not left.work or left.now_s - left.begun_s < FIRST_S or left.fraction - left.begun_at < FIRST_FRACTION:
        return None
    still_s = left.now_s - left.since_s
    waited_s = max(0.0, still_s - left.step_s)
    step_s = still_s - waited_s  # what of the present one is over
    return max(0.0, (1 - left.fraction) * (left.work_s + waited_s) / left.work - step_s)


def _counted(told_s: float | None, passed_s: float) -> float | None:
    return None if told_s is None else max(0.0, told_s - passed_s)


def _drifted(told_s: float, measured_s: float | None, passed_s: float) -> float:
    counted_s = max(0.0, told_s - passed_s)
    if measured_s is None:
        return counted_s
    away_s = measured_s - counted_s
    if not TOO_MUCH * counted_s <= measured_s <= TOO_LITTLE * counted_s:
        return counted_s + away_s * (1 - math.exp(-passed_s / PUT_RIGHT_S))
    drift_s = away_s * (1 - math.exp(-passed_s / SMOOTH_S))
    most_s = max(LEAST_DRIFT_S, MOST_DRIFT * counted_s) * passed_s
    return max(0.0, counted_s + min(most_s, max(-most_s, drift_s)))
