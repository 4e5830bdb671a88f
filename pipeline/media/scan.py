"""Reads through a source without decoding it: when each frame is shown, where decoding can begin, where each stream ends."""

from __future__ import annotations

import bisect
import itertools
import statistics
from array import array
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from pipeline.cancel import CancelToken
from pipeline.errors import SourceError
from pipeline.model import MediaInfo

CLOCK_HZ = 90_000
"""Ticks a second of every time here: MPEG-2 transport stream's clock (ISO/IEC 13818-1), which the encode uses too."""

JUMP_TICKS = 5 * CLOCK_HZ
"""Frames come in the order of their decoding: no codec shows one so much earlier than another that came before it."""

CHECK_EVERY = 500
"""After how many packets the cancel flag is looked at and progress is told."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a whole source holds. Times are ticks of 90 kHz from the file's first moment.

    `frames` are the times at which the picture's frames are shown, sorted; `keyframes` those at which decoding can begin,
    also with a frame that an edit list hides: it is decoded and never shown. `hidden` says that there are such frames.
    `picture_end` and `sound_ends` (by the stream's index) are where the streams end.
    `orderly` says that every packet had a time and was whole, so that the file can be entered in the middle; `jumps` that
    the picture's times begin anew somewhere, as in files that were put together byte by byte.
    """

    frames: array[int]
    keyframes: array[int]
    picture_end: int
    sound_ends: dict[int, int]
    orderly: bool
    jumps: bool = False
    hidden: bool = False

    @property
    def end(self) -> int:
        """Where the last stream ends."""
        return max((self.picture_end, *self.sound_ends.values()))

    @property
    def usual_gap(self) -> int:
        """The usual time from one frame to the next, 1/25 s where there are not two."""
        gaps = [b - a for a, b in itertools.pairwise(self.frames) if b > a]
        return round(statistics.median(gaps)) if gaps else CLOCK_HZ // 25

    @property
    def shortest_gap(self) -> int:
        """The shortest time from one frame to the next, 1/25 s where there are not two."""
        return min((b - a for a, b in itertools.pairwise(self.frames) if b > a), default=CLOCK_HZ // 25)

    def count(self, start: int, end: int | None) -> int:
        """Return how many frames are shown from `start` until before `end`."""
        last = len(self.frames) if end is None else bisect.bisect_left(self.frames, end)
        return last - bisect.bisect_left(self.frames, start)


def scan(media: MediaInfo, cancel: CancelToken, on_progress: Callable[[float], None] = lambda _: None) -> Scan:
    """Read through the picture and all sound tracks. `on_progress` gets a fraction of the file.

    A file that breaks off is read as far as it goes. Raises SourceError when it can't be opened, Cancelled.
    """
    import av
    import av.error

    found = _Found(media)
    try:
        with av.open(str(media.path.absolute()), metadata_errors="replace") as container:
            wanted = [s.index for s in media.audio] + ([media.video.index] if media.video else [])
            packets = container.demux([container.streams[i] for i in wanted])
            for number, packet in enumerate(_readable(packets, found)):
                if number % CHECK_EVERY == 0:
                    cancel.check()
                    on_progress(min(1.0, max(0, packet.pos or 0) / max(1, media.size_bytes)))
                found.take(packet)
    except (av.error.FFmpegError, OSError) as error:
        raise SourceError(f"{media.path} can't be read: the file is broken or was moved.") from error
    return found.result()


class _Found:
    """What was found so far."""

    def __init__(self, media: MediaInfo) -> None:
        self.orderly = True
        self._jumps = False
        self._hidden = False
        self._latest = 0
        self._picture = None if media.video is None else media.video.index
        self._origin = round(media.start_s * CLOCK_HZ)
        self._frames: array[int] = array("q")
        self._keyframes: array[int] = array("q")
        self._picture_end = 0
        self._sound_ends = {stream.index: 0 for stream in media.audio}

    def take(self, packet: Any) -> None:  # noqa: ANN401  # PyAV's packet
        if packet.size == 0:  # the end of the stream
            return
        self.orderly = self.orderly and not packet.is_corrupt
        is_picture = packet.stream.index == self._picture
        if packet.is_discard and not is_picture:
            return
        if packet.pts is None:
            self.orderly = self.orderly and not is_picture
            if packet.dts is None:
                return
        base = packet.time_base
        scale = base.numerator * CLOCK_HZ
        time = packet.pts if packet.pts is not None else packet.dts
        begin = (time * scale + base.denominator // 2) // base.denominator - self._origin
        end = begin + (packet.duration or 0) * scale // base.denominator
        if not is_picture:
            self._sound_ends[packet.stream.index] = max(self._sound_ends[packet.stream.index], end)
            return
        if packet.is_keyframe:
            self._keyframes.append(begin)
        elif not self._keyframes:  # a recording that begins between keyframes: nothing can be decoded yet
            return
        if packet.is_discard:
            self._hidden = True
            return
        self._jumps = self._jumps or begin < self._latest - JUMP_TICKS
        self._latest = max(self._latest, begin)
        self._frames.append(begin)
        self._picture_end = max(self._picture_end, end)

    def result(self) -> Scan:
        frames = array("q", sorted(self._frames))
        made = Scan(
            frames=frames,
            keyframes=array("q", sorted(self._keyframes)),
            picture_end=self._picture_end,
            sound_ends=self._sound_ends,
            orderly=self.orderly and len(set(frames)) == len(frames),
            jumps=self._jumps,
            hidden=self._hidden,
        )
        if not frames:
            return made
        # a last frame without a duration of its own stands as long as the others
        end = self._picture_end if self._picture_end > frames[-1] else frames[-1] + made.usual_gap
        return replace(made, picture_end=end)


def _readable(packets: Any, found: _Found) -> Any:  # noqa: ANN401  # PyAV's iterators
    """Yield packets until the file ends or can't be read any further."""
    import av.error

    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.error.FFmpegError, OSError):
            found.orderly = False
            return
        yield packet
