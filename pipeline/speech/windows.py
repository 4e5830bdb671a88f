"""Which part of the audio Whisper transcribes next. Pure; knows nothing of samples.

Whisper transcribes half a minute at once. A window for each stretch of speech would lose words at its edges, and each
window costs a pass of the encoder, so pauses stay in; a window that is cut within a word loses that word. So:

1. A window begins shortly before the next speech; what nobody speaks in is left out if it lies between two windows.
2. It ends in the first long pause, or where the speech ends.
3. Where speech goes on at its greatest length, it ends in the last pause of its last two thirds.
4. Where there is none either, it has its greatest length. Whisper then leaves a sentence that is cut off to the next
   window, which begins where the last whole sentence ends.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.speech.stretch import Stretch

MARGIN_S = 0.5
"""What a window has before and after the speech: the detector cuts soft beginnings and ends."""
LONG_PAUSE_S = 8.0
"""A pause longer than this ends a window: Whisper imagines words in long silences."""
PAUSE_S = 0.3
"""A pause from this on is between words, not within one."""
LAST_PART = 2 / 3
"""Where in a window a pause is looked for to end it, as a part of its greatest length."""
EDGE_S = 0.05
"""Speech that ends so shortly after a window has begun was transcribed with the one before."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """A part of the audio, in its seconds; `whole` means that it ends in a pause or with the audio."""

    start_s: float
    end_s: float
    whole: bool


def next_window(
    stretches: Sequence[Stretch], position_s: float, *, longest_s: float, end_s: float, ended: bool
) -> Window | None:
    """Return the window after a moment, None where nobody speaks in what is known of the audio.

    Args:
        stretches: of speech, in order.
        position_s: up to where the audio has been transcribed.
        longest_s: the greatest length of a window.
        end_s: up to where the stretches are known: further than the greatest length and a long pause after the begin
            of the window, or the end of the audio.
        ended: whether that is the end of the audio.
    """
    ahead = [stretch for stretch in stretches if stretch.end_s > position_s + EDGE_S]
    if not ahead:
        return None
    start_s = max(position_s, ahead[0].start_s - MARGIN_S)
    limit_s = min(start_s + longest_s, end_s)
    cut_s = None
    for before, after in pairwise((*ahead, Stretch(start_s=math.inf, end_s=math.inf))):
        pause_s = after.start_s - before.end_s
        if before.end_s >= limit_s:
            break
        middle_s = before.end_s + min(MARGIN_S, pause_s / 2)
        if pause_s > LONG_PAUSE_S or (pause_s >= PAUSE_S and after.start_s >= limit_s):
            return Window(start_s=start_s, end_s=min(limit_s, middle_s), whole=True)
        if pause_s >= PAUSE_S and before.end_s > start_s + (1 - LAST_PART) * longest_s:
            cut_s = middle_s
    if limit_s >= end_s and ended:
        return Window(start_s=start_s, end_s=limit_s, whole=True)
    if cut_s is not None:
        return Window(start_s=start_s, end_s=cut_s, whole=True)
    return Window(start_s=start_s, end_s=limit_s, whole=False)
