"""What a whole source holds: when frames are shown, where decoding can begin and streams end. Reads no file."""

from __future__ import annotations

import bisect
from array import array
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CLOCK_HZ = 90_000
"""Ticks a second of every time here: MPEG-2 transport stream's clock (ISO/IEC 13818-1), which the encode uses too."""

PEAK_S = 2
"""Length of the busiest stretch in seconds: a keyframe's slot, which has to hold its burst."""

EARLY_TICKS = 44
"""A frame may come this many ticks before its time and still belongs to it: containers round times."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a whole source holds. Times are ticks of 90 kHz from the file's first moment.

    `frames` are the times at which the video's frames are shown, sorted; `keyframes` those at which decoding can
    begin, also with a frame that an edit list hides: it is decoded and never shown. `hidden` says that there are such
    frames. `video_end` and `audio_ends` (by the stream's index) are where the streams end. `video_bytes` is how
    many bytes the frames of each second have. `orderly` says that every packet had a time and was whole, so that the
    file can be entered in the middle; `jumps` that the video's times begin anew somewhere, as in files that were put
    together byte by byte. `other_videos` are begin and end of each track with a video that is not the source's;
    `blank` those of the longest stretch that has neither video nor audio, None where there is none or no audio at
    all. `entry` is when the first frame of a part of a source would be shown in the whole, which may be before the part
    begins; None where the video is shown from its beginning. `captions` says that some frame holds data of closed
    captions.

    Ten hours have a million frames: times are kept in arrays, and what is asked of all of them is left to numpy.
    """

    frames: array[int]
    keyframes: array[int]
    video_end: int
    audio_ends: dict[int, int]
    orderly: bool
    jumps: bool = False
    hidden: bool = False
    other_videos: tuple[tuple[int, int], ...] = ()
    blank: tuple[int, int] | None = None
    entry: int | None = None
    video_bytes: array[int] = field(default_factory=lambda: array("q"))
    captions: bool = False

    @property
    def bit_rate(self) -> float:
        """The video's mean rate in bits a second."""
        return sum(self.video_bytes) * 8 * CLOCK_HZ / max(1, self.video_end)

    @property
    def peak_bit_rate(self) -> float:
        """The video's rate in bits a second over its busiest stretch of PEAK_S; of all, where it is no longer."""
        stretches = zip(*(self.video_bytes[first:] for first in range(PEAK_S)), strict=False)
        return max((sum(stretch) * 8 / PEAK_S for stretch in stretches), default=self.bit_rate)

    @property
    def end(self) -> int:
        """Where the last stream ends."""
        return max((self.video_end, *self.audio_ends.values()))

    @cached_property
    def usual_gap(self) -> int:
        """The usual time from one frame to the next, 1/25 s where there are not two."""
        import numpy as np

        apart = gaps(self.frames)
        apart = apart[apart > 0]
        return round(float(np.median(apart))) if len(apart) else CLOCK_HZ // 25

    @cached_property
    def shortest_gap(self) -> int:
        """The shortest time from one frame to the next, 1/25 s where there are not two."""
        apart = gaps(self.frames)
        apart = apart[apart > 0]
        return int(apart.min()) if len(apart) else CLOCK_HZ // 25

    def count(self, start: int, end: int | None) -> int:
        """Return how many frames are shown from `start` until before `end`."""
        last = len(self.frames) if end is None else bisect.bisect_left(self.frames, end)
        return last - bisect.bisect_left(self.frames, start)


def gaps(times: array[int]) -> NDArray[np.int64]:
    """Return how far each of these times, in their order, is from the one before:
    an int64 fewer than there are times.
    """
    import numpy as np

    every = np.frombuffer(times, np.int64) if times else np.empty(0, np.int64)
    return every[1:] - every[:-1]
