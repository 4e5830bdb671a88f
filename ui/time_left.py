"""How long work may still take, from how far it was and is. Pure: whoever asks says what time it is."""

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

SMOOTH_S = 20.0
"""Over so long what is told moves to what was measured."""

MOST_DRIFT = 0.01
LEAST_DRIFT_S = 0.5
"""By how much what is told may move in a second beyond counting down: a part of it, or so many seconds."""

STEPS_S = ((600, 60), (60, 5))
"""From so many seconds on, the time is told in steps of so many: seconds that change by more than one would jump."""


@dataclass(frozen=True, kw_only=True)
class TimeLeft:
    """How long a piece of work may still take.

    Its pace is counted from `begun_s`, when `begun_at` of it was done; at `now_s` it was at `fraction`. `left_s` is the
    time left that is told, None while none is.
    """

    begun_s: float
    begun_at: float
    now_s: float
    fraction: float
    left_s: float | None = None

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
    return TimeLeft(begun_s=now_s, begun_at=fraction, now_s=now_s, fraction=fraction)


def moved(before: TimeLeft, fraction: float, now_s: float) -> TimeLeft:
    """Return the time left when it is `now_s` and so much is done.

    It counts down, and drifts to what the pace since its beginning says, never by much at once.
    """
    anew = fraction - before.fraction > LEAP or fraction < before.fraction or fraction == before.begun_at
    begun_s, begun_at = (now_s, fraction) if anew else (before.begun_s, before.begun_at)
    measured_s = None
    if now_s - begun_s >= FIRST_S and fraction - begun_at >= FIRST_FRACTION:
        measured_s = (now_s - begun_s) * (1 - fraction) / (fraction - begun_at)
    left_s = measured_s
    if before.left_s is not None:
        left_s = _drifted(before.left_s, measured_s, now_s - before.now_s)
    return replace(before, begun_s=begun_s, begun_at=begun_at, now_s=now_s, fraction=fraction, left_s=left_s)


def _drifted(told_s: float, measured_s: float | None, passed_s: float) -> float:
    counted_s = max(0.0, told_s - passed_s)
    if measured_s is None:
        return counted_s
    drift_s = (measured_s - counted_s) * (1 - math.exp(-passed_s / SMOOTH_S))
    most_s = max(LEAST_DRIFT_S, MOST_DRIFT * counted_s) * passed_s
    return max(0.0, counted_s + min(most_s, max(-most_s, drift_s)))
