"""What the waveform of a segment shows. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from transcripts.rows import Id

MARGIN_S = 0.5
"""How much is shown before and after the segment."""
COLUMNS = 600


@dataclass(frozen=True, kw_only=True)
class WaveView:
    """What is shown of a segment: peaks from `begin_s` to `end_s`, none of them as long as they are read.

    `start_s` and `stop_s` are the segment's own limits, `head_s` is when the word at the cursor begins. `note` stands
    in place of the peaks.
    """

    segment_id: Id
    begin_s: float
    end_s: float
    start_s: float
    stop_s: float
    head_s: float | None = None
    peaks: Sequence[tuple[float, float]] = ()
    note: str = ""

    def x(self, time_s: float, width: int) -> float:
        """Return where a time is on a canvas of a width."""
        return (time_s - self.begin_s) / max(self.end_s - self.begin_s, 0.001) * width


def outline(peaks: Sequence[tuple[float, float]], width: int, height: int) -> list[float]:
    """Return the points of the area between lowest and highest samples, x and y by turns; loud enough to be seen."""
    loudest = max((max(-low, high) for low, high in peaks), default=0.0)
    if loudest <= 0:
        return []
    scale, middle, step = (height / 2 - 1) / loudest, height / 2, width / len(peaks)
    upper = [one for at, (_, high) in enumerate(peaks) for one in (at * step, middle - high * scale)]
    lower = [one for at, (low, _) in reversed(list(enumerate(peaks))) for one in (at * step, middle - low * scale + 1)]
    return upper + lower
